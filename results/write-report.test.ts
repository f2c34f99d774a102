/** A report is made from the raw files, and from nothing else. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { writeReport } from './index.ts';
import { report } from './test-report.ts';
import { reportFiles } from './write-report.ts';

test('a rebuild writes the same bytes, from the raw files alone', async () => {
  const { dir } = await report({});
  const files = ['summary.json', 'figure.svg', 'figure.png', 'distribution.vl.json', 'report.html'];
  expect(reportFiles).toEqual(expect.arrayContaining(files));
  const read = (): Promise<Buffer[]> => Promise.all(files.map((file) => readFile(join(dir, file))));
  const before = await read();
  await writeReport(dir, { reference: true });
  expect(await read()).toEqual(before);
});

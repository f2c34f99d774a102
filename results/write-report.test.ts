/** A report is made from the raw files, and from nothing else. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { writeReport } from './index.ts';
import { report } from './test-report.ts';
import { reportFiles } from './write-report.ts';

test('a rebuild writes the same bytes, from the raw files alone, and nothing of what the run does not have', async () => {
  const { run, words } = await report({});
  const { dir } = run;
  await writeReport(dir, { reference: true });
  const files = [
    'summary.json',
    'figure.svg',
    'figure.png',
    'distribution.vl.json',
    'figure.txt',
    'report.html',
  ];
  expect(reportFiles).toEqual(expect.arrayContaining(files));
  const read = (): Promise<Buffer[]> => Promise.all(files.map((file) => readFile(join(dir, file))));
  const before = await read();
  expect(before[4].toString()).toBe(`${words.join('\n\n')}\n`);
  await writeReport(dir, { reference: true });
  expect(await read()).toEqual(before);
  expect((await readdir(dir)).filter((file) => /^(distance|states)\./.test(file))).toEqual([]);
});

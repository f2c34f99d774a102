/** `bypassbench report` as its user calls it. */
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { expect, test } from 'vitest';
import { command } from '../results/commands/report.ts';
import { manifest, run, trialFolder, writeRun } from '../results/test-synthetic-run.ts';
import { answer } from './answer.ts';
import { help, refusal } from './refusal.ts';

const bypassbench = fileURLToPath(new URL('../bin/bypassbench', import.meta.url));

test('rebuilds an unfinished run, prints the table and the files written', async () => {
  const dir = await writeRun(run({ manifest: manifest({ finished_at: null }) }));
  const { exitCode, stdout, stderr } = await execa(bypassbench, ['report', dir], { env: { COLUMNS: '' } });
  expect(stderr).toBe('');
  expect(exitCode).toBe(0);
  expect(stdout).toContain('Redis SET and GET latency (unfinished run)');
  expect(stdout).toMatch(/kv-kernel +GET/);
  expect(stdout).toContain('published');
  expect(stdout).not.toContain(String.fromCharCode(27));
  const charts = ['distribution', 'figure'].flatMap((name) => [
    `${name}.png`,
    `${name}.svg`,
    `${name}.vl.json`,
  ]);
  const written = [...charts, 'figure.txt', 'report.html', 'summary.json'];
  for (const file of written) expect(stdout).toContain(join(dir, file));
  expect((await readdir(dir)).sort()).toEqual([...written, 'manifest.json', 'trials'].sort());
});

test('--no-reference leaves the published values out', async () => {
  const { stdout } = await answer(command(), '--no-reference', await writeRun(run()));
  expect(stdout).not.toContain('published');
});

test('an error is one line that names the file and the remedy', async () => {
  const dir = await writeRun(run());
  const histogram = join(dir, trialFolder('redis', 1, 1), 'get-c1', 'get.hdr');
  await rm(histogram);
  expect(await refusal(command(), dir)).toBe(
    `bypassbench: ${histogram} is missing; remove the folder ${join(dir, trialFolder('redis', 1, 1))} to report without this trial\n`,
  );
});

test('--help says what it reads and writes', async () => {
  const said = await help(command());
  for (const word of ['manifest.json', 'trials/', 'report.html', '--no-reference'])
    expect(said).toContain(word);
});

/** What docs/add-a-system.md says, done in a fresh folder outside of this project. */
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, expect, it } from 'vitest';
import { availableCores } from '../experiments/machine/machine.ts';
import { manifestFormat, summaryFormat } from '../results/formats/index.ts';
import { bypassbench } from './example-servers.ts';
import { writeTutorial } from './tutorials.ts';

const run = promisify(execFile);
// With a blank in its path, as folders of people have.
const folder = mkdtempSync(join(tmpdir(), 'bypassbench add-a-system-'));
const cores = availableCores();
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it('the server in Python stands as two bars in a figure', async () => {
  writeTutorial('add-a-system.md', folder);
  const out = join(folder, 'run');
  const short = [
    ...['trials=1', 'workload.duration_s=0.3', 'workload.keys=300', 'workload.margin_s=100'],
    ...['distance.extend_s=0', 'systems.python.floor=[]', `systems.python.server_cores=[${cores[0]}]`],
    ...[`systems.python.client.core=${cores.at(-1)}`, 'systems.python.share_cores=true'],
  ].flatMap((one) => ['--set', one]);
  const words = ['run', 'python.yaml', '--only', 'python', '--out', out, ...short];
  // 1: a point is invalid, since this machine does other work.
  await run(bypassbench, words, { cwd: folder }).catch((error) => {
    if (error.code !== 1) throw error;
  });
  const { points } = summaryFormat.read(readFileSync(join(out, 'summary.json'), 'utf8'));
  expect(points.map(({ system, operation }) => [system, operation])).toEqual([
    ['python', 'set'],
    ['python', 'get'],
  ]);
  const manifest = manifestFormat.read(readFileSync(join(out, 'manifest.json'), 'utf8'));
  expect(JSON.stringify(manifest)).toMatch(/Python 3\.\d+/);
  expect(readFileSync(join(out, 'figure.svg'), 'utf8')).toContain('thirty lines of Python');
});

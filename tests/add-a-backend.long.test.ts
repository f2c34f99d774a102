/** What docs/add-a-backend.md says, done in a fresh folder outside of this project. */
import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { availableCores } from '../experiments/machine/machine.ts';
import { manifestFormat, stagesFormat, summaryFormat } from '../results/formats/index.ts';
import { ExampleServers } from './example-servers.ts';
import { installInto, linkPackages, packAndInstall } from './installed.ts';
import { writeTutorial } from './tutorials.ts';

const run = promisify(execFile);
const project = mkdtempSync(join(tmpdir(), 'bypassbench-add-a-backend-'));
const bypassbench = join(project, 'node_modules/.bin/bypassbench');
const ofModule = ['--backend-module', './index.ts'];
const cores = availableCores();
const servers = new ExampleServers();

beforeAll(async () => {
  writeTutorial('add-a-backend.md', project);
  await installInto(project);
});
afterAll(async () => {
  await servers.end();
  rmSync(project, { recursive: true, force: true });
});

const inProject = (program: string, ...words: string[]) =>
  run(program, words, { cwd: project, maxBuffer: 64 * 1024 * 1024 });

it('is not usable before its part in C is built, and says what to do', async () => {
  const { stdout } = await inProject(bypassbench, 'doctor', ...ofModule, '--json');
  expect(JSON.parse(stdout).at(-1)).toMatchObject({
    what: 'Unix sockets',
    works: false,
    found: expect.stringContaining('npm run build'),
  });
});

it('npm test builds it, runs its own test, and the conformance suite in one process and in two', async () => {
  const { stdout } = await inProject('npm', 'test');
  expect(stdout).toMatch(/pass 3\n/);
  expect(stdout).toContain('Unix sockets: both sides in one process\n');
  expect(stdout).toContain('Unix sockets: each side in a process of its own\n');
  expect(stdout).toMatch(/\n[1-9]\d\d passed, 0 failed, \d+ skipped\n$/);
});

it('doctor tries it, and lists its options', async () => {
  const { stdout } = await inProject(bypassbench, 'doctor', ...ofModule, '--json');
  expect(JSON.parse(stdout).at(-1)).toMatchObject({ what: 'Unix sockets', works: true });
  const { stdout: options } = await inProject(bypassbench, 'doctor', ...ofModule, '--options', '--json');
  expect(Object.keys(JSON.parse(options).unix)).toEqual(['network']);
});

it('server and load find each other over it, and values come back right', async () => {
  const module = ['--backend-module', join(project, 'index.ts')];
  const serve = ['serve', '--frontend', 'libos', '--port', '0', '--idle', 'sleep', ...module];
  const { port } = await servers.start(bypassbench, serve);
  const load = ['load', ...ofModule, '--target', `127.0.0.1:${port}`, '--populate', '--idle', 'sleep'];
  await inProject(bypassbench, ...load, '--keys', '100', '--requests', '2000', '--connections', '3');
  expect(await servers.end()).toEqual([0]);
});

it('stands as a bar in a figure', async () => {
  const out = join(project, 'run');
  const short = [
    ...[
      'trials=1',
      'workload.duration_s=0.3',
      'workload.keys=500',
      'workload.margin_s=100',
      'distance.extend_s=0',
    ],
    ...[
      'stages.every=1',
      'stages.duration_s=0.3',
      'calibration.duration_s=0.1',
      `systems.kv-unix.server_cores=[${cores[0]}]`,
    ],
    ...[`systems.kv-unix.client.core=${cores.at(-1)}`, 'systems.kv-unix.share_cores=true'],
  ].flatMap((one) => ['--set', one]);
  const words = ['run', 'figure.yaml', '--only', 'kv-unix', '--out', out, ...short];
  // 1: a point is invalid, since this machine does other work.
  await inProject(bypassbench, ...words).catch((error) => {
    if (error.code !== 1) throw error;
  });
  const summary = summaryFormat.read(readFileSync(join(out, 'summary.json'), 'utf8'));
  expect(summary.points.map(({ system }) => system)).toEqual(['kv-unix']);
  const { backends } = manifestFormat.read(readFileSync(join(out, 'manifest.json'), 'utf8'));
  expect(backends).toMatchObject([
    {
      name: 'unix',
      title: 'Unix sockets',
      module: { package: 'bypassbench-unix', version: '1.0.0', files: 4 },
    },
  ]);
  expect(readFileSync(join(out, 'figure.svg'), 'utf8')).toContain('our backend');
  const [trial] = readdirSync(join(out, 'trials'));
  const packed = readFileSync(join(out, 'trials', trial, 'get-c1', 'stamped', 'stages.json.gz'));
  expect(stagesFormat.read(gunzipSync(packed).toString('utf8')).joined).toBeGreaterThan(0);
});

it('is built to JavaScript, packed, installed elsewhere, and found by its name', async () => {
  const other = join(project, 'other');
  const folder = join(other, 'node_modules', 'bypassbench-unix');
  linkPackages(project, 'typescript', '@types/node', 'undici-types');
  await packAndInstall(project, folder);
  await run('npm', ['run', 'install'], { cwd: folder });
  writeFileSync(join(other, 'package.json'), '{}');
  const words = ['doctor', '--backend-module', 'bypassbench-unix', '--json'];
  const { stdout } = await run(bypassbench, words, { cwd: other });
  expect(JSON.parse(stdout).at(-1)).toMatchObject({ what: 'Unix sockets', works: true });
});

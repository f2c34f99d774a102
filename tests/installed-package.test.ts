/** What `npm pack` makes, installed into another project: its command runs, and its door for backends has types. */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { installInto, linkPackages } from './installed.ts';
import { writeOutsideBackend } from './outside-backend.ts';
import { root } from './source-tree.ts';

const run = promisify(execFile);
const project = mkdtempSync(join(tmpdir(), 'bypassbench-installed-'));
let installed: string;

beforeAll(async () => {
  installed = await installInto(project);
  writeFileSync(join(project, 'package.json'), '{ "type": "module" }');
});

afterAll(() => rmSync(project, { recursive: true, force: true }));

it('its command runs from there, over a backend of that project', async () => {
  writeOutsideBackend(join(project, 'pipes'));
  const doctor = ['doctor', '--backend-module', './pipes/index.js', '--json'];
  const { stdout, stderr } = await run(join(installed, 'bin', 'bypassbench'), doctor, { cwd: project });
  expect(JSON.parse(stdout).at(-1)).toMatchObject({ what: 'Unix sockets', works: true });
  expect(stderr).toBe('');
});

it('its conformance suite runs from there, on that backend', async () => {
  const conform = [
    'conform',
    '--backend-module',
    './pipes/index.js',
    '--only',
    'waits for tokens|consumes a token',
  ];
  const { stdout, stderr } = await run(join(installed, 'bin', 'bypassbench'), conform, { cwd: project });
  expect(stdout).toMatch(/\n4 passed, 0 failed, 0 skipped\n$/);
  expect(stderr).toBe('');
});

it('its door for backends runs in a program of that project', async () => {
  const program =
    "import { BACKEND_API_VERSION, Queue } from 'bypassbench/backend-api';" +
    "console.log(BACKEND_API_VERSION, new Queue('stream').qd);";
  writeFileSync(join(project, 'program.js'), program);
  const node = ['--import', 'bypassbench/strip-types', 'program.js'];
  expect((await run(process.execPath, node, { cwd: project })).stdout).toBe('1 -1\n');
});

it('its door for backends has types', async () => {
  // Whoever has types has those of Node.
  linkPackages(project, '@types/node', 'undici-types');
  const text = `
import { type BackendDescriptor, Queue, QueueState } from 'bypassbench/backend-api';
new Queue('stream').state = QueueState.Bound;
export const version: BackendDescriptor['apiVersion'] = 1;
// @ts-expect-error it is a number
export const wrong: BackendDescriptor['apiVersion'] = '1';
`;
  writeFileSync(join(project, 'typed.ts'), text);
  const tsc = join(root, 'node_modules', '.bin', 'tsc');
  const options = ['--noEmit', '--module', 'nodenext', '--target', 'es2024', '--strict', '--types', 'node'];
  await run(tsc, [...options, '--skipLibCheck', 'typed.ts'], { cwd: project });
});

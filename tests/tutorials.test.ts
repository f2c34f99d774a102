/** The pages that build something step by step: their code is that of the files, and the main of it works. */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, describe, expect, it } from 'vitest';
import { readConfig } from '../experiments/config/config.ts';
import { bypassbench } from './example-servers.ts';
import { filesBelow, read } from './source-tree.ts';
import { filesOfTutorial, writeTutorial } from './tutorials.ts';

const run = promisify(execFile);
const TEMPLATE = 'examples/backend-template';
const folder = mkdtempSync(join(tmpdir(), 'bypassbench-tutorials-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('docs/add-a-backend.md', () => {
  it('has the files of the template, byte for byte', () => {
    const inPage = filesOfTutorial('add-a-backend.md');
    const inTemplate = filesBelow(TEMPLATE, /\.\w+$/).map((file) => file.slice(TEMPLATE.length + 1));
    expect([...inPage.keys()].sort()).toEqual(inTemplate.sort());
    for (const [name, text] of inPage) expect([name, text]).toEqual([name, read(`${TEMPLATE}/${name}`)]);
  });
});

describe('the template of a backend', () => {
  it('conforms, in what connects, ends and closes; all of the suite is in the long test', async () => {
    const copy = join(folder, 'template');
    writeTutorial('add-a-backend.md', copy);
    await run('npm', ['run', 'build'], { cwd: copy });
    const only = '^(connect and accept|ends of connections|close behind pushes): ';
    const words = ['conform', '--backend-module', join(copy, 'index.ts'), '--only', only];
    const { stdout } = await run(bypassbench, words);
    expect(stdout).toMatch(/\n[3-9]\d passed, 0 failed, 0 skipped\n$/);
  });
});

describe('docs/add-a-system.md', () => {
  it('has a server beside its experiment, which is valid', async () => {
    writeTutorial('add-a-system.md', folder);
    const { config } = await readConfig(join(folder, 'python.yaml'), [0, 1]);
    const [redis, python] = config.systems;
    expect(redis.name).toBe('redis');
    expect(python.start).toEqual(['python3', join(folder, 'server.py'), '{host}', '{port}']);
    const lines = filesOfTutorial('add-a-system.md').get('server.py')!.trimEnd().split('\n');
    expect(lines.length).toBeLessThan(45);
  });
});

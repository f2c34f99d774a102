/** `bypassbench agent` with much: files that are larger than what it may hold, a process that never stops talking. */
import { mkdtempSync, openSync, readFileSync, rmSync, statSync, truncateSync, writeSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, expect, onTestFinished, test } from 'vitest';
import { connect } from '../experiments/agent/connection.ts';
import { getFile, putFile } from '../experiments/agent/file-transfer.ts';
import { root } from './source-tree.ts';

const scratch = mkdtempSync(path.join(os.tmpdir(), 'agent-test-'));
afterAll(() => rmSync(scratch, { recursive: true }));

async function connected() {
  const local = { name: 'here', launcher: 'local', ssh: null, node: null, folder: root, env: {} } as const;
  const connection = await connect(local);
  onTestFinished(() => connection.close());
  return connection;
}

const MEGABYTE = 1024 * 1024;
const FILE_BYTES = 400 * MEGABYTE;

/** The most memory that a process has had, in bytes. */
function mostMemory(pid: number): number {
  const kB = /^VmHWM:\s*(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kB) * 1024;
}

test('neither end holds a file that goes there and back', async () => {
  const connection = await connected();
  const [ours, theirs, back] = ['ours', 'theirs', 'back'].map((name) => path.join(scratch, name)) as [
    string,
    string,
    string,
  ];
  const file = openSync(ours, 'w');
  writeSync(file, 'the end', FILE_BYTES - 7);
  await putFile(connection, ours, theirs);
  await getFile(connection, theirs, back);
  const { pid } = await connection.ask('hello', {});
  for (const end of [process.pid, pid]) expect(mostMemory(end)).toBeLessThan(FILE_BYTES / 2);
  expect(statSync(back).size).toBe(FILE_BYTES);
  expect(readFileSync(back).subarray(-7).toString()).toBe('the end');
  for (const one of [ours, theirs, back]) truncateSync(one);
});

test('the log of a process that never stops talking stays small, and others are served meanwhile', async () => {
  const connection = await connected();
  const { folder } = await connection.ask('folder', { shared: false });
  const stdoutFile = path.join(folder, 'stdout');
  const chatty = await connection.start({
    argv: ['yes', 'a line of some length, so that there is much soon'],
    ...{ cores: [], cwd: folder, env: {} },
    ...{ stdoutFile, stderrFile: path.join(folder, 'stderr') },
  });
  for (let look = 0; look < 30; look++) {
    await sleep(100);
    await connection.ask('beat', {});
  }
  await chatty.stop(1000);
  // What it wrote between two looks at it may have been much; what stays is not.
  expect(statSync(stdoutFile).size).toBeLessThan(MEGABYTE);
});

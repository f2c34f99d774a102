/** `bypassbench agent` as a process, over a pipe: what it does when it is asked, and what it leaves when it ends. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, expect, onTestFinished, test } from 'vitest';
import { measureClocks } from '../experiments/agent/clocks.ts';
import { connect, type HostConnection } from '../experiments/agent/connection.ts';
import { getFile, putFile } from '../experiments/agent/file-transfer.ts';
import type { HostAccess } from '../experiments/agent/launch.ts';
import { runThere } from '../experiments/agent/run-there.ts';
import { root } from './source-tree.ts';

const local: HostAccess = { name: 'here', launcher: 'local', ssh: null, node: null, folder: root, env: {} };
const scratch = mkdtempSync(path.join(os.tmpdir(), 'agent-test-'));
afterAll(() => rmSync(scratch, { recursive: true }));

/** A process that has ended and is not yet reaped has no program any more. */
const isAlive = (pid: number | string): boolean => existsSync(`/proc/${pid}/exe`);

async function untilGone(pids: readonly (number | string)[]): Promise<void> {
  while (pids.some(isAlive)) await sleep(5);
}

async function connected(access = local): Promise<HostConnection> {
  const connection = await connect(access);
  onTestFinished(() => connection.close());
  return connection;
}

/** A script of the shell, with its output in a folder of the agent's. */
async function start(connection: HostConnection, script: string) {
  const { folder } = await connection.ask('folder', { shared: false });
  const [stdoutFile, stderrFile] = [path.join(folder, 'stdout'), path.join(folder, 'stderr')];
  const started = await connection.start({
    argv: ['sh', '-c', script],
    cores: [],
    cwd: folder,
    env: { WORD: 'a b' },
    stdoutFile,
    stderrFile,
  });
  return { started, folder, stdoutFile };
}

async function untilSaid(file: string): Promise<string> {
  for (;;) {
    const said = readFileSync(file, 'utf8');
    if (said.endsWith('\n')) return said;
    await sleep(5);
  }
}

test('it starts processes, signals them, stops them, and tells how each has ended', async () => {
  const connection = await connected();
  const soon = await start(connection, 'echo "$WORD"; exit 3');
  expect(await soon.started.ended).toBe('exited with code 3');
  expect(readFileSync(soon.stdoutFile, 'utf8')).toBe('a b\n');

  const deaf = await start(
    connection,
    `trap 'echo heard' USR1; trap '' TERM; echo ready; while :; do sleep 0.05; done`,
  );
  await untilSaid(deaf.stdoutFile);
  await deaf.started.signal('SIGUSR1');
  while (!readFileSync(deaf.stdoutFile, 'utf8').includes('heard')) await sleep(5);
  expect(await deaf.started.stop(50)).toBe(false);
  expect(await deaf.started.ended).toBe('was ended by SIGKILL');

  const ran = await runThere(connection, ['sh', '-c', 'echo out; echo err >&2'], 60_000);
  expect(ran).toEqual({ end: 'exited with code 0', stdout: 'out\n', stderr: 'err\n' });
  expect(await runThere(connection, ['sleep', '600'], 50)).toMatchObject({ end: null });
  expect(await runThere(connection, ['there-is-no-such-program'], 60_000)).toMatchObject({
    end: 'exited with code 127',
  });
});

test('it tells a process something, and knows when the process has said something', async () => {
  const connection = await connected();
  const { folder } = await connection.ask('folder', { shared: false });
  const stdoutFile = path.join(folder, 'stdout');
  const script = 'printf read; sleep 0.1; echo y; read word; echo "heard $word"; exec cat';
  const started = await connection.start({
    argv: ['sh', '-c', script],
    ...{ cores: [], cwd: folder, env: {}, takesInput: true },
    ...{ stdoutFile, stderrFile: path.join(folder, 'stderr') },
  });
  expect(await started.untilSaid('ready')).toBe(true);
  const answer = started.untilSaid('heard now');
  await started.tell('now');
  expect(await answer).toBe(true);
  const never = started.untilSaid('never');
  await started.stop(0);
  expect(await never).toBe(false);
  // After its end nobody hears anything, and that is no error.
  await started.tell('anybody');
});

test('what it refuses ends nothing else', async () => {
  const connection = await connected();
  const { started } = await start(connection, 'exec sleep 600');
  const refused = { code: 'HOST_REQUEST_REFUSED' };
  await expect(connection.ask('stop', { process: 99, grace_ms: 0 })).rejects.toMatchObject(refused);
  await expect(connection.ask('read', { file: '/none', offset: 0, bytes: 1 })).rejects.toThrow(
    /ENOENT.*\/none/,
  );
  await expect(connection.ask('set_sysctls', { values: { 'no.such': '1' } })).rejects.toMatchObject(refused);
  await expect(connection.ask('read', { file: '/dev/null', offset: -1, bytes: 1 })).rejects.toThrow(
    'read: offset',
  );
  expect(isAlive(started.pid)).toBe(true);
  await started.stop(0);
});

test('what it has started, and what it has made, ends with its connection', async () => {
  const connection = await connect(local);
  const { started, folder, stdoutFile } = await start(
    connection,
    // Of these one is in a session of its own.
    'sleep 600 & setsid sleep 600 & echo $!; wait',
  );
  const { folder: shared } = await connection.ask('folder', { shared: true });
  const [daemon = ''] = (await untilSaid(stdoutFile)).split('\n');
  const { pid } = await connection.ask('hello', {});
  expect([started.pid, daemon, pid].map(isAlive)).toEqual([true, true, true]);
  await connection.close();
  await untilGone([started.pid, daemon, pid]);
  expect(await started.ended).toBe('was lost with its host');
  expect([folder, shared].map(existsSync)).toEqual([false, false]);
  await expect(connection.ask('beat', {})).rejects.toMatchObject({ code: 'HOST_LOST' });
});

test('a killed agent leaves no process, and the next one removes its folder', async () => {
  const connection = await connected();
  const { started, folder, stdoutFile } = await start(connection, 'setsid sleep 600 & echo $!; wait');
  const [daemon = ''] = (await untilSaid(stdoutFile)).split('\n');
  const { pid } = await connection.ask('hello', {});
  process.kill(pid, 'SIGKILL');
  const why = await connection.ended;
  expect(why).toMatchObject({ code: 'HOST_LOST', message: expect.stringContaining('SIGKILL') });
  expect(await started.ended).toBe('was lost with its host');
  await untilGone([started.pid]);
  await connected();
  await untilGone([daemon]);
  expect(existsSync(folder)).toBe(false);
});

/** An agent at whose other end nobody is but this test. */
function rawAgent(): { child: ChildProcess; heard: () => string; say: (...lines: string[]) => void } {
  const child = spawn(path.join(root, 'bin/bypassbench'), ['agent'], { stdio: 'pipe' });
  onTestFinished(() => void child.kill('SIGKILL'));
  let heard = '';
  child.stdout!.on('data', (text) => {
    heard += text;
  });
  const say = (...lines: string[]): void =>
    void child.stdin!.write(lines.map((line) => `${line}\n`).join(''));
  return { child, heard: () => heard, say };
}

test('it ends when nobody speaks to it any more, though its input is open', async () => {
  const { child, heard, say } = rawAgent();
  await once(child.stdout!, 'data');
  const files = { stdout_file: '/dev/null', stderr_file: '/dev/null' };
  const asked = { argv: ['sleep', '600'], cores: [], cwd: '/', env: {}, takes_input: false, ...files };
  say(
    'nonsense',
    '{"id":1,"ask":"what","with":{}}',
    'x'.repeat(2 ** 21),
    JSON.stringify({ id: 2, ask: 'start', with: asked }),
  );
  const [code] = await once(child, 'exit');
  expect(code).toBe(1);
  const lines = heard()
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(lines.slice(0, 4)).toMatchObject([
    { event: 'greeting' },
    { to: null, refused: { code: 'LINE_NOT_JSON' } },
    { to: 1, refused: { code: 'REQUEST_UNKNOWN' } },
    { to: null, refused: { code: 'LINE_TOO_LONG' } },
  ]);
  await untilGone([lines[4].answer.pid]);
});

test('files of any size go there and back whole', async () => {
  const connection = await connected();
  for (const bytes of [0, 1, 256 * 1024, 5_000_001]) {
    const [ours, theirs, back] = ['ours', 'theirs', 'back'].map((name) => path.join(scratch, name)) as [
      string,
      string,
      string,
    ];
    writeFileSync(ours, Buffer.from(Array.from({ length: bytes }, (_, index) => (index * 31) >> 3)));
    await putFile(connection, ours, theirs);
    await getFile(connection, theirs, back);
    expect(statSync(theirs).size).toBe(bytes);
    expect(readFileSync(back).equals(readFileSync(ours))).toBe(true);
  }
  await expect(getFile(connection, '/none', path.join(scratch, 'no'))).rejects.toMatchObject({
    code: 'HOST_REQUEST_REFUSED',
  });
  expect(existsSync(path.join(scratch, 'no'))).toBe(false);
});

test('it knows its machine and its clocks', async () => {
  const connection = await connected();
  const facts = await connection.ask('examine', {
    programs: ['sh', 'no-such-program', 'bypassbench'],
    products: [],
    backends: ['kernel', 'no-such'],
    nics: { addresses: ['127.0.0.1'], interfaces: ['lo', 'no-such'], pci: [], rdma_devices: [] },
  });
  expect(facts.nics.map(({ name }) => name)).toEqual(['lo']);
  expect(facts.versions).toMatchObject({ node: process.versions.node });
  expect(facts.nics[0]?.mtu_bytes).toBeGreaterThan(0);
  expect(facts.programs).toEqual(['sh', 'bypassbench']);
  expect(facts.cores.length).toBeGreaterThan(0);
  expect(facts.interfaces.lo).toContain('127.0.0.1/8');
  const { port } = await connection.ask('port', { address: '127.0.0.1' });
  expect(port).toBeGreaterThan(1023);
  // Both ends read the same clock.
  const { realtime, monotonic } = await measureClocks(connection);
  for (const { offset_ns, bound_ns } of [realtime, monotonic]) {
    expect(Math.abs(offset_ns)).toBeLessThanOrEqual(bound_ns);
    expect(bound_ns).toBeGreaterThan(0);
  }
});

test('a host without bypassbench is told with the remedy', async () => {
  const failure = (folder: string) => connect({ ...local, folder });
  await expect(failure('/there/is/none')).rejects.toMatchObject({ code: 'HOST_NOT_SET_UP' });
  await expect(failure('/')).rejects.toMatchObject({ code: 'HOST_NOT_SET_UP' });
});

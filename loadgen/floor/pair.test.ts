import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runPair } from './pair.ts';

const never = new Promise<void>(() => {});

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pair-test-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** A pair of the shell scripts that the two sides are; `exec sleep` is how a side goes on. */
function pairOf(server: string, client: string) {
  const program = join(folder, 'program');
  writeFileSync(
    program,
    `#!/bin/sh\nside=$1\nshift\ncase $side in\nserver) ${server};;\nclient) ${client};;\nesac\n`,
  );
  chmodSync(program, 0o755);
  return { program, env: process.env, server: ['a', 1], client: (said: string) => [said.trim(), 2] };
}

const failureOf = (pair: ReturnType<typeof pairOf>): Promise<unknown> =>
  runPair(pair, never).then(
    () => Promise.reject(new Error('the pair succeeded')),
    ({ code, message }) => [code, message],
  );

describe('a pair of processes', () => {
  it('passes what the server said first to the client, gives what the client wrote, and ends the server', async () => {
    const pair = pairOf('echo $$ > "$0.pid"; echo "ready $*"; exec sleep 60', 'echo "$#: $*"; cat "$0.pid"');
    const [line, pid] = (await runPair(pair, never))!.split('\n');
    expect(line).toBe('2: ready a 1 2');
    expect(() => process.kill(Number(pid), 0)).toThrow('ESRCH');
  });

  it('fails with the server that never was ready, or with the client', async () => {
    expect(await failureOf(pairOf('echo no device >&2; exit 1', 'exit 9'))).toEqual([
      'FLOOR_FAILED',
      "the floor's server exited with code 1: no device",
    ]);
    expect(await failureOf(pairOf('echo ready; exec sleep 60', 'echo no memory >&2; exit 1'))).toEqual([
      'FLOOR_FAILED',
      "the floor's client exited with code 1: no memory",
    ]);
    const absent = { ...pairOf('', ''), program: join(folder, 'absent') };
    expect(await failureOf(absent)).toEqual([
      'FLOOR_FAILED',
      expect.stringMatching(/^the floor's server could not be started: spawn .* ENOENT$/),
    ]);
  });

  it('reports both where one took the other with it, the server first', async () => {
    const pair = pairOf(
      'echo ready; echo out of luck >&2; sleep 0.1; exit 3',
      'echo the server has closed the connection >&2; exit 1',
    );
    expect(await failureOf(pair)).toEqual([
      'FLOOR_FAILED',
      "the floor's server exited with code 3: out of luck; " +
        "the floor's client exited with code 1: the server has closed the connection",
    ]);
  });

  it.each(['a server that crashes', 'a client that crashes'])('fails with %s as it ends', async (which) => {
    const crash = 'kill -SEGV $$';
    const server = which.includes('server')
      ? `trap '${crash}' TERM; echo ready; while :; do sleep 0.05; done`
      : '';
    const pair = server === '' ? pairOf('echo ready; exec sleep 60', crash) : pairOf(server, 'echo done');
    const [code, message] = (await failureOf(pair)) as [string, string];
    expect(code).toBe('FLOOR_FAILED');
    expect(message).toContain(`${which.split(' ')[1]} was ended by SIGSEGV`);
  });

  // Longer than a test may take.
  it.each(['exec sleep 600', 'echo ready; exec sleep 600'])(
    'ends both when it is stopped, also where the server does: %s',
    async (server) => {
      const stop = new Promise<void>((resolve) => setTimeout(resolve, 100));
      expect(await runPair(pairOf(server, 'exec sleep 600'), stop)).toBeNull();
    },
  );
});

/** The load generator on a server with passwords, users and databases, and by its host's name. */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { LoadedRedis } from './loaded-redis.ts';

const bypassbench = join(import.meta.dirname, '..', 'bin', 'bypassbench');
const run = promisify(execFile);
const PASSWORD = 'open sesame';

const redis = new LoadedRedis(['--requirepass', PASSWORD], PASSWORD);
beforeAll(async () => {
  await redis.client.call('ACL', 'SETUSER', 'ann', 'on', '>of-ann', '~*', '+@all');
});
beforeEach(async () => {
  await redis.client.flushall();
});

const target = (): string[] => ['load', '--target', `localhost:${redis.port}`];
const short = '--populate --keys 50 --requests 100 --warmup-s 0 --connections 3 --idle-connections 2'.split(
  ' ',
);

function load(args: string[], environment: NodeJS.ProcessEnv = {}) {
  return run(bypassbench, [...target(), ...short, ...args], { env: { ...process.env, ...environment } });
}

/** What a load that must fail says. */
function failure(args: string[], environment: NodeJS.ProcessEnv = {}): Promise<string> {
  return load(args, environment).then(
    () => Promise.reject(new Error('the command succeeded')),
    (error) => `${error.code} ${error.stderr}`,
  );
}

/** Keys of a database. */
async function keysOf(database: number): Promise<number> {
  await redis.client.select(database);
  const keys = await redis.client.dbsize();
  await redis.client.select(0);
  return keys;
}

describe('logging in', () => {
  it.each([
    ['a password', ['--password', PASSWORD], {}],
    ['a password in the environment', [], { REDISCLI_AUTH: PASSWORD }],
    ['a user', ['--user', 'ann', '--password', 'of-ann'], { REDISCLI_AUTH: 'of nobody' }],
  ])('with %s', async (_, args, environment) => {
    const { stdout } = await load(args, environment);
    expect(stdout).toContain('get: 100 replies');
    expect(stdout).not.toContain('not samples');
    expect(await keysOf(0)).toBe(50);
  });

  it('selects a database on each connection, and writes no password', async () => {
    const out = redis.nextOut();
    await load(['--db', '3', '--password', PASSWORD, '--out', out]);
    expect([await keysOf(0), await keysOf(3)]).toEqual([0, 50]);
    for (const file of await readdir(out)) {
      expect(await readFile(join(out, file), 'latin1')).not.toContain(PASSWORD);
    }
  });

  it('names the server and what it said', async () => {
    const server = `1 bypassbench: 127.0.0.1:${redis.port} answered`;
    expect(await failure(['--password', 'wrong'])).toContain(`${server} 'WRONGPASS`);
    expect(await failure(['--password', 'wrong'])).toContain('to AUTH: see user, password');
    expect(await failure(['--password', PASSWORD, '--db', '99'])).toContain(
      `${server} 'ERR DB index is out of range' to SELECT`,
    );
    expect(await failure([])).toContain("'NOAUTH Authentication required.' to write number 1");
  });

  it('shows no password in lists of processes', async () => {
    const args = [...target(), '--password', PASSWORD, '--duration-s', '20', '--warmup-s', '0'];
    const child = spawn(bypassbench, args, { stdio: 'ignore' });
    try {
      const commandLine = (): Promise<string> => readFile(`/proc/${child.pid}/cmdline`, 'utf8');
      for (let tries = 0; tries < 400 && (await commandLine()).includes(PASSWORD); tries++) await sleep(25);
      expect(await commandLine()).toMatch(/^bypassbench load\0/);
    } finally {
      child.kill('SIGINT');
      await once(child, 'exit');
    }
  });
});

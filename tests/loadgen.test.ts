/** The load generator against a real redis-server, through its command line. */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import net from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { decodeFromCompressedBase64 } from 'hdr-histogram-js';
import { beforeEach, describe, expect, it } from 'vitest';
import { freePort } from '../experiments/index.ts';
import { command } from '../loadgen/command.ts';
import { answer } from './answer.ts';
import { LoadedRedis } from './loaded-redis.ts';
import { refusal } from './refusal.ts';

const bypassbench = join(import.meta.dirname, '..', 'bin', 'bypassbench');
const run = promisify(execFile);

const redis = new LoadedRedis();
beforeEach(async () => {
  await redis.client.flushall();
});

/**
 * Runs `bypassbench load` with --out and gives what it wrote. Without a warm-up, and asleep while it waits, unless told
 * otherwise: one that spins takes a core from the server, and from other tests.
 */
async function load(...args: string[]) {
  const dir = redis.nextOut();
  const usual = ['--target', redis.target, '--warmup-s', '0', '--idle', 'sleep', '--out', dir];
  await answer(command(), ...usual, ...args);
  const result = JSON.parse(await readFile(join(dir, 'result.json'), 'utf8'));
  return { dir, result, files: (await readdir(dir)).sort() };
}

/** Exit code and standard error of a command that must fail. */
async function failure(...args: string[]): Promise<{ code: number; stderr: string }> {
  return run(bypassbench, ['load', ...args]).then(
    () => Promise.reject(new Error('the command succeeded')),
    (error) => ({ code: error.code, stderr: error.stderr }),
  );
}

/** What is said to words that must be refused. */
const refused = (...args: string[]): Promise<string> => refusal(command(), ...args);

describe('bypassbench load', () => {
  it('fills the key space and measures hits only', async () => {
    const { dir, result, files } = await load(
      ...['--populate', '--keys', '5000', '--requests', '2000', '--warmup-s', '0.05', '--idle', 'poll'],
    );
    expect(await redis.client.dbsize()).toBe(5000);
    expect(files).toEqual(['get.hdr', 'get.hgrm', 'pauses.json', 'result.json', 'slices.json.gz']);
    // One rehearsal at least, behind a warm-up of 0.05 s.
    expect(result.rehearsals_s).toBeGreaterThan(0.15);
    const [get] = result.operations;
    expect(get).toMatchObject({
      operation: 'get',
      requests: 2000,
      hits: 2000,
      misses: 0,
      errors: 0,
      wrong: 0,
    });
    const histogram = decodeFromCompressedBase64((await readFile(join(dir, 'get.hdr'), 'utf8')).trim());
    expect(histogram.totalCount).toBe(2000);
    expect(histogram.getValueAtPercentile(50)).toBe(get.latency_ns.p50);
    // A round trip over loopback takes longer than a system call and less than a second.
    expect(get.latency_ns.min).toBeGreaterThan(1_000);
    expect(get.latency_ns.p50).toBeLessThan(1e9);
  });

  it.each([
    ['--connections 20', 1500],
    ['--connections 3 --pipeline 16 --idle poll', 1500],
    ['--pipeline 1000 --value-bytes 100', 1500],
    // Each of them takes several pieces on its way, and some wait for room in the socket's buffer.
    ['--connections 2 --pipeline 4 --value-bytes 300000 --keys 20', 150],
    ['--connections 2 --idle poll', 1500],
    ['--key-distribution single --value-bytes 1', 1500],
  ])('checks every reply of a mix with %s', async (flags, requests) => {
    const mix = ['--populate', '--keys', '200', '--operation', 'mix', '--requests', `${requests}`];
    const { result } = await load(...mix, ...flags.split(' '));
    const total = (field: string) =>
      result.operations.reduce((sum: number, one: never) => sum + one[field], 0);
    expect([total('hits'), total('misses'), total('errors'), total('wrong')]).toEqual([requests, 0, 0, 0]);
    expect(result.operations.map((one: { operation: string }) => one.operation)).toEqual(['get', 'set']);
  });

  it('runs for the time asked for', async () => {
    const { result } = await load('--populate', '--keys', '10', '--duration-s', '0.25');
    expect(result.elapsed_s).toBeGreaterThanOrEqual(0.25);
    const [get] = result.operations;
    expect(get.throughput_ops).toBeCloseTo(get.hits / result.elapsed_s, 3);
  });

  it('waits for the replies to what it sent in its window', async () => {
    const slow = net.createServer((socket) =>
      socket.on('error', () => {}).on('data', () => setTimeout(() => socket.write('$-1\r\n'), 400)),
    );
    slow.listen(0, '127.0.0.1');
    await once(slow, 'listening');
    const { port } = slow.address() as net.AddressInfo;
    const dir = redis.nextOut();
    const times = ['--warmup-s', '0', '--duration-s', '0.1', '--out', dir];
    await answer(command(), '--target', `127.0.0.1:${port}`, ...times);
    const { elapsed_s, operations, rehearsals_s } = JSON.parse(
      await readFile(join(dir, 'result.json'), 'utf8'),
    );
    expect(operations[0].requests).toBe(1);
    expect(elapsed_s).toBeGreaterThan(0.39);
    expect(rehearsals_s).toBe(0);
    slow.close();
  });

  it('asks for the same keys with the same seed', async () => {
    const keysAsked = async (seed: string) => {
      await redis.client.flushall();
      await load(
        '--operation',
        'set',
        '--keys',
        '100000',
        '--requests',
        '50',
        '--warmup-s',
        '0',
        '--seed',
        seed,
      );
      return (await redis.client.keys('*')).sort();
    };
    const first = await keysAsked('7');
    expect(first.length).toBeGreaterThan(45);
    expect(await keysAsked('7')).toEqual(first);
    expect((await keysAsked('8')).filter((key) => first.includes(key)).length).toBeLessThan(5);
  });

  it('sends exactly --requests, however many connections there are', async () => {
    await redis.client.config('RESETSTAT');
    await load(
      '--operation',
      'set',
      '--requests',
      '50',
      '--connections',
      '9',
      '--pipeline',
      '8',
      '--warmup-s',
      '0',
    );
    expect(await redis.calls('set')).toBe(50);
  });

  it('sends a mix by its weights', async () => {
    const { result } = await load(
      '--mix',
      'get=95,set=5',
      '--populate',
      '--keys',
      '100',
      '--requests',
      '4000',
    );
    expect(result.mix).toEqual({ get: 95, set: 5 });
    const counts = result.operations.map((one: { operation: string; hits: number }) => [
      one.operation,
      one.hits,
    ]);
    expect(counts).toEqual([
      ['get', expect.any(Number)],
      ['set', expect.any(Number)],
    ]);
    // 200 of 4,000; in two runs of three it strays by less than 14.
    expect(Math.abs(counts[1][1] - 200)).toBeLessThan(6 * 14);
  });

  it('counts misses, and takes no sample of them', async () => {
    const { result } = await load('--keys', '10', '--requests', '100');
    const [get] = result.operations;
    expect(get).toMatchObject({ requests: 100, hits: 0, misses: 100, latency_ns: null, throughput_ops: 0 });
    expect(result.rates.achieved_ops).toBe(0);
    expect(result.rates.misses_ops).toBeCloseTo(100 / result.elapsed_s, 3);
  });

  it('counts wrong values: those of another seed', async () => {
    await load('--populate', '--keys', '10', '--requests', '1', '--seed', '1');
    const { result } = await load('--keys', '10', '--requests', '100', '--seed', '2');
    expect(result.operations[0]).toMatchObject({ hits: 0, wrong: 100 });
  });

  it('counts errors and keeps the first', async () => {
    await redis.client.lpush('key:000000000000', 'not a string');
    const { result } = await load('--keys', '1', '--value-bytes', '10', '--requests', '100');
    expect(result.operations[0]).toMatchObject({ hits: 0, errors: 100 });
    expect(result.operations[0].first_error).toMatch(/^WRONGTYPE/);
  });

  it('prints what it measured', async () => {
    const { stdout } = await answer(
      command(),
      ...['--target', redis.target, '--keys', '10', '--populate', '--requests', '10', '--warmup-s', '0'],
    );
    expect(stdout).toMatch(
      /^populated in .* s\nget: 10 replies in .* per second\n {2}us: min .* p99\.9 .* max /,
    );
  });

  it('counts what server and client cost, those that the server has started included', async () => {
    // This process has started it, and is not to be the client too.
    const out = redis.nextOut();
    const what = ['--populate', '--keys', '10', '--requests', '3000', '--warmup-s', '0', '--out', out];
    await run(bypassbench, ['load', '--target', redis.target, ...what, '--server-pid', `${process.pid}`]);
    const result = JSON.parse(await readFile(join(out, 'result.json'), 'utf8'));
    const { replies, server, client, unknown } = result.cost;
    expect(replies).toBe(3000);
    // It sleeps before each of them, unless the next has come meanwhile.
    expect(server.voluntary_switches).toBeGreaterThan(1000);
    expect(server.user_s + server.system_s).toBeGreaterThan(0.003);
    expect(client.user_s + client.system_s).toBeGreaterThan(0.003);
    expect(client.vain_s).toBeLessThan(client.user_s + client.system_s);
    const isCounted = client.cycles > 0 && client.instructions > 0;
    expect(isCounted || unknown.join()).toEqual(
      isCounted || expect.stringMatching(/^Cycles, instructions and/),
    );
    const alone = await load('--keys', '10', '--populate', '--requests', '100', '--idle', 'sleep');
    expect(alone.result.cost).toMatchObject({ server: null, client: { vain_s: null } });
    expect(alone.result.cost.unknown).toContain(
      "What the server used is not known: name the server's process with --server-pid.",
    );
  });

  it('stops on SIGINT with exit code 130', async () => {
    const child = spawn(bypassbench, [
      'load',
      '--target',
      redis.target,
      '--keys',
      '10',
      '--duration-s',
      '60',
    ]);
    while ((await redis.clients()) < 2) await sleep(20);
    child.kill('SIGINT');
    const [code] = await once(child, 'exit');
    expect(code).toBe(130);
  });

  it('tells what is wrong and how to mend it', async () => {
    const port = await freePort('127.0.0.1');
    expect(await failure('--target', `127.0.0.1:${port}`)).toEqual({
      code: 1,
      stderr: `bypassbench: cannot connect to 127.0.0.1:${port}: connection refused; is the server running there?\n`,
    });
    expect(await failure('--target', redis.target, '--keys', '0')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining(
        "option '--keys <n>' argument '0' is invalid. It must be a whole number from 1 to ",
      ),
    });
  });

  it.each([
    [['--target', 'localhost'], "--target 'localhost' is not HOST:PORT"],
    [['--target', 'localhost:0'], "--target 'localhost:0' is not HOST:PORT"],
    [['--target', '[::1]:6379'], "--target '[::1]:6379' is not HOST:PORT"],
    [['--target', 'no-such-host.invalid:1'], "--target: the host 'no-such-host.invalid' has no IPv4 address"],
    [['--target', '999.0.0.1:1'], "--target: the host '999.0.0.1' has no IPv4 address"],
    [['--target', '127.0.0.1:1', '--user', 'me'], '--user me needs a password: give --password'],
    [['--target', '127.0.0.1:1', '--db', '-1'], 'whole number from 0'],
    [['--operation', 'del'], "there is no operation 'del': there are get, set"],
    [['--value-bytes', '2', '--keys', '101'], '--value-bytes: values of 2 bytes cannot distinguish 101 keys'],
    [['--duration-s', '1', '--requests', '1'], 'either --duration-s or --requests'],
    [['--value-bytes', '600000000'], 'It must be a whole number from 1 to 536,870,912.'],
    [['--out', bypassbench], /^bypassbench: --out .* cannot be a folder \(.*\): name another one\n$/],
    [
      ['--core', '4000'],
      /'--core <n>' argument '4000' is invalid. It must be a whole number from 0 to 1,023./,
    ],
    [['--core', '1023'], 'core 1023'],
    [['--duration-s', '0'], /'--duration-s <seconds>' .* from 0.001 to 86,400/],
    [['--reply-timeout-s', '1e99'], /'--reply-timeout-s <seconds>' .* from 0.001 to 86,400/],
    [['--connections', '1000000', '--pipeline', '1000000'], /are 1000000000000 requests at a time/],
    [['--mix', 'get=95,del=5'], "there is no operation 'del': there are get, set"],
    [['--mix', 'get=95,set'], 'The weight of set must be a number from 0 to 1,000,000'],
    [['--mix', 'get=95', '--operation', 'set'], '--mix is what --operation mix sends'],
    [['--command', 'GET'], "--command 'GET' is not NAME=COMMAND -> REPLY"],
    [['--command', 'get=GET {key} -> value'], 'that operation is there already'],
    [['--command', 'a=GET {key}'], 'does not end with the kind of its reply'],
    [['--command', 'a=GET {kye} -> value'], 'There is no placeholder {kye}: there are {key}'],
    [['--command', 'a=GET x -> value'], 'A reply of kind value is that of {key}, which the command lacks'],
    [['--command', 'a=ECHO {value} -> bulk'], 'the command needs {key} or {new_key} too'],
    [
      ['--command', 'a=GET a:{key} -> value', '--operation', 'a', '--populate'],
      'nothing writes what a reads (a:{key})',
    ],
    [['--zipf-exponent', '1'], '--zipf-exponent: is of --key-distribution zipf or latest: give that too'],
    [['--hotspot', '0.1:0.9'], '--hotspot: is of --key-distribution hotspot: give that too'],
    [['--key-distribution', 'hotspot', '--hotspot', '0:1'], 'two shares above 0 and at most 1'],
    [['--value-bytes', '8', '--value-sizes', 'etc'], 'each say how long values are: give one of them'],
    [['--value-sizes', 'uniform:9-1'], "'9-1' is no range of sizes"],
    [['--sizes', '/nowhere'], '--sizes /nowhere cannot be read'],
    [['--mix', 'get=95,get=5'], "'get' is there twice"],
    [['--mix', 'get=NaN'], 'The weight of get must be a number from 0 to 1,000,000'],
    [['--mix', 'get=0,set=0'], 'All weights are 0'],
    [['--backend-option', 'mtu'], "'mtu' is not KEY=VALUE"],
    [['-o', 'mtu=1'], 'the kernel backend takes no options: leave out mtu'],
  ])('refuses %s', async (words, message) => {
    expect(await refused('--target', redis.target, ...words)).toMatch(message);
  });

  it('tells when the peer is no Redis server, hangs, or goes away', async () => {
    const peers: [(socket: net.Socket) => void, string, string][] = [
      [
        (socket) => socket.write('HTTP/1.1 400 Bad Request\r\n'),
        '20',
        'does not answer as a Redis server does',
      ],
      [() => {}, '0.2', 'has not answered for 0.2 s'],
      [(socket) => socket.once('data', () => socket.destroy()), '20', 'lost a connection to'],
    ];
    for (const [behaviour, patienceS, message] of peers) {
      const server = net.createServer((socket) => {
        socket.on('error', () => {}).on('data', () => {});
        behaviour(socket);
      });
      await once(server.listen(0, '127.0.0.1'), 'listening');
      const address = `127.0.0.1:${(server.address() as net.AddressInfo).port}`;
      const said = await refused('--target', address, '--reply-timeout-s', patienceS);
      expect(said).toMatch(/^bypassbench: .*\n$/);
      expect(said).toContain(message);
      server.close();
    }
  });
});

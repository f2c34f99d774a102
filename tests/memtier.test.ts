/** `bypassbench memtier` on a redis-server. */
import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeEach, describe, expect, it } from 'vitest';
import { command } from '../loadgen/memtier/command.ts';
import { LoadedRedis } from './loaded-redis.ts';
import { refusal } from './refusal.ts';

const bypassbench = join(import.meta.dirname, '..', 'bin', 'bypassbench');
const execute = promisify(execFile);

const redis = new LoadedRedis();
beforeEach(async () => {
  await redis.client.flushall();
  await redis.client.config('RESETSTAT');
});

const memtier = (...args: string[]) => execute(bypassbench, ['memtier', '-p', `${redis.port}`, ...args]);

describe('bypassbench memtier', () => {
  it('sends -n requests of each client, SETs and GETs by --ratio, and writes what it measured', async () => {
    const json = join(redis.folder, 'out.json');
    const files = ['--json-out-file', json, '--hdr-file-prefix', join(redis.folder, 'hdr')];
    const clients = ['-t', '2', '-c', '3', '-n', '44', '--pipeline', '4', '--key-maximum', '30'];
    const { stdout } = await memtier(...clients, ...files);
    expect([await redis.calls('set'), await redis.calls('get')]).toEqual([24, 240]);
    expect((await redis.client.keys('*')).every((key) => /^memtier-([12]?\d|30)$/.test(key))).toBe(true);
    expect(await redis.client.get((await redis.client.randomkey())!)).toBe('x'.repeat(32));
    expect(stdout).toMatch(/^Totals +[\d.]+ /m);
    const { configuration, ...written } = JSON.parse(await readFile(json, 'utf8'));
    expect(configuration).toMatchObject({ clients: 3, threads: 2, ratio: '1:10', key_pattern: 'R:R' });
    expect(written['run information']).toMatchObject({ Threads: 2, 'Requests per client': 44 });
    const { Sets, Gets, Totals } = written['ALL STATS'];
    expect([Sets.Count, Gets.Count, Totals.Count]).toEqual([24, 240, 264]);
    expect(Gets['Hits/sec'] + Gets['Misses/sec']).toBeCloseTo(Gets['Ops/sec'], 0);
    expect(Object.keys(Totals['Percentile Latencies'])).toEqual(['p50.000', 'p99.000', 'p99.900']);
    expect((await readdir(redis.folder)).filter((name) => name.startsWith('hdr')).sort()).toEqual(
      ['FULL_RUN_1', 'GET_command_run_1', 'SET_command_run_1'].flatMap((name) => [
        `hdr_${name}.hgrm`,
        `hdr_${name}.txt`,
      ]),
    );
  });

  it('fills all keys in parallel, each once', async () => {
    const all = ['--ratio', '1:0', '--key-pattern', 'P:P', '-n', 'allkeys', '--key-minimum', '1'];
    await memtier(...all, '--key-maximum', '100', '-t', '2', '-c', '5', '-d', '7');
    expect(await redis.client.dbsize()).toBe(100);
    expect(await redis.client.get('memtier-100')).toBe('xxxxxxx');
  });

  it('speaks RESP3 where it is to, and counts what is not there as it does else', async () => {
    const { stdout } = await memtier('-P', 'resp3', '-t', '1', '-c', '1', '-n', '22', '--key-maximum', '5');
    expect(await redis.calls('hello')).toBe(1);
    expect([await redis.calls('set'), await redis.calls('get')]).toEqual([2, 20]);
    expect(stdout).toMatch(/^Gets +[\d.]+ +[\d.]+ +[\d.]+ /m);
  });

  it('keeps to a rate', async () => {
    const rate = ['--rate-limiting', '20', '-t', '1', '-c', '5', '--test-time', '0.5'];
    await memtier(...rate, '--key-maximum', '10');
    expect((await redis.calls('set')) + (await redis.calls('get'))).toBe(50);
  });

  it.each([
    [['--ratio', '0:0'], 'not 0:0'],
    [['--key-pattern', 'P:R'], 'P goes for SETs and GETs together'],
    [['--key-pattern', 'X:R'], 'It must be two of R, G, Z, S, P'],
    [['-n', '5', '--test-time', '3'], 'give either --requests or --test-time'],
    [['--key-minimum', '9', '--key-maximum', '3'], '--key-minimum 9 is more than --key-maximum 3'],
    [['--key-pattern', 'P:P', '--key-maximum', '3'], '200 clients cannot each have a part of 4 keys'],
    [['--key-stddev', '3'], 'are of Gaussian keys'],
    [['--print-percentiles', '50,x'], 'such as 50,99,99.9'],
    [['--protocol', 'memcache_text'], "memtier_benchmark's --protocol memcache_text: not here, because"],
    [['--protocol', 'http'], 'It must be redis, resp2 or resp3'],
    [
      ['-S', '/tmp/x'],
      "memtier_benchmark's --unix-socket: not here, because the libOS reaches servers over IPv4",
    ],
    [['--tls'], "memtier_benchmark's --tls: not here, because the streams of the libOS are not encrypted"],
    [['--cluster-mode'], 'requests go to one server'],
    [['--command=get x'], "any command goes with 'bypassbench load --command'"],
    [['--data-size-range=1-9'], "'bypassbench load --value-sizes uniform:1-1024'"],
    [['-x', '3'], "memtier_benchmark's --run-count: not here"],
    [['--no-expiry'], "memtier_benchmark's --no-expiry: not here"],
    [['--xyz'], "unknown option '--xyz'"],
  ])('refuses %j', async (args, said) => {
    expect(await refusal(command(), ...args)).toContain(said);
  });
});

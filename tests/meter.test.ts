/** redis-benchmark as load generator, through `bypassbench meter`. */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gunzipSync } from 'node:zlib';
import { Redis } from 'ioredis';
import { expect, it, onTestFinished } from 'vitest';
import { loadResultFormat } from '../results/formats/index.ts';
import { startRedis } from './redis-server.ts';

const bypassbench = join(import.meta.dirname, '..', 'bin', 'bypassbench');
const execute = promisify(execFile);

it('measures what the server was asked, and writes it as a load does', async () => {
  const redis = await startRedis();
  onTestFinished(() => redis.stop());
  const client = new Redis(redis.port, '127.0.0.1');
  onTestFinished(() => client.disconnect());
  const out = await mkdtemp(join(tmpdir(), 'bypassbench-meter-'));
  onTestFinished(() => rm(out, { recursive: true }));
  const load = ['--connections', '5', '--pipeline', '4', '--keys', '100', '--populate'];
  const times = ['--warmup-s', '0', '--duration-s', '0.2', '--out', out];
  await execute(bypassbench, [
    'meter',
    'redis-benchmark',
    '--target',
    `localhost:${redis.port}`,
    ...load,
    ...times,
  ]);
  expect(await client.dbsize()).toBe(100);
  const result = loadResultFormat.read(await readFile(join(out, 'result.json'), 'utf8'));
  const [get] = result.operations;
  expect(result).toMatchObject({ connections: 5, pipeline: 4, idle: 'sleep', keys: 100, unanswered: 0 });
  expect(result.versions['redis-benchmark']).toMatch(/^\d+\.\d+/);
  expect(result.busy_share).toBeGreaterThan(0.05);
  expect(get.throughput_ops).toBeCloseTo(get.requests / result.elapsed_s, 0);
  const { slices } = JSON.parse(gunzipSync(await readFile(join(out, 'slices.json.gz'))).toString());
  // One, unless the first run was slow: then fewer requests are taken to fill half a second than do.
  const received = slices.map(
    ({ operations }: { operations: { received: number }[] }) => operations[0].received,
  );
  expect(received.reduce((sum: number, requests: number) => sum + requests)).toBe(get.requests);
  // And those of the first run, which finds how many fit into half a second, and one of our own.
  const calls = Number(/cmdstat_get:calls=(\d+)/.exec(await client.info('commandstats'))?.[1]);
  expect(calls).toBe(get.requests + 100 * 5 * 4 + 1);
});

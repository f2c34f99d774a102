/** Bulk streams beside the requests of a load, against a real redis-server. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { decodeFromCompressedBase64 } from 'hdr-histogram-js';
import { describe, expect, it } from 'vitest';
import { command } from '../loadgen/command.ts';
import { type LoadResult, loadResultFormat } from '../results/formats/index.ts';
import { answer } from './answer.ts';
import { LoadedRedis } from './loaded-redis.ts';
import { refusal } from './refusal.ts';

const BULK_BYTES = 300_000;

const redis = new LoadedRedis();

/** `bypassbench load` over a few keys with two bulk streams. */
async function load(...args: string[]): Promise<{ dir: string; result: LoadResult; stdout: string }> {
  const dir = redis.nextOut();
  const flags = ['--target', redis.target, '--populate', '--keys', '100', '--warmup-s', '0.05'];
  // One that spins takes a core from the server, and from other tests.
  const bulk = ['--idle', 'sleep', '--bulk-connections', '2', '--bulk-bytes', `${BULK_BYTES}`];
  const { stdout } = await answer(command(), ...flags, ...bulk, '--out', dir, ...args);
  return { dir, result: loadResultFormat.read(await readFile(join(dir, 'result.json'), 'utf8')), stdout };
}

describe('bypassbench load --bulk-connections', () => {
  it.each([
    ['get', 'a closed', []],
    ['set', 'a closed', []],
    ['get', 'an open', ['--rate', '500', '--connections', '4', '--idle', 'poll']],
    ['set', 'an open', ['--rate', '500', '--connections', '4']],
  ] as const)('carries values by %s beside %s loop, in numbers of their own', async (request, _, flags) => {
    await redis.client.flushall();
    const { dir, result, stdout } = await load(
      ...['--bulk-operation', request, '--duration-s', '0.4', ...flags],
    );
    const { bulk, operations } = result;
    expect(bulk).toMatchObject({ connections: 2, value_bytes: BULK_BYTES, request });
    const { replies, generator, bytes_per_s, elapsed_s } = bulk!;
    expect(replies).toMatchObject({ operation: 'bulk', misses: 0, errors: 0, wrong: 0, unanswered: 0 });
    expect(replies.hits).toBeGreaterThan(2);
    expect(bytes_per_s).toBeCloseTo((replies.hits * BULK_BYTES) / elapsed_s, -3);
    expect(generator.longest_us).toBeGreaterThan(generator.mean_wait_us);
    expect(generator.share).toBeGreaterThan(0);
    const histogram = decodeFromCompressedBase64((await readFile(join(dir, 'bulk.hdr'), 'utf8')).trim());
    expect(histogram.totalCount).toBe(replies.hits);
    expect(stdout).toMatch(/of 300000 bytes on 2 connections: [\d.]+ Gbit\/s/);
    // The small requests are counted as if nothing else were there.
    expect(operations.map(({ operation }) => operation)).toEqual(['get']);
    expect(operations[0].hits).toBe(operations[0].requests);
    expect(operations[0].hits).toBeGreaterThan(20);
    expect(result.value_bytes).toBe(64);
    expect(await redis.client.keys('bulk:*')).toHaveLength(2);
    expect(await redis.client.strlen('bulk:00000000001')).toBe(BULK_BYTES);
  });

  it('checks each reply', async () => {
    await redis.client.flushall();
    // Without a warm-up all that is got is of the window: right values of one stream, wrong ones of the other.
    const loading = load('--duration-s', '1.5', '--warmup-s', '0');
    while ((await redis.client.exists('bulk:00000000001')) === 0) await sleep(5);
    const value = await redis.client.getBuffer('bulk:00000000001');
    value![BULK_BYTES - 1] ^= 1;
    await redis.client.set('bulk:00000000001', value!);
    const { result } = await loading;
    expect(result.bulk!.replies.wrong).toBeGreaterThan(0);
    expect(result.bulk!.replies.hits).toBeGreaterThan(0);
    expect(result.operations[0].wrong).toBe(0);
  });

  it('ends before it measures when the server does not take such values', async () => {
    await redis.client.config('SET', 'proto-max-bulk-len', '1048576');
    // The server answers and resets: who sleeps finds the reset first.
    const failed = await load('--bulk-bytes', '1048577', '--idle', 'poll').then(
      () => null,
      (error: Error) => error,
    );
    await redis.client.config('SET', 'proto-max-bulk-len', '536870912');
    expect(failed?.message).toContain('invalid bulk length');
    expect(failed?.message).toContain('--bulk-bytes 1048577');
  });

  it('refuses what cannot be', async () => {
    const target = ['--target', '127.0.0.1:1'];
    expect(await refusal(command(), ...target, '--bulk-bytes', '5')).toContain('give --bulk-connections too');
    expect(await refusal(command(), ...target, '--bulk-operation', 'set')).toContain('--bulk-connections');
    const tooMuch = ['--bulk-connections', '1000', '--bulk-bytes', '100000000'];
    expect(await refusal(command(), ...target, ...tooMuch)).toContain('at most 1073741824');
    expect(await refusal(command(), ...target, '--bulk-connections', '0')).toContain('--bulk-connections');
    const ofEcho = await refusal(command(), ...target, '--protocol', 'echo', '--bulk-connections', '1');
    expect(ofEcho).toContain('--bulk-connections applies to --protocol resp');
  });
});

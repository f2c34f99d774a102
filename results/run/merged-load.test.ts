import fc from 'fast-check';
import {
  build,
  decodeFromCompressedBase64,
  encodeIntoCompressedBase64,
  type Histogram,
} from 'hdr-histogram-js';
import { expect, test } from 'vitest';
import type { LoadResult } from '../formats/index.ts';
import { MergedLoad } from './merged-load.ts';

const fresh = (): Histogram =>
  build({
    ...{ bitBucketSize: 64, lowestDiscernibleValue: 1, highestTrackableValue: 3600e9 },
    ...{ numberOfSignificantValueDigits: 3, useWebAssembly: false },
  });

function histogramOf(values: readonly number[]): Histogram {
  const histogram = fresh();
  for (const value of values) histogram.recordValue(value);
  return histogram;
}

interface Generated {
  values: number[];
  /** By its own clock, which is so far ahead. */
  began_us: number;
  offset_us: number;
  duration_us: number;
  slices: number;
}

/** A generator that receives its values evenly over its slices. */
function resultOf(
  { values, began_us, offset_us, duration_us, slices }: Generated,
  connections: number,
): LoadResult {
  const own_us = began_us + offset_us;
  const length_us = duration_us / slices;
  const received = Array.from({ length: slices }, (_, slice) => ({
    start_us: own_us + slice * length_us,
    end_us: own_us + (slice + 1) * length_us,
    operations: { get: values.length },
  }));
  const hits = values.length;
  const perSecond = (values.length * slices * 1e6) / duration_us;
  return {
    ...{ schema: 'bypassbench.load/2', target: 't', backend: 'kernel', idle: 'poll', protocol: 'resp' },
    ...{ connections: 1, idle_connections: 0, pipeline: 1, loop: 'closed', rate_ops: null, arrivals: null },
    ...{
      trace: null,
      keys: 1,
      key_distribution: 'uniform',
      zipf_exponent: null,
      hotspot: null,
      key_bytes: 16,
    },
    ...{ key_sizes: null, commands: {}, mix: null, value_bytes: 1, value_sizes: null, seed: 1, core: 1 },
    ...{
      warmup_s: 0,
      rehearsals_s: 0,
      elapsed_s: duration_us / 1e6,
      schedule_lag_us: null,
      own_lag_us: null,
    },
    ...{
      sent_late: null,
      threads: null,
      unanswered: 0,
      idle_polls: 0.5,
      busy_share: 0.25,
      sample: 'round_trip',
    },
    generator: {
      ...{ place: 1, of: 2, whole: { connections, bulk_connections: 0, rate_ops: null } },
      ...{ told_us: own_us, began_us: own_us, ended_us: own_us + duration_us, received },
    },
    rates: {
      ...{
        window_s: duration_us / 1e6,
        offered_ops: null,
        achieved_ops: perSecond,
        completed_ops: perSecond,
      },
      ...{ misses_ops: 1, errors_ops: 0, wrong_ops: 0, stale_ops: 0, torn_ops: 0 },
    },
    ...{ cost: null, counters: { packets: hits }, versions: { node: 'v0' }, bulk: null },
    operations: [
      {
        ...{ operation: 'get', requests: hits + 1, hits, misses: 1, errors: 0, wrong: 0, stale: 0, torn: 0 },
        ...{ unanswered: 0, at_least_ns: null, throughput_ops: perSecond, latency_ns: null },
        ...{ service_time_ns: null, slice_p50_ns: [1, 2], histogram: 'get.hdr' },
      },
    ],
  } as LoadResult;
}

function merge(generated: readonly Generated[]): MergedLoad {
  const merged = new MergedLoad();
  for (const one of generated) {
    const text = encodeIntoCompressedBase64(histogramOf(one.values));
    merged.add({
      result: resultOf(one, generated.length),
      clockOffset_us: one.offset_us,
      files: new Map([['get.hdr', text]]),
    });
  }
  return merged;
}

const generators = fc.array(
  fc.record({
    values: fc.array(fc.integer({ min: 1, max: 1e10 }), { minLength: 1, maxLength: 30 }),
    began_us: fc.integer({ min: 1_000_000, max: 1_050_000 }),
    offset_us: fc.integer({ min: -900_000, max: 900_000 }),
    duration_us: fc.integer({ min: 100_000, max: 200_000 }),
    slices: fc.integer({ min: 1, max: 5 }),
  }),
  { minLength: 1, maxLength: 6 },
);

test('histograms are merged as the library adds them, and counts are added', () => {
  fc.assert(
    fc.property(generators, (generated) => {
      const merged = merge(generated);
      const expected = fresh();
      for (const { values } of generated) expected.add(histogramOf(values));
      const found = decodeFromCompressedBase64(merged.files().get('get.hdr')?.trim() ?? '', 64, false);
      for (const percentile of [0, 10, 50, 90, 99, 99.9, 100]) {
        expect(found.getValueAtPercentile(percentile)).toBe(expected.getValueAtPercentile(percentile));
      }
      expect(found.totalCount).toBe(expected.totalCount);
      const result = merged.result();
      const hits = generated.reduce((sum, { values }) => sum + values.length, 0);
      const [get] = result?.operations ?? [];
      expect(get).toMatchObject({ hits, misses: generated.length, requests: hits + generated.length });
      expect(get?.latency_ns?.p50).toBe(expected.getValueAtPercentile(50));
      expect(get?.latency_ns?.mean).toBe(expected.mean);
      expect(result).toMatchObject({
        connections: generated.length,
        counters: { packets: hits },
        generator: null,
      });
      expect(result?.threads).toHaveLength(generated.length);
      expect(result?.rates?.misses_ops).toBe(generated.length);
    }),
    { numRuns: 40 },
  );
});

test('rates are of the time that all measured, by one clock, whatever each clock shows', () => {
  fc.assert(
    fc.property(generators, (generated) => {
      const merged = merge(generated);
      const from = Math.max(...generated.map(({ began_us }) => began_us));
      const to = Math.min(...generated.map(({ began_us, duration_us }) => began_us + duration_us));
      const result = merged.result();
      expect(merged.common_us).toEqual(to > from ? { from, to } : null);
      // What each receives evenly it receives at the same rate in any part of its window.
      const perUs = generated.reduce(
        (sum, one) => sum + (one.values.length * one.slices) / one.duration_us,
        0,
      );
      if (to <= from) expect(result).toBeNull();
      else {
        expect(result?.rates?.window_s).toBeCloseTo((to - from) / 1e6, 9);
        expect(result?.rates?.achieved_ops).toBeCloseTo(perUs * 1e6, 3);
        expect(result?.operations[0]?.throughput_ops).toBe(result?.rates?.achieved_ops);
      }
      expect(merged.begins_us).toEqual(generated.map(({ began_us }) => began_us));
    }),
    { numRuns: 40 },
  );
});

test('replies outside of the common window are in no rate', () => {
  const one = { values: [5], offset_us: 0, duration_us: 100, slices: 2 };
  const merged = merge([
    { ...one, began_us: 1000 },
    { ...one, began_us: 1075 },
  ]);
  // Of the first half of its second slice, of the second half of its first.
  expect(merged.common_us).toEqual({ from: 1075, to: 1100 });
  expect(merged.result()?.rates?.achieved_ops).toBeCloseTo((0.5 + 0.5) / 25e-6, 6);
  const apart = merge([
    { ...one, began_us: 1000 },
    { ...one, began_us: 1100 },
  ]);
  expect(apart.result()).toBeNull();
});

test('a missing histogram, and a result of a generator that was alone, are refused', () => {
  const [one] = [{ values: [5], offset_us: 0, duration_us: 100, slices: 2, began_us: 0 }];
  const result = resultOf(one, 1);
  const part = { result, clockOffset_us: 0, files: new Map<string, string>() };
  expect(() => new MergedLoad().add(part)).toThrow('get.hdr is missing');
  const alone = { ...part, result: { ...result, generator: null } };
  expect(() => new MergedLoad().add(alone)).toThrow('not of one of several');
});

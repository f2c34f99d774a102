import fc from 'fast-check';
import { expect, it } from 'vitest';
import { lagOf, mergeOutcomes, ownLagOf, type ThreadOutcome } from './merge.ts';
import { describeLatencies, encodeHistogram, LatencyRecorder, quantilesNs } from './recorder.ts';

const names = ['get', 'set', 'incr'];
const latency = fc.integer({ min: 1, max: 1e9 });
/** Of one operation in one thread: latencies and service times of right replies, and other counts. */
const counted = fc.record({
  latencies: fc.array(latency, { maxLength: 30 }),
  misses: fc.nat(5),
  unanswered: fc.nat(3),
});
const thread = fc.record({
  elapsed_s: fc.integer({ min: 1, max: 5 }),
  rehearsals_s: fc.integer({ min: 0, max: 3 }),
  operations: fc.dictionary(fc.constantFrom(...names), counted),
  lags: fc.array(latency, { maxLength: 10 }),
  sentLate: fc.nat(9),
});
type Thread = typeof thread extends fc.Arbitrary<infer T> ? T : never;

/** A part of the lag. */
const half = (lagNs: number): number => Math.floor(lagNs / 2);

function recorded(values: number[]): LatencyRecorder {
  const recorder = new LatencyRecorder();
  for (const value of values) recorder.record(value);
  return recorder;
}

function outcomeOf({ elapsed_s, rehearsals_s, operations, lags, sentLate }: Thread): ThreadOutcome {
  const entries = Object.entries(operations);
  const hits = entries.reduce((sum, [, { latencies }]) => sum + latencies.length, 0);
  return {
    bulk: null,
    rehearsals_s,
    elapsed_s,
    operations: entries.map(([operation, { latencies, misses, unanswered }]) => ({
      operation,
      requests: latencies.length + misses,
      hits: latencies.length,
      misses,
      errors: 0,
      wrong: 0,
      stale: 0,
      torn: 0,
      unanswered,
      at_least_ns: unanswered === 0 ? null : unanswered * 1e9,
      throughput_ops: latencies.length / elapsed_s,
      ...describeLatencies(recorded(latencies).histogram()),
      service_time_ns: quantilesNs(recorded(latencies).histogram()),
      slice_p50_ns: [1],
    })),
    rates: {
      window_s: elapsed_s,
      offered_ops: 10,
      achieved_ops: hits / elapsed_s,
      completed_ops: hits / elapsed_s,
      misses_ops: 1,
      errors_ops: 0,
      wrong_ops: 0,
      stale_ops: 0,
      torn_ops: 0,
    },
    unanswered: 1,
    sent_late: sentLate,
    cost: null,
    schedule_lag_us: lagOf(recorded(lags).histogram()),
    own_lag_us: ownLagOf(recorded(lags.map(half)).histogram()),
    idle_polls: 0.5,
    busy_share: null,
    counters: { frames: hits },
    sample: 'round_trip',
    populate_s: null,
    pauses: null,
    slices: null,
    stamps: null,
    threads: null,
    generator: null,
    mergeable: {},
    mergedLater: {
      serviceTimes: entries.map(([, { latencies }]) => encodeHistogram(recorded(latencies).histogram())),
      lag: encodeHistogram(recorded(lags).histogram()),
      ownLag: encodeHistogram(recorded(lags.map(half)).histogram()),
      costReplies: hits,
    },
  };
}

it('merges what threads measured into what one would have measured', () => {
  fc.assert(
    fc.property(fc.array(thread, { minLength: 2, maxLength: 4 }), (threads) => {
      const merged = mergeOutcomes(threads.map(outcomeOf));
      const all = (name: string) => threads.flatMap(({ operations }) => operations[name] ?? []);
      expect(merged.operations.map(({ operation }) => operation).sort()).toEqual(
        names.filter((name) => all(name).length > 0).sort(),
      );
      for (const operation of merged.operations) {
        const parts = all(operation.operation);
        const latencies = parts.flatMap((part) => part.latencies);
        expect(operation.hits).toBe(latencies.length);
        expect(operation.misses).toBe(parts.reduce((sum, part) => sum + part.misses, 0));
        expect(operation.requests).toBe(operation.hits + operation.misses);
        const given = parts.map((part) => part.unanswered).filter((count) => count > 0);
        expect(operation.at_least_ns).toBe(given.length === 0 ? null : Math.min(...given) * 1e9);
        const one = describeLatencies(recorded(latencies).histogram());
        expect(operation.encoded).toBe(one.encoded);
        expect(operation.latency_ns).toEqual(one.latency_ns);
        expect(operation.service_time_ns).toEqual(one.latency_ns);
        expect(operation.slice_p50_ns).toEqual([]);
      }
      const hits = merged.operations.reduce((sum, operation) => sum + operation.hits, 0);
      expect(merged.counters).toEqual({ frames: hits });
      const elapsed = Math.max(...threads.map(({ elapsed_s }) => elapsed_s));
      expect(merged.elapsed_s).toBe(elapsed);
      expect(merged.rehearsals_s).toBe(Math.max(...threads.map(({ rehearsals_s }) => rehearsals_s)));
      expect(merged.rates!.completed_ops).toBeCloseTo(hits / elapsed, 6);
      expect(merged.rates!.offered_ops).toBe(10 * threads.length);
      expect(merged.schedule_lag_us).toEqual(
        lagOf(recorded(threads.flatMap(({ lags }) => lags)).histogram()),
      );
      expect(merged.own_lag_us).toEqual(
        ownLagOf(recorded(threads.flatMap(({ lags }) => lags.map(half))).histogram()),
      );
      expect(merged.sent_late).toBe(threads.reduce((sum, { sentLate }) => sum + sentLate, 0));
      expect([merged.slices, merged.stamps, merged.pauses, merged.busy_share]).toEqual([
        null,
        null,
        null,
        null,
      ]);
    }),
  );
});

it('leaves one thread as it is', () => {
  fc.assert(
    fc.property(thread, (one) => {
      const { mergedLater: _, ...outcome } = outcomeOf(one);
      expect(mergeOutcomes([outcomeOf(one)])).toEqual(outcome);
    }),
  );
});

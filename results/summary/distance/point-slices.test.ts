/** Which requests of a slice count. */
import { expect, test } from 'vitest';
import type { SlicePart, SlicesFile } from '../../formats/index.ts';
import type { TrialOutcome } from '../trial-outcome.ts';
import { afterProbe } from './early.ts';
import { sampleOf, slicesOfTrials, type TrialSlices } from './point-slices.ts';
import type { RunDistance } from './run-distance.ts';

const part = (requests: number, ns: number): SlicePart =>
  requests === 0
    ? { requests, values_ns: [], counts: [] }
    : { requests, values_ns: [ns], counts: [requests] };

/** A reading; null for none, where the loop had no gap for it. */
function probe(at_ns: number, median_ns: number | null): SlicesFile['probes'][number] {
  return {
    start_ns: at_ns - (median_ns === null ? 0 : 1e5),
    end_ns: at_ns,
    median_ns,
    min_ns: median_ns,
    waited_ns: null,
    client_work_ns: null,
    server_work_ns: null,
    server_core: null,
  };
}

/** Slices of 80 ms, each with 1,000 right replies; of so many the requests were due before it or in its first 2 ms. */
function trialOf(slices: { read: number | null; early: number; late: number }[]): TrialSlices {
  const file: SlicesFile = {
    schema: 'bypassbench.slices/1',
    cores: { client: 1, server: 0 },
    helper: 'real_time',
    unknown: null,
    early_ns: 2e6,
    probes: [...slices.map(({ read }, index) => probe(index * 80e6, read)), probe(slices.length * 80e6, 100)],
    slices: slices.map(({ early, late }, index) => ({
      start_ns: index * 80e6,
      end_ns: (index + 1) * 80e6,
      operations: [{ operation: 'get', received: 1000, early: part(early, 9e6), late: part(late, 1e5) }],
    })),
    delayed: 0,
  };
  const outcome = { trial: 1, measurement: { recording: { slices: file } } } as unknown as TrialOutcome;
  const [trial] = slicesOfTrials({ pairs: [] } as unknown as RunDistance, [outcome]);
  return trial;
}

const withoutEarly = { state: null, withoutEarly: true };

test('what was sent behind a reading is left out, with its time', () => {
  const sample = sampleOf(trialOf([{ read: 100, early: 25, late: 975 }]), withoutEarly)!;
  expect(sample.right).toBe(975);
  expect(sample.elapsed_s).toBeCloseTo(0.078, 9);
  expect(sample.latency_ns.totalCount).toBe(975);
});

test('where nothing was read, nothing is left out: beyond its capacity all that a server answers was due before', () => {
  const overloaded = { read: null, early: 1000, late: 0 };
  const sample = sampleOf(trialOf([overloaded, overloaded]), withoutEarly)!;
  expect(sample.right).toBe(2000);
  expect(sample.elapsed_s).toBeCloseTo(0.16, 9);
  expect(sample.latency_ns.totalCount).toBe(2000);
});

test('what a reading costs is looked for behind readings alone', () => {
  const unread = { read: null, early: 500, late: 500 };
  const read = { read: 100, early: 500, late: 500 };
  expect(afterProbe([trialOf([unread, unread, unread])], null)).toBeNull();
  expect(afterProbe([trialOf([read, read, read])], null)).toMatchObject({ ratio: 90, left_out: true });
});

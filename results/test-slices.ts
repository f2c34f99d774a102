/** Windows cut into slices, for the tests of `results`: with readings and latencies chosen by the test. */
import type { SlicePart, SlicesFile } from './formats/index.ts';

export const SLICE_NS = 75e6;
const PROBE_NS = 50e3;
export const EARLY_NS = 2e6;

export interface SyntheticSlices {
  /** One before each slice and one behind the last; none where `unknown` says why. */
  readings_ns: (number | null)[];
  unknown?: string;
  /** Of each slice: latencies of the requests right behind the reading, and of the others. */
  early_ns: number[][];
  late_ns: number[][];
  cores?: SlicesFile['cores'];
  /** Of each reading, where the server was; nobody looked where left out. */
  server_cores?: number[];
  /** Of each reading, what a piece of work took on the client's core and the server's; unknown where left out. */
  works_ns?: [client: number, server: number][];
}

/** What a reading and its slice's place in the window make of the latencies of its requests. */
export type LatencyOf = (reading_ns: number, slice: number) => number;

/** A measurement of hits alone. */
export interface SlicedMeasurement {
  latencies_ns: number[];
  elapsed_s: number;
  slices: SyntheticSlices;
}

interface Cut {
  latencyOf: LatencyOf;
  /** By how much the early requests take longer. */
  early?: number;
  requests?: number;
}

/**
 * A measurement with a slice behind each reading but the last, of so many requests, a tenth of them early. Latencies
 * lie within 4 % around the one given.
 */
export function sliced(
  readings_ns: (number | null)[],
  { latencyOf, early = 1, requests = 100 }: Cut,
): SlicedMeasurement {
  const around = (middle_ns: number, count: number): number[] =>
    Array.from({ length: count }, (_, index) => Math.round(middle_ns * (0.98 + (0.04 * index) / count)));
  const middles_ns = readings_ns.slice(1).map((_, slice) => latencyOf(readings_ns[slice] ?? 0, slice));
  const early_ns = middles_ns.map((ns) => around(ns * early, requests / 10));
  const late_ns = middles_ns.map((ns) => around(ns, requests - requests / 10));
  return {
    latencies_ns: middles_ns.flatMap((_, slice) => [...early_ns[slice], ...late_ns[slice]]),
    elapsed_s: (middles_ns.length * SLICE_NS) / 1e9,
    slices: { readings_ns, early_ns, late_ns },
  };
}

export function slicesFile(
  {
    readings_ns,
    unknown,
    early_ns,
    late_ns,
    server_cores,
    works_ns,
    cores = { client: 1, server: 0 },
  }: SyntheticSlices,
  operation: 'get' | 'set',
): SlicesFile {
  const isKnown = unknown === undefined;
  return {
    schema: 'bypassbench.slices/1',
    cores: isKnown ? cores : null,
    helper: isKnown ? 'real_time' : null,
    unknown: unknown ?? null,
    early_ns: EARLY_NS,
    probes: isKnown
      ? readings_ns.map((median_ns, index) => ({
          start_ns: index * SLICE_NS - PROBE_NS,
          end_ns: index * SLICE_NS,
          median_ns,
          min_ns: median_ns,
          waited_ns: median_ns === null ? null : 5000,
          client_work_ns: works_ns?.[index]?.[0] ?? null,
          server_work_ns: works_ns?.[index]?.[1] ?? null,
          server_core: server_cores?.[index] ?? null,
        }))
      : [],
    slices: late_ns.map((late, index) => ({
      start_ns: index * SLICE_NS,
      end_ns: (index + 1) * SLICE_NS,
      operations: [{ operation, received: null, early: partOf(early_ns[index]), late: partOf(late) }],
    })),
    delayed: 0,
  };
}

/** When each of the latencies was sent, in their order. */
export function sentTimesNs({ early_ns, late_ns }: SyntheticSlices): number[] {
  const spread = (from_ns: number, to_ns: number, of: number[]): number[] =>
    of.map((_, index) => from_ns + ((to_ns - from_ns) * (index + 0.5)) / of.length);
  return late_ns.flatMap((late, index) => {
    const start_ns = index * SLICE_NS;
    return [
      ...spread(start_ns, start_ns + EARLY_NS, early_ns[index]),
      ...spread(start_ns + EARLY_NS, start_ns + SLICE_NS, late),
    ];
  });
}

function partOf(latencies_ns: number[]): SlicePart {
  const counted = [...Map.groupBy(latencies_ns, (ns) => ns)].sort(([a], [b]) => a - b);
  return {
    requests: latencies_ns.length,
    values_ns: counted.map(([ns]) => ns),
    counts: counted.map(([, same]) => same.length),
  };
}

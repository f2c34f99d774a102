/**
 * Bandwidth of a point or a floor, of its messages or values alone: what protocol and network add is not in it.
 *
 * One message at a time to an echo server and back is NetPIPE's ping-pong: the bandwidth is its size over half of the
 * round trip. Else it is the size times the right replies per second: of what goes one way, to a sink, or of values.
 */
import type { Measured, Verdict } from '../formats/index.ts';

export interface Bandwidth {
  gbit_per_s: number;
  interval: { low: number; high: number } | null;
  /** Of the statistic that it is made of; null where nobody judged that. */
  verdict: Verdict | null;
}

type Of = Pick<
  Measured,
  | 'operation'
  | 'clients'
  | 'pipeline'
  | 'rate_ops'
  | 'value_bytes'
  | 'latency_us'
  | 'p50_interval_us'
  | 'throughput_ops'
  | 'trial_throughput_ops'
  | 'verdicts'
>;

export function isPingPong({
  operation,
  clients,
  pipeline,
  rate_ops,
}: Pick<Of, 'operation' | 'clients' | 'pipeline' | 'rate_ops'>): boolean {
  return operation === 'echo' && clients === 1 && pipeline === 1 && rate_ops === null;
}

/** Null where nothing was measured. */
export function bandwidthOf(point: Of): Bandwidth | null {
  const { latency_us, p50_interval_us, throughput_ops, trial_throughput_ops, value_bytes, verdicts } = point;
  if (isPingPong(point)) {
    if (latency_us === null) return null;
    const overHalf = (us: number): number => gbitPerSOver(value_bytes, us / 2);
    return {
      gbit_per_s: overHalf(latency_us.p50),
      interval: p50_interval_us && {
        low: overHalf(p50_interval_us.high),
        high: overHalf(p50_interval_us.low),
      },
      verdict: verdicts.p50,
    };
  }
  if (throughput_ops === null) return null;
  const times = (ops: number): number => gbitPerSOver(value_bytes * ops, 1e6);
  return {
    gbit_per_s: times(throughput_ops),
    interval: lowestToHighest(trial_throughput_ops.map((trial) => times(trial.throughput_ops))),
    verdict: verdicts.throughput,
  };
}

/** Of one number a trial; null of fewer than two. */
export function lowestToHighest(ofTrials: readonly number[]): { low: number; high: number } | null {
  return ofTrials.length < 2 ? null : { low: Math.min(...ofTrials), high: Math.max(...ofTrials) };
}

/** Of bytes a second. */
export function gbitPerS(bytes_per_s: number): number {
  return (8 * bytes_per_s) / 1e9;
}

function gbitPerSOver(bytes: number, us: number): number {
  return (8 * bytes) / us / 1000;
}

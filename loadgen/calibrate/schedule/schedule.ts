/**
 * How many requests a second one core of the generator offers, and how late it sends them at a part of that: held
 * against the lateness of a queue that has nothing but the time of sending.
 */
import type { PauseTimes } from '../../../libos/index.ts';

import { LoadError } from '../../errors.ts';
import { type BothSides, runAgainstNullServer } from '../against-null-server.ts';
import type { ScheduleKind, ScheduleOutcome, ScheduleSteps, SentRequests } from './client.ts';
import { type Gap, type Lateness, latenessOf } from './lateness.ts';
import { meanWait, waitQuantile } from './md1.ts';

export interface ScheduleOptions extends BothSides {
  /** The arrivals to keep a schedule of. */
  kinds: readonly ScheduleKind[];
  /** Measured time of each part, in s. */
  durationS: number;
}

/** redis-benchmark's usual number, each with one request at a time. */
export const CONNECTIONS = 50;
/** Of the full speed, at which the schedules go. */
const SHARE = 0.5;

export interface KeptSchedule extends Lateness {
  kind: ScheduleKind;
  rateOps: number;
  /** Of an M/D/1 queue with the time of sending; null for arrivals that are no Poisson process. */
  expected: { meanNs: number; p99Ns: number } | null;
}

export interface ScheduleReport {
  /** What the host took from a loop that does nothing but read the clock: share of the time, and times a second. */
  idle: { share: number; perS: number };
  closedOps: number;
  /** The full speed of the open loop, and what a request takes of it: all of its sending and of its reply's reading. */
  openOps: number;
  sendingNs: number;
  schedules: KeptSchedule[];
}

/**
 * Null when a signal ended it. Throws CALIBRATION_FAILED, LibosError.
 * @param progress in shared memory; its phases are the client's
 */
export async function measureSchedules(
  options: ScheduleOptions,
  progress: Float64Array,
): Promise<ScheduleReport | null> {
  const { kinds, durationS } = options;
  const client = new URL('./client.ts', import.meta.url);
  const steps: ScheduleSteps = { connections: CONNECTIONS, durationS, share: SHARE, kinds, progress };
  const ran = await runAgainstNullServer<ScheduleSteps, ScheduleOutcome>(options, client, steps);
  if (ran === null) return null;
  const { idleNs, closedOps, openOps, schedules, pauses } = ran.outcome;
  const sendingNs = 1e9 / openOps;
  const gaps = gapsOf(pauses);
  const seconds = (idleNs.endNs - idleNs.startNs) / 1e9;
  const idleGaps = gaps.filter(({ startNs, endNs }) => startNs >= idleNs.startNs && endNs <= idleNs.endNs);
  const idle = {
    share: idleGaps.reduce((sum, { startNs, endNs }) => sum + endNs - startNs, 0) / 1e9 / seconds,
    perS: idleGaps.length / seconds,
  };
  return {
    idle,
    closedOps,
    openOps,
    sendingNs,
    schedules: schedules.map((one) => judge(one, sendingNs, gaps)),
  };
}

function judge(
  { kind, rateOps, intendedNs, sentNs }: SentRequests,
  sendingNs: number,
  gaps: Gap[],
): KeptSchedule {
  const lateness = latenessOf(intendedNs, sentNs, gaps, sendingNs);
  if (lateness === null) {
    throw new LoadError(
      'CALIBRATION_FAILED',
      `no request of the ${kind} arrivals counts, as the host took too much time: give a longer --duration-s, or let less run beside`,
    );
  }
  const queue = { utilisation: (rateOps * sendingNs) / 1e9, service: sendingNs };
  const expected = kind === 'poisson' ? { meanNs: meanWait(queue), p99Ns: waitQuantile(queue, 0.99) } : null;
  return { kind, rateOps, ...lateness, expected };
}

/** Without those in which garbage was collected: that is the generator's own time. */
function gapsOf({ gaps, gc }: PauseTimes): Gap[] {
  return gaps
    .map(({ start_ns, duration_ns }) => ({ startNs: start_ns, endNs: start_ns + duration_ns }))
    .filter(
      ({ startNs, endNs }) =>
        !gc.some((one) => one.start_ns < endNs && one.start_ns + one.duration_ns > startNs),
    );
}

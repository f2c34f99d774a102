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
  /**
   * What a request takes of the loop, all of its sending and of the reading of its reply: at full speed, where many
   * share a turn, or by this schedule if that is less, as it is where the server is what limits the full speed.
   */
  sendingNs: number;
  /** Of an M/D/1 queue with that time; null for arrivals that are no Poisson process. */
  expected: { meanNs: number; p99Ns: number } | null;
}

export interface ScheduleReport {
  /** What the host took from a loop that does nothing but read the clock: share of the time, and times a second. */
  idle: { share: number; perS: number };
  closedOps: number;
  openOps: number;
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
  const gaps = gapsOf(pauses);
  const takenNs = lengthWithin(gaps, idleNs);
  const lengthNs = idleNs.endNs - idleNs.startNs;
  const idle = {
    share: takenNs / lengthNs,
    perS: gaps.filter((gap) => isWithin(gap, idleNs)).length / (lengthNs / 1e9),
  };
  return { idle, closedOps, openOps, schedules: schedules.map((one) => judge(one, gaps, 1e9 / openOps)) };
}

function judge(sent: SentRequests, gaps: Gap[], atFullSpeedNs: number): KeptSchedule {
  const { kind, rateOps, intendedNs, sentNs, startNs, endNs } = sent;
  const lengthNs = endNs - startNs;
  // Gaps fall into turns with work and into idle ones alike.
  const busyNs = (lengthNs - sent.idleNs) * (1 - lengthWithin(gaps, sent) / lengthNs);
  const sendingNs = Math.min(atFullSpeedNs, busyNs / intendedNs.length);
  const utilisation = (rateOps * sendingNs) / 1e9;
  const lateness = latenessOf(intendedNs, sentNs, gaps, sendingNs);
  if (lateness === null) {
    throw new LoadError(
      'CALIBRATION_FAILED',
      `the ${kind} arrivals say nothing, as the host took too much time: give a longer --duration-s, or let less run beside`,
    );
  }
  const queue = { utilisation, service: sendingNs };
  const expected = kind === 'poisson' ? { meanNs: meanWait(queue), p99Ns: waitQuantile(queue, 0.99) } : null;
  return { kind, rateOps, sendingNs, ...lateness, expected };
}

function isWithin(gap: Gap, { startNs, endNs }: Gap): boolean {
  return gap.startNs >= startNs && gap.endNs <= endNs;
}

/** How long the gaps within that time are, in all. */
function lengthWithin(gaps: readonly Gap[], time: Gap): number {
  return gaps.reduce((sum, gap) => sum + (isWithin(gap, time) ? gap.endNs - gap.startNs : 0), 0);
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

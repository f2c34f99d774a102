/** When several load generators began to measure, by one clock, and how well that is known. */
import type { GeneratorsRecord } from '../../results/formats/index.ts';
import type { TrialClock } from '../machine/trial-host.ts';

/** A moment of our clock by that of a host, both in ns since 1970. */
export function momentThere(moment_ns: bigint, { offset_ns }: Pick<TrialClock, 'offset_ns'>): bigint {
  return moment_ns + BigInt(Math.round(offset_ns));
}

/**
 * @param begins_us of each host, by our clock
 * @param clocks of the hosts, by which that was told: each is wrong by at most its bound
 */
export function beginnings(
  hosts: readonly string[],
  begins_us: readonly number[],
  clocks: readonly Pick<TrialClock, 'bound_ns'>[],
): GeneratorsRecord {
  const first_us = Math.min(...begins_us);
  const told = hosts.map((host, index) => ({
    host,
    began_us: (begins_us[index] as number) - first_us,
    bound_us: (clocks[index] as Pick<TrialClock, 'bound_ns'>).bound_ns / 1000,
  }));
  const last = told.reduce((a, b) => (b.began_us > a.began_us ? b : a));
  const first = told.reduce((a, b) => (b.began_us < a.began_us ? b : a));
  return {
    missing_hosts: [],
    spread_us: last.began_us,
    // Each of the two may be wrong.
    bound_us: first === last ? 0 : first.bound_us + last.bound_us,
    hosts: told,
  };
}

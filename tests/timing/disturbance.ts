/**
 * How much the machine disturbs what a test times, told from the machine and not from the test: how long threads that
 * spin on the cores of a measurement are kept from running, what the hypervisor takes (steal), and how much processor
 * time goes to work that is not the test's own. Shares are of a core. An idle virtual machine may lose a twentieth of
 * each core to what it cannot see: no median moves by that, and what asserts a share of lost time allows for what was
 * measured. The limits below are where medians begin to move.
 */
import { readFileSync } from 'node:fs';
import os from 'node:os';
import { startDataPath } from '../../libos/index.ts';
import type { Spun } from './spinner.ts';

/** The cores that a measurement uses: a server's and a client's. */
export const serverCore = 0;
export const clientCore = os.availableParallelism() - 1;

const SPIN_MS = 400;
const MAX_LOST_SHARE = 0.15;
const MAX_STEAL_SHARE = 0.05;
const MAX_OTHER_WORK = 0.1;

/** Processor time so far, in seconds, of all cores, and of this process with the children that it has waited for. */
export interface ProcessorTimes {
  at_s: number;
  busy_s: number;
  idle_s: number;
  steal_s: number;
  own_s: number;
}

/**
 * Clock ticks of /proc, USER_HZ, are a hundredth of a second on every architecture that Linux still builds
 * for Node.
 */
const TICK_S = 0.01;

export function readProcessorTimes(): ProcessorTimes {
  const [user, nice, system, idle, iowait, irq, softirq, steal] = /^cpu +(.*)$/m
    .exec(readFileSync('/proc/stat', 'utf8'))![1]
    .split(' ')
    .map((ticks) => Number(ticks) * TICK_S) as number[];
  // proc(5): utime, stime, cutime and cstime are fields 14 to 17; field 2 may have spaces, so count from its bracket.
  const self = readFileSync('/proc/self/stat', 'utf8');
  const fields = self.slice(self.lastIndexOf(')') + 2).split(' ');
  const own = fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks) * TICK_S, 0);
  return {
    at_s: performance.now() / 1000,
    busy_s: user + nice + system + irq + softirq,
    idle_s: idle + iowait,
    steal_s: steal,
    own_s: own,
  };
}

export interface Disturbance {
  /** In words; empty where nothing disturbs. */
  found: string[];
  /** What a spinning thread lost of its core, on the core that lost more. */
  lost_share: number;
}

/** What disturbed between two readings, in words; empty where nothing did. */
export function disturbancesBetween(before: ProcessorTimes, after: ProcessorTimes): string[] {
  const elapsed_s = after.at_s - before.at_s;
  const steal = (after.steal_s - before.steal_s) / elapsed_s;
  const other = (after.busy_s - before.busy_s - (after.own_s - before.own_s)) / elapsed_s;
  const idle = (after.idle_s - before.idle_s) / elapsed_s;
  const found: string[] = [];
  if (steal > MAX_STEAL_SHARE) found.push(`the hypervisor took ${percent(steal)} of a core`);
  // Where two cores or more were idle all the time, the other work found room beside the measurement.
  if (other > MAX_OTHER_WORK && idle < 2) found.push(`other work took ${percent(other)} of a core`);
  return found;
}

/** What disturbs the spinning threads, in words. */
export function disturbancesOf(spun: readonly Spun[]): string[] {
  return spun
    .filter(({ lost_share }) => lost_share > MAX_LOST_SHARE)
    .map(
      ({ core, lost_share, longest_ms }) =>
        `a spinning thread lost ${percent(lost_share)} of core ${core}, ${longest_ms.toFixed(1)} ms at once`,
    );
}

/** Spins on both cores at the same time, so that other work cannot step aside to the core that is not looked at. */
export async function measureDisturbance(): Promise<Disturbance> {
  const before = readProcessorTimes();
  const cores = [...new Set([serverCore, clientCore])];
  const spun = await Promise.all(
    cores.map((core) => {
      const url = new URL('./spinner.ts', import.meta.url);
      return startDataPath<{ core: number; ms: number }, null, Spun>(url, { core, ms: SPIN_MS }, core)
        .finished;
    }),
  );
  const all = spun.filter((one) => one !== null);
  return {
    found: [...disturbancesOf(all), ...disturbancesBetween(before, readProcessorTimes())],
    lost_share: Math.max(...all.map(({ lost_share }) => lost_share)),
  };
}

const percent = (share: number): string => `${Math.round(share * 100)} %`;

/** A data path that does nothing but read the clock: what lies between two readings and is long, it did not run. */
import { type DataPathContext, nowNs } from '../../libos/index.ts';

export interface Spun {
  core: number;
  lost_share: number;
  longest_ms: number;
}

/** Longer than an interrupt of the timer takes. */
const LOST_NS = 20_000;
const WARM_UP_NS = 20_000_000;

export function run(context: DataPathContext<{ core: number; ms: number }, null>): Spun {
  context.ready(null);
  const { core, ms } = context.data;
  spin(WARM_UP_NS);
  const { lostNs, longestNs } = spin(ms * 1e6);
  return { core, lost_share: lostNs / (ms * 1e6), longest_ms: longestNs / 1e6 };
}

function spin(ns: number): { lostNs: number; longestNs: number } {
  let lastNs = nowNs();
  const endNs = lastNs + ns;
  let lostNs = 0;
  let longestNs = 0;
  while (lastNs < endNs) {
    const readNs = nowNs();
    const sinceNs = readNs - lastNs;
    if (sinceNs > LOST_NS) {
      lostNs += sinceNs;
      if (sinceNs > longestNs) longestNs = sinceNs;
    }
    lastNs = readNs;
  }
  return { lostNs, longestNs };
}

/** The data path of a survey (survey.ts): reads the distance every 10 ms, and polls in between as a generator does. */
import { nowNs } from '../clock.ts';
import type { DataPathContext } from '../datapath-protocol.ts';
import { type DistanceHelper, DistanceProbe } from './probe.ts';

export const READING_EVERY_MS = 10;
/** Of a reading in the table: when, in s since the start, then what the probe has read, in ns; NaN where it has not. */
export const READING_FIELDS = 6;

export interface SurveyData {
  serverCore: number;
  seconds: number;
  /** Shared: READING_FIELDS for each reading, and room for all of them. */
  table: Float64Array;
  /** Shared: how many there are. */
  taken: Int32Array;
}

/** Returns the helper's processor time for a reading, in ns; null without any. */
export function run(context: DataPathContext<SurveyData, DistanceHelper>): number | null {
  const probe = DistanceProbe.open(context.data.serverCore);
  try {
    context.ready(probe.helper);
    // The first one is late for reasons of its own: the helper's code comes from afar.
    probe.measure();
    const beforeNs = probe.helperNs();
    const readings = survey(context, probe);
    return readings === 0 ? null : (probe.helperNs() - beforeNs) / readings;
  } finally {
    probe.close();
  }
}

function survey(context: DataPathContext<SurveyData, DistanceHelper>, probe: DistanceProbe): number {
  const { seconds, table, taken } = context.data;
  const startNs = nowNs();
  const endNs = startNs + seconds * 1e9;
  let dueNs = startNs;
  let readings = 0;
  while (dueNs < endNs) {
    // A core that sleeps meanwhile wakes slowly, and a hypervisor may give it to somebody else.
    while (nowNs() < dueNs) if (context.stopRequested()) return readings;
    const at = readings * READING_FIELDS;
    table[at] = (nowNs() - startNs) / 1e9;
    if (probe.measure()) table.set(probe.reading, at + 1);
    else table.fill(Number.NaN, at + 1, at + READING_FIELDS);
    Atomics.store(taken, 0, ++readings);
    dueNs = Math.max(dueNs + READING_EVERY_MS * 1e6, nowNs());
  }
  return readings;
}

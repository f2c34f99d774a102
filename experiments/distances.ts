/** Before the first trial: how far apart the cores are that systems and floors are measured on. */
import type { PairDistance } from '../results/formats/index.ts';
import { placementOf } from './config/placement.ts';
import type { Experiment } from './config/schema.ts';
import type { Checkouts } from './machine/checkout.ts';
import { type Cores, surveyPair } from './machine/pair-survey.ts';
import { corePairOf, floorPairOf } from './trial/core-pair.ts';

/** A survey is as long as a measurement, up to this. */
const LONGEST_SURVEY_S = 1;

interface Surveyed {
  experiment: Experiment;
  checkouts: Checkouts;
  /** Ends a survey early. */
  signal: AbortSignal;
}

/** Surveys each pair of cores once, in the order of the systems. */
export async function surveyDistances({ experiment, checkouts, signal }: Surveyed): Promise<PairDistance[]> {
  const { systems, floors, workload } = experiment;
  const pairs = [
    ...systems.map((system) =>
      corePairOf(system, checkouts.get(system.name), placementOf(experiment, system)),
    ),
    ...floors.map(floorPairOf),
  ];
  const distinct = new Map<string, Cores>();
  for (const pair of pairs) {
    if (pair !== null && typeof pair !== 'string') distinct.set(`${pair.server} ${pair.client}`, pair);
  }
  const distances: PairDistance[] = [];
  for (const cores of distinct.values()) {
    distances.push(await surveyPair(cores, Math.min(LONGEST_SURVEY_S, workload.duration_s), signal));
  }
  return distances;
}

/** A line about each pair that changed its distance, and each that could not be surveyed; nothing of the others. */
export function distanceLines(distances: readonly PairDistance[]): string[] {
  return distances.flatMap(({ server, client, survey, unknown }) => {
    const failed = survey !== null && survey.readings > 0 && survey.lost === survey.readings;
    const why = failed ? `the helper never got core ${server} in time` : unknown;
    if (why !== null) return [`the distance of cores ${server} and ${client} is not known: ${why}`];
    if (survey === null || survey.states.length < 2) return [];
    const states = survey.states.map(
      ({ name, median_ns, share }) => `${name} ${Math.round(median_ns)} ns (${Math.round(100 * share)} %)`,
    );
    return [
      `cores ${server} and ${client} change their distance: ${states.join(', ')} of ${survey.seconds} s`,
    ];
  });
}

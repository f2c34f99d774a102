/** How far apart two cores are: their place in the machine, and their distance while nothing else is measured. */
import { coreRelation, LibosError, surveyDistance } from '../../libos/index.ts';
import type { PairDistance } from '../../results/formats/index.ts';
import { findStates } from '../../results/index.ts';

/** The cores of a server and of what measures it. */
export interface Cores {
  client: number;
  server: number;
}

/** Surveys two different cores for so many seconds; where that cannot be, the result says why. */
export async function surveyPair(cores: Cores, seconds: number, signal?: AbortSignal): Promise<PairDistance> {
  const pair = { ...cores, ...placeOf(cores) };
  try {
    return { ...pair, survey: await surveyed(cores, seconds, signal), unknown: null };
  } catch (error) {
    if (!(error instanceof LibosError)) throw error;
    return { ...pair, survey: null, unknown: error.message };
  }
}

type Place = Pick<PairDistance, 'relation' | 'shared_cache' | 'numa'>;

function placeOf({ client, server }: Cores): Place {
  try {
    return coreRelation(client, server);
  } catch (error) {
    if (!(error instanceof LibosError)) throw error;
    return { relation: null, shared_cache: null, numa: 'unknown' };
  }
}

async function surveyed(
  { client, server }: Cores,
  seconds: number,
  signal: AbortSignal | undefined,
): Promise<PairDistance['survey']> {
  const read = await surveyDistance({ cores: [client, server], seconds, ...(signal && { signal }) });
  const medians_ns = read.median_ns.filter((value) => value !== null);
  const readings = read.median_ns.length;
  return {
    seconds,
    helper: read.helper,
    readings,
    lost: readings - medians_ns.length,
    median_ns: middle(medians_ns),
    states: findStates(medians_ns),
    waited_ns: middle(read.waited_ns.filter((value) => value !== null)),
    cost_ns: read.cost_ns,
  };
}

function middle(values: readonly number[]): number | null {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? null;
}

/** Gives each system and floor its cores: those that are named, or a pair that is chosen by its distance. */
import { type CorePair, corePairs } from '../libos/index.ts';
import type { Manifest } from '../results/formats/index.ts';
import { candidatesOf, chosenOf, type MeasuredPair } from './config/core-choice.ts';
import type {
  ConfiguredExperiment,
  ConfiguredFloor,
  ConfiguredSystem,
  CoreDistance,
  Experiment,
  Floor,
  System,
} from './config/schema.ts';
import { availableCores } from './machine/machine.ts';
import { surveyPair } from './machine/pair-survey.ts';

/** Of each pair that a choice is between. */
const SURVEY_S = 1;

interface Measurable<S, F> {
  systems: S[];
  floors: F[];
}

/** The first core of a pair is the server's, the second the client's. */
type Chosen = ReadonlyMap<CoreDistance, CorePair['cores']>;

/**
 * `say` is called with a line for each pair that is chosen, and why. Throws CORES_UNAVAILABLE where this machine has no
 * such pair. `kept`: pairs that were chosen before.
 */
export async function chooseCores(
  configured: ConfiguredExperiment,
  say: (line: string) => void,
  kept: Chosen = new Map(),
): Promise<Experiment> {
  const { systems, floors } = configured;
  const chosen = await choosePairs([...systems, ...floors], say, kept);
  const placed = <T extends Measurable<ConfiguredSystem, ConfiguredFloor>>(
    of: T,
  ): T & Measurable<System, Floor> => ({
    ...of,
    systems: of.systems.map((system) => placedSystem(system, chosen)),
    floors: of.floors.map((floor) => placedFloor(floor, chosen)),
  });
  return { ...placed(configured), points: configured.points.map(placed) };
}

/** The pairs that were chosen for a run that goes on, by what its systems ask for. */
export function chosenBefore({ systems }: ConfiguredExperiment, manifest: Manifest): Chosen {
  const kept = new Map<CoreDistance, CorePair['cores']>();
  for (const system of systems) {
    const choice = choiceOf(system);
    const before = manifest.systems.find(({ name }) => name === system.name);
    const [server, client] = [before?.server_cores[0], before?.client_cores[0]];
    if (choice !== null && server !== undefined && client !== undefined) kept.set(choice, [server, client]);
  }
  return kept;
}

/** The same of one system. */
export async function chooseCoresOf(system: ConfiguredSystem, say: (line: string) => void): Promise<System> {
  return placedSystem(system, await choosePairs([system], say));
}

type Subject = Pick<ConfiguredSystem, 'cores'> | Pick<ConfiguredFloor, 'cores'>;

function choiceOf({ cores }: Subject): CoreDistance | null {
  return cores === undefined || Array.isArray(cores) ? null : cores.distance;
}

async function choosePairs(
  subjects: readonly Subject[],
  say: (line: string) => void,
  kept: Chosen = new Map(),
): Promise<Chosen> {
  const wanted = new Set(
    subjects.flatMap((subject) => choiceOf(subject) ?? []).filter((one) => !kept.has(one)),
  );
  const chosen = new Map(kept);
  if (wanted.size === 0) return chosen;
  const pairs = corePairs(availableCores());
  // Whatever cannot be is found before anything is measured.
  const choices = [...wanted].map((distance) => ({ distance, candidates: candidatesOf(distance, pairs) }));
  const surveyed = new Map<CorePair, MeasuredPair>();
  for (const { distance, candidates } of choices) {
    const isMeasured = candidates.length > 1;
    const measured: MeasuredPair[] = [];
    for (const pair of candidates) {
      const one = surveyed.get(pair) ?? { pair, median_ns: isMeasured ? await medianOf(pair) : null };
      if (isMeasured) surveyed.set(pair, one);
      measured.push(one);
    }
    const { pair, why } = chosenOf(distance, measured);
    const [server, client] = pair.cores;
    say(`cores: { distance: ${distance} }: core ${server} for servers and ${client} for clients: ${why}`);
    chosen.set(distance, pair.cores);
  }
  return chosen;
}

async function medianOf({ cores: [server, client] }: CorePair): Promise<number | null> {
  const { survey } = await surveyPair({ client, server }, SURVEY_S);
  return survey?.median_ns ?? null;
}

/** checks.ts has refused a system that neither names its cores nor has them chosen. */
function placedSystem(system: ConfiguredSystem, chosen: Chosen): System {
  const pair = system.cores && chosen.get(system.cores.distance);
  const server_cores = pair ? [pair[0]] : system.server_cores;
  const core = pair ? pair[1] : system.client.core;
  if (server_cores === undefined || core === undefined) throw new Error(`${system.name} has no cores`);
  return { ...system, server_cores, client: { ...system.client, core } };
}

function placedFloor(floor: ConfiguredFloor, chosen: Chosen): Floor {
  const { cores } = floor;
  return { ...floor, cores: Array.isArray(cores) ? cores : [...chosen.get(cores.distance)!] };
}

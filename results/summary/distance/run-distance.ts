/**
 * The distances of a run: the states of each pair of cores, over all readings that there are of it, and the one state
 * in which everything of the run is compared.
 */
import {
  type MeasurementTarget,
  pointName,
  type SlicesFile,
  targetsOf,
  usualSlices,
} from '../../formats/index.ts';
import { type Run, sameTarget } from '../../run/run-folder.ts';
import { formatCount } from '../../text/format.ts';
import { companyLimit } from './company.ts';
import {
  type CompanyRule,
  readingsOf,
  type Sharing,
  type SliceState,
  statesOfSlices,
  tooFast,
  whyUnread,
} from './slice-states.ts';
import { type DistanceState, findStates } from './states.ts';

/** Between two cores, whichever of them the server had. */
export interface PairStates {
  cores: [number, number];
  readings: number;
  /** Nearest first. */
  states: DistanceState[];
  /** Why no slice has a state, half a sentence; null where slices have one. */
  tooFast: string | null;
  /** Other slices are of no state; null where all are of that of their distance. */
  company: CompanyRule | null;
}

/** What is known of others who used the cores. */
export interface Company {
  /** Slices in which a core was shared at an end, of those with a state of distance. */
  share: number;
  /** The cores that were shared, and no others, in the slices that count; null where all count. */
  compared: Sharing | null;
}

/** The order in which they are tried. */
const SHARINGS: readonly Sharing[] = ['neither', 'both', 'client', 'server'];

export interface RunDistance {
  /** Those with most readings first; none where nobody measured. */
  pairs: PairStates[];
  /** Name of the state that everything is compared in; null where there is one only, or none has enough of all. */
  chosen: string | null;
  /** The same of each operation: where no state has enough of all, one may have of some. */
  of_targets: { target: MeasurementTarget; chosen: string | null }[];
  /** Half a sentence. */
  why: string;
  /** What lacks slices of the state that it is compared in: repetitions, which keep no state from being chosen. */
  lacking: StateCount[];
  /** Null where no core is known to have had company at times. */
  company: Company | null;
  /** The pairs by each rule of company, `neither` first; none where no core had company. */
  alike: { sharing: Sharing; pairs: PairStates[] }[];
}

/** What each system and floor is to have of a state, at each target. */
export interface Wanted {
  slices: number;
  /** In which there are enough for a value; or in all that measured the distance, where these are fewer. */
  trials: number;
}

/** What one system or floor has of one state, at one target. */
export interface StateCount {
  subject: string;
  target: MeasurementTarget;
  slices: number;
  /** Numbers of the trials that have enough of them for a value, and how many there could be. */
  trials: number[];
  of_trials: number;
  enough: boolean;
  /** Of a system that repeats another one: it shows the noise, and nothing is compared with it but that other one. */
  is_repetition: boolean;
}

/** Fewer slices of the usual length do not make a value of a trial. */
export const FEWEST_SLICES = 3;
/** So many are named that lack slices of a state. */
const MOST_NAMED = 2;
/** What is enough where the manifest does not say how many slices are. */
const ENOUGH: Wanted = { slices: 20, trials: 3 };

/** `wanted`: what is enough; as the manifest has it where left out. */
export function distanceOfRun(run: Run, wanted = wantedOf(run)): RunDistance {
  const files = slicesFiles(run);
  const pairs = pairsOf(files);
  const limits = companyLimits(files);
  if (limits === null) return { ...decide(run, wanted, files, pairs), company: null, alike: [] };
  const alike = SHARINGS.map((sharing) => ({
    sharing,
    pairs: pairs.map((pair) => ({ ...pair, company: { limits, sharing } })),
  }));
  const share = companyShare(files, alike[0].pairs);
  // As few as may be are compared while others use their cores. Where too few slices are alike in that, all count.
  for (const { sharing, pairs: ofRule } of alike) {
    const decided = decide(run, wanted, files, ofRule);
    if (decided.chosen !== null) return { ...decided, company: { share, compared: sharing }, alike };
  }
  return { ...decide(run, wanted, files, pairs), company: { share, compared: null }, alike };
}

function companyShare(files: SlicesFile[], pairs: PairStates[]): number {
  const states = files.flatMap((file) => sliceStates({ pairs }, file));
  const company = states.filter((state) => state === 'company').length;
  const known = states.filter((state) => typeof state === 'object').length;
  return company === 0 ? 0 : company / (company + known);
}

function decide(
  run: Run,
  wanted: Wanted,
  files: SlicesFile[],
  pairs: PairStates[],
): Omit<RunDistance, 'company' | 'alike'> {
  const names = stateNames(pairs);
  if (names.length === 0) {
    const why = pairs.length === 0 ? whyUnread(files) : whyNoStates(pairs);
    return { pairs, chosen: null, of_targets: [], why, lacking: [] };
  }
  const counts = names.map((name) => ({ name, of: countState(run, pairs, name, wanted) }));
  const chosen = counts.find(({ of }) => !of.some(keepsBack));
  const of_targets = run.manifest.plan.measurements.map((target) => {
    const first = counts.find(
      ({ of }) => !of.some((one) => sameTarget(one.target, target) && keepsBack(one)),
    );
    return { target, chosen: (chosen ?? first)?.name ?? null };
  });
  const lacking = counts.flatMap(({ name, of }) =>
    of.filter(({ target, enough }) => !enough && chosenFor({ of_targets }, target) === name),
  );
  const why = chosen
    ? `every system and floor has at least ${formatCount(wanted.slices)} slices of it` +
      (lacking.length === 0 ? '' : ', apart from a repetition') +
      (chosen.name === names[0] ? '' : `, but not of ${counts[0].name}: ${whatLacks(counts[0].of)}`)
    : `no state has ${formatCount(wanted.slices)} slices in ${nameTrials(wanted.trials)} of every system and floor; ` +
      counts.map(({ name, of }) => `${name}: ${whatLacks(of)}`).join('; ');
  return { pairs, chosen: chosen?.name ?? null, of_targets, why, lacking };
}

/** Name of the state that an operation is compared in; null as of the run's. */
export function chosenFor(
  { of_targets }: Pick<RunDistance, 'of_targets'>,
  target: MeasurementTarget,
): string | null {
  return of_targets.find((one) => sameTarget(one.target, target))?.chosen ?? null;
}

/** Whether it keeps a state from being chosen. */
export function keepsBack({ enough, is_repetition }: StateCount): boolean {
  return !enough && !is_repetition;
}

function wantedOf({ manifest: { plan } }: Run): Wanted {
  // Trials that were added for want of slices are more than were wanted.
  // Of joined runs none was planned for all.
  const trials = Math.min(ENOUGH.trials, plan.trials - plan.added_trials || plan.trials);
  return { slices: plan.distance?.slices ?? ENOUGH.slices, trials };
}

/** The pair of cores of a window, and null where the distance was not measured. */
export function pairOf({ pairs }: Pick<RunDistance, 'pairs'>, file: SlicesFile | null): PairStates | null {
  if (file === null || readingsOf(file).length === 0) return null;
  const key = keyOf(file);
  return pairs.find(({ cores }) => cores.join() === key) ?? null;
}

/** The state of each slice of a window. */
export function sliceStates(distance: Pick<RunDistance, 'pairs'>, file: SlicesFile): SliceState[] {
  const pair = pairOf(distance, file);
  if (pair === null || pair.tooFast !== null) return file.slices.map(() => 'unknown');
  return statesOfSlices(pair.states, file, pair.company);
}

/** Whether the pair has states to tell apart. */
export function hasStates(pair: PairStates | null): pair is PairStates {
  return pair !== null && pair.tooFast === null && (pair.states.length > 1 || pair.company !== null);
}

/** The name that a pair has for a state of the run: where it has a single one it is in that, whatever others are in. */
export function stateIn({ states }: PairStates, name: string | null): string | null {
  return name !== null && states.length === 1 ? states[0].name : name;
}

/** What each system and floor has of a state, in the order of the plan. Those without states need none. */
export function countState(run: Run, pairs: PairStates[], name: string, wanted: Wanted): StateCount[] {
  const { systems, floors } = run.manifest;
  const repetitions = new Set(systems.filter(({ repeats }) => repeats !== null).map(({ name }) => name));
  return [...systems, ...floors].flatMap(({ name: subject }) =>
    targetsOf(run.manifest, subject).flatMap((target) => {
      const known = filesOf(run, subject, target).flatMap(({ trial, file }) => {
        const pair = pairOf({ pairs }, file);
        return hasStates(pair) ? [{ trial, file, of: stateIn(pair, name) }] : [];
      });
      if (known.length === 0) return [];
      const counted = known.map(({ trial, file, of }) => {
        const states = sliceStates({ pairs }, file);
        const ofState = file.slices.filter((_, index) => isNamed(states[index], of));
        return { trial, count: ofState.reduce((sum, slice) => sum + usualSlices(slice), 0) };
      });
      const slices = counted.reduce((sum, { count }) => sum + count, 0);
      const trials = counted.filter(({ count }) => count >= FEWEST_SLICES).map(({ trial }) => trial);
      const enough = slices >= wanted.slices && trials.length >= Math.min(wanted.trials, known.length);
      const is_repetition = repetitions.has(subject);
      return [{ subject, target, slices, trials, of_trials: known.length, enough, is_repetition }];
    }),
  );
}

function isNamed(state: SliceState, name: string | null): boolean {
  return typeof state === 'object' && state.name === name;
}

/** Names of the states that there are to choose from, nearest first: those of the pair that has the most. */
export function stateNames(pairs: PairStates[]): string[] {
  const most = pairs.filter(hasStates).toSorted((a, b) => b.states.length - a.states.length)[0];
  return most?.states.map(({ name }) => name) ?? [];
}

/** Why there is nothing to choose, half a sentence. */
function whyNoStates(pairs: PairStates[]): string {
  return pairs.find((pair) => pair.tooFast !== null)?.tooFast ?? 'there is one state only';
}

/** "redis GET has 0, kv-kernel SET has 75 in 2 trials and 4 more have too few" */
function whatLacks(counts: StateCount[]): string {
  const lacking = counts.filter(keepsBack);
  const named = lacking.slice(0, MOST_NAMED).map(({ subject, target, slices, trials }) => {
    const where = slices > 0 ? ` in ${nameTrials(trials.length)}` : '';
    const name = [subject, target.operation.toUpperCase(), pointName(target.at)].filter(Boolean).join(' ');
    return `${name} has ${formatCount(slices)}${where}`;
  });
  const more = lacking.length - named.length;
  return `${named.join(', ')}${more > 0 ? ` and ${more} more have too few` : ''}`;
}

/** "1 trial" */
export function nameTrials(trials: number): string {
  return `${trials} ${trials === 1 ? 'trial' : 'trials'}`;
}

/** All slices count in them. */
function pairsOf(files: SlicesFile[]): PairStates[] {
  const measured = files.filter((file) => readingsOf(file).length > 0);
  return [...Map.groupBy(measured, keyOf)]
    .map(([key, ofPair]): PairStates => {
      const readings = ofPair.flatMap(readingsOf);
      const states = findStates(readings);
      const [low, high] = key.split(',').map(Number);
      return {
        cores: [low, high],
        readings: readings.length,
        states,
        tooFast: tooFast(states, ofPair),
        company: null,
      };
    })
    .sort((a, b) => b.readings - a.readings);
}

/** By core; null where none shows any. */
function companyLimits(files: SlicesFile[]): CompanyRule['limits'] | null {
  const cores = new Set(files.flatMap(({ cores }) => (cores === null ? [] : [cores.client, cores.server])));
  const limits = [...cores].flatMap((core): [number, number][] => {
    const limit = companyLimit(files.flatMap((file) => workOn(core, file)));
    return limit === null ? [] : [[core, limit]];
  });
  return limits.length === 0 ? null : new Map(limits);
}

function workOn(core: number, { cores, probes }: SlicesFile): number[] {
  return probes.flatMap(({ client_work_ns, server_work_ns }) => [
    ...(cores?.client === core && client_work_ns !== null ? [client_work_ns] : []),
    ...(cores?.server === core && server_work_ns !== null ? [server_work_ns] : []),
  ]);
}

function keyOf({ cores }: SlicesFile): string {
  return cores === null ? '' : [cores.client, cores.server].sort((a, b) => a - b).join();
}

/** Of all measurements of the run, those with stamps too. */
function slicesFiles({ trials }: Run): SlicesFile[] {
  return trials
    .flatMap(({ measurements }) => measurements)
    .flatMap(({ recording, stamped }) => [recording?.slices, stamped?.slices].flatMap((file) => file ?? []));
}

/** Of the trials of a system or a floor. */
function filesOf(
  run: Run,
  subject: string,
  target: MeasurementTarget,
): { trial: number; file: SlicesFile }[] {
  return run.trials
    .filter(({ trial }) => trial.subject === subject)
    .flatMap(({ trial: { trial }, measurements }) =>
      measurements
        .filter(({ measurement }) => sameTarget(measurement, target))
        .flatMap(({ recording }) => (recording?.slices ? [{ trial, file: recording.slices }] : [])),
    );
}

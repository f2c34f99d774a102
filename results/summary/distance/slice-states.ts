/** The state of each slice of a window: the one that the readings at both its ends agree on. */
import type { Probe, SlicesFile } from '../../formats/index.ts';
import { formatPercent } from '../../text/format.ts';
import { type DistanceState, stateAt } from './states.ts';

/**
 * `mixed`: the ends disagree, or lie in a gap between states. `company`: at an end other cores were shared than those
 * that are to be (company.ts). `unknown`: there is no reading at an end.
 */
export type SliceState = DistanceState | 'mixed' | 'company' | 'unknown';

/** Which of the two cores are shared with others. */
export type Sharing = 'neither' | 'both' | 'client' | 'server';

/** Slices count in which these cores, and no others, were shared at both ends. */
export interface CompanyRule {
  /** By core: work that takes longer there had company. */
  limits: ReadonlyMap<number, number>;
  sharing: Sharing;
}

/** Fewer slices with a state at both ends do not show how fast states change. */
const FEWEST_SLICES = 10;
/** Where no more slices than these are mixed, agreeing ends can be trusted. */
const MIXED_SHARE = 0.1;
/** Beyond this share of what ends would give that know nothing of each other, agreeing ones say little. */
const OF_INDEPENDENT = 0.5;

/** The distance to the server; null where there is no reading, or the server was on another core than its own. */
export function distanceOf({ median_ns, server_core }: Probe, cores: SlicesFile['cores']): number | null {
  return cores === null || (server_core !== null && server_core !== cores.server) ? null : median_ns;
}

/** All readings of a window that say something of the distance, in ns and in their order. */
export function readingsOf({ probes, cores }: SlicesFile): number[] {
  return probes.flatMap((probe) => distanceOf(probe, cores) ?? []);
}

/** Why windows have no reading that says something, half a sentence. */
export function whyUnread(files: readonly SlicesFile[]): string {
  if (files.length === 0) return 'it was not measured';
  const said = files.find(({ unknown }) => unknown !== null)?.unknown;
  if (said) return said;
  const isElsewhere = files.some(({ probes, cores }) =>
    probes.some((probe) => probe.median_ns !== null && distanceOf(probe, cores) === null),
  );
  return isElsewhere
    ? 'the server was on another core than its own'
    : "the helper did not get the server's core in time for a reading";
}

/** From the readings before and behind a slice. */
export function stateOfSlice(
  states: readonly DistanceState[],
  before_ns: number | null,
  behind_ns: number | null,
): SliceState {
  if (before_ns === null || behind_ns === null) return 'unknown';
  const state = stateAt(states, before_ns);
  return state !== null && state === stateAt(states, behind_ns) ? state : 'mixed';
}

/** One for each slice of a window. */
export function statesOfSlices(
  states: readonly DistanceState[],
  file: SlicesFile,
  rule: CompanyRule | null = null,
): SliceState[] {
  const distances_ns = file.probes.map((probe) => distanceOf(probe, file.cores));
  const isOther = file.probes.map(
    (probe) => rule !== null && sharingAt(probe, file.cores, rule) !== rule.sharing,
  );
  return file.slices.map((_, index) => {
    const state = stateOfSlice(states, distances_ns[index] ?? null, distances_ns[index + 1] ?? null);
    return typeof state === 'object' && (isOther[index] || isOther[index + 1]) ? 'company' : state;
  });
}

function sharingAt(
  { client_work_ns, server_work_ns }: Probe,
  cores: SlicesFile['cores'],
  { limits }: CompanyRule,
): Sharing {
  const isShared = (core: number | undefined, work_ns: number | null): boolean =>
    core !== undefined && work_ns !== null && work_ns > (limits.get(core) ?? Number.POSITIVE_INFINITY);
  const client = isShared(cores?.client, client_work_ns);
  const server = isShared(cores?.server, server_work_ns);
  if (client && server) return 'both';
  return client ? 'client' : server ? 'server' : 'neither';
}

/**
 * Whether the states change so fast that ends which agree say little of the time between them; then why, half a
 * sentence, else null. If the ends of slices knew nothing of each other, 1 - sum of p² of them would disagree, with p
 * the shares of the states among the ends: 2p(1 - p) of two states.
 */
export function tooFast(states: readonly DistanceState[], files: readonly SlicesFile[]): string | null {
  const ends = files.flatMap((file) => {
    const known = file.probes.map((probe) => stateAt(states, distanceOf(probe, file.cores)));
    return file.slices.flatMap((_, index) => {
      const [before, behind] = [known[index] ?? null, known[index + 1] ?? null];
      return before !== null && behind !== null ? [[before, behind]] : [];
    });
  });
  if (ends.length < FEWEST_SLICES) return null;
  const mixed = ends.filter(([before, behind]) => before !== behind).length / ends.length;
  const independent = 1 - states.reduce((sum, state) => sum + shareOf(state, ends) ** 2, 0);
  if (mixed <= Math.max(MIXED_SHARE, OF_INDEPENDENT * independent)) return null;
  return (
    `it changes faster than slices of time pass: the ends of ${formatPercent(mixed)} of them disagree, and of ` +
    `${formatPercent(independent)} they would if they had nothing to do with each other`
  );
}

function shareOf(state: DistanceState, ends: DistanceState[][]): number {
  return ends.flat().filter((other) => other === state).length / (2 * ends.length);
}

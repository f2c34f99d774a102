/** What a summary holds that is not valid, gathered so that equal reasons are said once. */
import type { Measured, MeasurementTarget, Statistic, Summary } from '../formats/index.ts';
import { statistics } from '../formats/index.ts';
import type { Doubt, State } from '../summary/doubt.ts';
import { formatCount, formatNumber } from '../text/format.ts';
import { axisWords } from './load.ts';

/** A point, or a floor, under the name that it is shown by. */
type Named = Measured & { system: string; label: string };

/** What stands behind a number that is not valid, in figures and tables. */
export const marks: Record<State, string> = { valid: '', suspect: '?', invalid: '✗' };

export const MARKS_MEANING = '? suspect, ✗ invalid: backs no claim';

export const statisticNames: Record<Statistic, string> = {
  p50: 'p50',
  p99: 'p99',
  p999: 'p99.9',
  throughput: 'throughput',
  stages: 'stages',
};

/** One or more reasons that concern the same statistics of the same points. */
export interface SharedDoubt {
  system: string;
  label: string;
  /** "SET and GET"; with the number of clients and the value size where these differ between points. */
  targets: string;
  /** "p50 and throughput"; "all statistics" of those that were measured. */
  about: string;
  state: Doubt['state'];
  reasons: string[];
}

/**
 * One doubt for each system, state, and set of statistics and points with the same reasons, in the order of the points.
 * `only`: doubts about these statistics and no others.
 */
export function doubts(points: Named[], only: readonly Statistic[] = statistics): SharedDoubt[] {
  const each = points.flatMap((point) =>
    doubtsAbout(point, only).map((doubt) => ({ ...doubt, system: point.system, point })),
  );
  const alike = Map.groupBy(each, ({ system, state, about, reasons }) =>
    JSON.stringify([system, state, about, reasons]),
  );
  return [...alike.values()].map((same) => {
    const { point, about, state, reasons } = same[0];
    const targets = same.map((one) => nameTarget(one.point, points)).join(' and ');
    return { system: point.system, label: point.label, targets, about, state, reasons };
  });
}

/** More doubts than these, which differ in their numbers alone, are said by their kinds. */
const MOST_SAID = 6;

/** Whether `found` are said by their kinds: of a sweep, and of many points. */
export function areSaidByKind({ axes }: Pick<Summary, 'axes'>, found: readonly SharedDoubt[]): boolean {
  return axes.length > 0 || found.length > MOST_SAID;
}

/** A reason that many points have, each with its own numbers. */
export interface DoubtKind {
  state: Doubt['state'];
  about: string;
  /** "p99 suspect at 12 of 30 points: 8 of redis, 4 of kv-kernel", or with the one point that has it. */
  heading: string;
  /** That of the first point, and which one that is. */
  reason: string;
}

/**
 * Of many points, which would fill pages with reasons that differ in their numbers alone. Invalid ones first. What
 * makes a statistic invalid stands first among its reasons; one that stands behind, and leaves other points suspect, is
 * said of both as suspect.
 */
export function doubtKinds(points: Named[], only: readonly Statistic[] = statistics): DoubtKind[] {
  const each = points.flatMap((point) =>
    doubtsAbout(point, only).flatMap(({ reasons, ...doubt }) =>
      reasons.map((reason) => ({ ...doubt, reason, kind: kindOf(reason), point })),
    ),
  );
  const suspect = new Set(each.filter(({ state }) => state === 'suspect').map(({ kind }) => kind));
  const found = each.map((doubt) =>
    suspect.has(doubt.kind) && !isFirst(doubt, only) ? { ...doubt, state: 'suspect' as const } : doubt,
  );
  const kinds = Map.groupBy(found, ({ state, about, kind }) => JSON.stringify([state, about, kind]));
  return [...kinds.values()]
    .map((same) => {
      const [{ state, about, reason, point }] = same;
      const first = `${point.system}, ${nameTarget(point, points)}`;
      if (same.length === 1) return { state, about, heading: `${first}: ${about} ${state}`, reason };
      const counts = [...Map.groupBy(same, (one) => one.point.system)].map(
        ([system, ofSystem]) => `${ofSystem.length} of ${system}`,
      );
      const heading = `${about} ${state} at ${same.length} of ${points.length} points: ${counts.join(', ')}`;
      return { state, about, heading, reason: `${reason} (${first})` };
    })
    .sort((a, b) => Number(b.state === 'invalid') - Number(a.state === 'invalid'));
}

/** Whether it is what first made one of these statistics of its point what it is. */
function isFirst({ reason, point }: { reason: string; point: Named }, about: readonly Statistic[]): boolean {
  return about.some((statistic) => point.verdicts[statistic]?.reasons[0] === reason);
}

/** A reason without its numbers, and without how many trials it names. */
function kindOf(reason: string): string {
  return reason.replace(/^Trials? [\d, and]+/, 'Trials ').replaceAll(/\d[\d,.]*/g, '#');
}

/** The doubts about one point: reasons about the same statistics stand together. */
function doubtsAbout(
  { verdicts }: Named,
  only: readonly Statistic[],
): Pick<SharedDoubt, 'about' | 'state' | 'reasons'>[] {
  const measured = only.filter((statistic) => verdicts[statistic] !== null);
  const reasonsOf = (state: Doubt['state'], statistic: Statistic): string[] =>
    verdicts[statistic]?.state === state ? verdicts[statistic].reasons : [];
  return (['invalid', 'suspect'] as const).flatMap((state) => {
    const reasons = new Set(measured.flatMap((statistic) => reasonsOf(state, statistic)));
    const byStatistics = Map.groupBy(reasons, (reason) => {
      const about = measured.filter((statistic) => reasonsOf(state, statistic).includes(reason));
      const names = about.map((statistic) => statisticNames[statistic]);
      return measured.length > 1 && about.length === measured.length ? 'all statistics' : listed(names);
    });
    return [...byStatistics].map(([about, same]) => ({ about, state, reasons: same }));
  });
}

/** "a", "a and b", "a, b and c". */
export function listed(names: string[]): string {
  return names.length < 2 ? names.join() : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}

/** "GET", or "GET with 8 clients", "GET of 64 bytes", "GET at offered rate 20,000" where `among` holds others. */
export function nameTarget(point: MeasurementTarget, among: MeasurementTarget[]): string {
  const operation = point.operation.toUpperCase();
  const clients = among.some((other) => other.clients !== point.clients)
    ? ` with ${formatCount(point.clients)} ${point.clients === 1 ? 'client' : 'clients'}`
    : '';
  const bytes = among.some((other) => other.value_bytes !== point.value_bytes)
    ? ` of ${formatCount(point.value_bytes)} ${point.value_bytes === 1 ? 'byte' : 'bytes'}`
    : '';
  const axes = Object.entries(point.at)
    .filter(([name]) => name !== 'clients' && name !== 'value_bytes')
    .filter(([name, value]) => among.some(({ at }) => at[name] !== value))
    .map(
      ([name, value]) => ` at ${axisWords(name)} ${typeof value === 'number' ? formatNumber(value) : value}`,
    );
  return operation + clients + bytes + axes.join('');
}

/** What a summary holds that is not valid, gathered so that equal reasons are said once. */
import type { Measured, MeasurementTarget, Statistic } from '../formats/index.ts';
import { statistics } from '../formats/index.ts';
import type { Doubt, State } from '../summary/doubt.ts';
import { formatCount, formatNumber } from '../text/format.ts';

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

/** A reason that many points of a sweep have, each with its own numbers. */
export interface DoubtKind {
  state: Doubt['state'];
  about: string;
  /** "p99 suspect at 12 of 30 points: 8 of redis, 4 of kv-kernel", or with the one point that has it. */
  heading: string;
  /** That of the first point, and which one that is. */
  reason: string;
}

/** Of a sweep: its points would fill pages with reasons that differ in their numbers alone. Invalid ones first. */
export function doubtKinds(points: Named[], only: readonly Statistic[] = statistics): DoubtKind[] {
  const each = points.flatMap((point) =>
    doubtsAbout(point, only).flatMap(({ reasons, ...doubt }) =>
      reasons.map((reason) => ({ ...doubt, reason, point })),
    ),
  );
  const kinds = Map.groupBy(each, ({ state, about, reason }) =>
    JSON.stringify([state, about, kindOf(reason)]),
  );
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

/** "GET", or "GET with 8 clients", "GET of 64 bytes", "GET at pipeline 16" where `among` holds others. */
export function nameTarget(point: MeasurementTarget, among: MeasurementTarget[]): string {
  const operation = point.operation.toUpperCase();
  const clients = among.some((other) => other.clients !== point.clients)
    ? ` with ${formatCount(point.clients)} ${point.clients === 1 ? 'client' : 'clients'}`
    : '';
  const bytes = among.some((other) => other.value_bytes !== point.value_bytes)
    ? ` of ${formatCount(point.value_bytes)} bytes`
    : '';
  const axes = Object.entries(point.at)
    .filter(([name]) => name !== 'clients' && name !== 'value_bytes')
    .filter(([name, value]) => among.some(({ at }) => at[name] !== value))
    .map(([name, value]) => ` at ${name} ${typeof value === 'number' ? formatNumber(value) : value}`);
  return operation + clients + bytes + axes.join('');
}

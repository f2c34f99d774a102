/** The distance of the cores in words: at which one a run is compared, which others there were, where it is unknown. */
import type { Summary } from '../formats/index.ts';
import type { Sharing } from '../summary/distance/slice-states.ts';
import { formatDistance, formatPercent } from '../text/format.ts';
import { listed, nameTarget } from './doubts.ts';
import { floorRows } from './rows.ts';

type Distance = NonNullable<Summary['distance']>;
type State = Distance['states'][number];

/** In the caption; nothing where it is unknown. */
export function distanceOfFigure(summary: Summary): string[] {
  const { distance } = summary;
  if (!distance || distance.too_fast) return [];
  const { states } = distance;
  if (states.length === 1) return [`Core distance ${formatDistance(states[0])}${companyInWords(distance)}.`];
  return comparedIn(summary).map(({ state, operations }) => {
    const of = operations && listed(operations);
    if (state === null) {
      return `${of ? `${of} in a` : 'A'} mixture of core distances: ${states.map(briefly).join(', ')}.`;
    }
    return `${of ? `${of} at` : 'At'} a core distance of ${named(state)}, ${share(state)}${companyInWords(distance)}.`;
  });
}

/** Below a table: the same, what else there was, and where the distance is unknown. */
export function distanceNotes(summary: Summary): string[] {
  const { distance } = summary;
  const compared = comparedIn(summary).map(({ state }) => state);
  // A mixture is said to be one of all of them.
  const isMixed = !distance || compared.includes(null);
  const others = isMixed ? [] : distance.states.filter((state) => !compared.includes(state));
  return [
    ...distanceOfFigure(summary),
    ...(others.length > 0 ? [`Other core distances: ${each(others)}.`] : []),
    ...unknownDistances(summary),
  ];
}

/** How the distance was measured, and what was made of it; for the text of the figure. */
export function distanceMethod(summary: Summary): string[] {
  const { distance } = summary;
  if (!distance || distance.too_fast) return unknownDistances(summary);
  const read = `The distance of cores ${distance.cores.join(' and ')}, a cache line's way there and back,`;
  const [only, ...more] = distance.states;
  if (more.length === 0) {
    return [
      `${read} was ${formatDistance(only)} all of the time.`,
      ...company(distance),
      ...unknownDistances(summary),
    ];
  }
  const how = `${read} was read between slices of the measured time and changed: ${each(distance.states)}.`;
  const compared = comparedIn(summary).map(({ state, operations }) => {
    const latencies = operations ? `Latencies of ${listed(operations)}` : 'All latencies';
    return state
      ? `${latencies} are of slices with ${named(state)} at both ends.`
      : `${latencies} are of all of the time, since ${distance.why}.`;
  });
  return [how, ...compared, ...company(distance), ...leftOut(summary), ...unknownDistances(summary)];
}

export const sharingInWords: Record<Sharing, string> = {
  neither: 'neither core shared with others',
  both: 'both cores shared with others',
  client: "the client's core shared with others",
  server: "the server's core shared with others",
};

function companyInWords({ company }: Distance): string {
  return company?.compared ? `, ${sharingInWords[company.compared]}` : '';
}

/** Who else used the cores. */
function company({ company: found }: Distance): string[] {
  if (!found) return [];
  const { share: shared, compared } = found;
  return [
    `At the ends of ${formatPercent(shared)} of the slices others used a core too: work that keeps all of its units busy took longer.`,
    compared
      ? `Those slices count that had ${sharingInWords[compared]} at both ends.`
      : 'Too few slices are alike in that, so all count.',
  ];
}

/** What a reading disturbed. */
function leftOut({ points, floors }: Summary): string[] {
  const without = [...points, ...floorRows(floors)].filter(({ after_probe }) => after_probe?.left_out);
  if (without.length === 0) return [];
  const labels = [...new Set(without.map(({ label }) => label))];
  return [`Requests sent right behind a reading took another time and are left out of ${listed(labels)}.`];
}

/** A sentence for each reason; names those that it concerns where these are not all. */
export function unknownDistances({ points, floors }: Summary): string[] {
  const rows = [...points, ...floorRows(floors)];
  const reasons = Map.groupBy(
    rows.filter((row) => row.distance_unknown !== null),
    (row) => row.distance_unknown!,
  );
  return [...reasons].map(([reason, concerned]) => {
    const systems = [...new Set(concerned.map(({ system }) => system))];
    const of = concerned.length === rows.length ? '' : ` of ${listed(systems)}`;
    return `Core distance unknown${of}: ${reason}.`;
  });
}

interface Compared {
  /** Null for the mixture. */
  state: State | null;
  /** Upper-case; null for all. */
  operations: string[] | null;
}

/** The states that points are compared in, the mixture last; nothing where none is known. */
export function comparedIn({ distance, points, floors }: Summary): Compared[] {
  if (!distance) return [];
  const { states, chosen } = distance;
  const found = (name: string | null): State | null => states.find((state) => state.name === name) ?? null;
  const known = [...points, ...floorRows(floors)].filter(({ by_state }) => by_state.length > 0);
  const names = Map.groupBy(known, ({ state }) => state);
  if (chosen !== null || names.size < 2) {
    const [only = null] = names.keys();
    return [{ state: found(chosen ?? only), operations: null }];
  }
  return [...states, null].flatMap((state) => {
    const rows = names.get(state?.name ?? null) ?? [];
    const operations = [...new Set(rows.map((row) => nameTarget(row, known)))];
    return operations.length > 0 ? [{ state, operations }] : [];
  });
}

/** "104 to 126 ns (near)" */
function named(state: State): string {
  return `${formatDistance(state)} (${state.name})`;
}

/** "31 % near (104 to 126 ns)" */
function briefly(state: State): string {
  return `${formatPercent(state.share)} ${state.name} (${formatDistance(state)})`;
}

/** "104 to 126 ns (near), 31 % of the time; 409 to 535 ns (far), 68 %" */
function each(states: State[]): string {
  return states
    .map((state, index) => `${named(state)}, ${index === 0 ? share(state) : formatPercent(state.share)}`)
    .join('; ');
}

function share(state: State): string {
  return `${formatPercent(state.share)} of the time`;
}

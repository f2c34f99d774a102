/**
 * Two runs at the same distance of the cores: of a point of each, the numbers of a state that both have, with distances
 * in common. States of two runs go by their distances: what is near in one may be far in the other.
 */
import type { Measured, Summary } from '../formats/index.ts';
import type { SummaryRow } from '../sentences/rows.ts';
import { formatDistance } from '../text/format.ts';

export interface SameDistance {
  /** With the values of the state that both are compared in. */
  first: SummaryRow;
  second: SummaryRow;
  /** At which distance, or why it is not one; null where neither run knows of any. */
  distance: string | null;
  /** Whether the two are known to be at unlike distances. */
  isApart: boolean;
}

/** A point's numbers at one distance. */
interface AtDistance {
  row: SummaryRow;
  name: string;
  low_ns: number;
  high_ns: number;
}

type Side = [summary: Summary, row: SummaryRow];

/** The state that the first run is compared in, if the second has it; else the other way round; else any. */
export function sameDistance(a: Side, b: Side): SameDistance {
  const [first, second] = [a[1], b[1]];
  const [ofFirst, ofSecond] = [distancesOf(a), distancesOf(b)];
  const shared = ofFirst.flatMap((one) =>
    ofSecond.filter((other) => overlap(one, other)).map((other) => [one, other] as const),
  );
  if (shared.length > 0) {
    const [one, other] = shared[0];
    return { first: one.row, second: other.row, distance: nameOf(one), isApart: false };
  }
  if (ofFirst.length > 0 && ofSecond.length > 0) {
    return { first, second, distance: `${nameOf(ofFirst[0])}, ${nameOf(ofSecond[0])}`, isApart: true };
  }
  const isKnown = ofFirst.length > 0 || ofSecond.length > 0;
  return { first, second, distance: isKnown ? 'unknown in one run' : null, isApart: false };
}

/** Those that a point has numbers of, that of its run first. */
function distancesOf([{ distance }, row]: Side): AtDistance[] {
  if (!distance || row.distance_unknown !== null) return [];
  if (row.by_state.length === 0) {
    return distance.states.length === 1 ? [{ row, ...distance.states[0], name: '' }] : [];
  }
  const states = row.by_state.flatMap((of): AtDistance[] => {
    const { state: name, low_ns, high_ns } = of;
    if (low_ns === null || high_ns === null || of.trial_p50_us.length === 0) return [];
    return [{ row: name === row.state ? row : withNumbersOf(row, of), name, low_ns, high_ns }];
  });
  return [
    ...states.filter(({ row: same }) => same === row),
    ...states.filter(({ row: same }) => same !== row),
  ];
}

/** Of another state than the run's own no more is known of each trial than its p50. */
function withNumbersOf(row: SummaryRow, { trial_p50_us }: Measured['by_state'][number]): SummaryRow {
  return { ...row, trial_p50_us, trial_p99_us: [], trial_throughput_ops: [] };
}

function overlap(a: AtDistance, b: AtDistance): boolean {
  return a.low_ns <= b.high_ns && b.low_ns <= a.high_ns;
}

/** "104 to 126 ns (near)" */
function nameOf(at: AtDistance): string {
  return `${formatDistance(at)}${at.name && ` (${at.name})`}`;
}

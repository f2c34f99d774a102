/** The bars of a split: one for each way past the kernel, cut into the parts of the unmodified system's latency. */
import type { Manifest, MeasurementTarget, Share, Summary, SystemUnderTest } from '../../formats/index.ts';
import { nameTarget } from '../../sentences/doubts.ts';
import { labelInGroup } from '../../sentences/rows.ts';
import { formatUs } from '../../text/format.ts';

export interface Part {
  label: string;
  colour: string;
  /** The text on it is white. */
  light: boolean;
}

/** A piece of a bar, from share to share of the unmodified latency. */
export interface SplitPiece {
  row: string;
  part: string;
  from: number;
  to: number;
  share: number;
  us: number | null;
  low: number | null;
  high: number | null;
  lines: string[];
  light: boolean;
}

export interface SplitRow {
  row: string;
  label: string;
  pieces: SplitPiece[];
}

/** How much one part takes; `us` null where it was not measured here. */
export interface Taken {
  share: number;
  us: number | null;
  interval: Share['interval'];
}

/** Parts below zero lie left of zero, one beside the other; the others begin there and go to the right. */
export function stackedRow(label: string, parts: readonly Part[], taken: readonly Taken[]): SplitRow {
  let [left, right] = [0, 0];
  const pieces = parts.map(({ label: part, light }, index) => {
    const { share, us, interval } = taken[index];
    const [from, to] = share < 0 ? [left + share, left] : [right, right + share];
    if (share < 0) left = from;
    else right = to;
    const [low, high] = [interval?.low ?? null, interval?.high ?? null];
    const lines = linesOf(taken[index]);
    // Pale, where it was not measured here.
    return { row: label, part, from, to, share, us, low, high, lines, light: light && us !== null };
  });
  return { row: label, label, pieces };
}

function linesOf({ share, us, interval }: Taken): string[] {
  if (us === null) return [`${percent(share)} %`];
  const to = interval && interval.low < 0 ? ' to ' : '–';
  const range = interval ? [`[${percent(interval.low)}${to}${percent(interval.high)}]`] : [];
  return [`${withMinus(formatUs(us))} µs, ${percent(share)} %`, ...range];
}

function percent(share: number): string {
  return withMinus(String(Math.round(share * 100)));
}

function withMinus(number: string): string {
  return number.replace('-', '−');
}

/** Whose latency is split, and what past the kernel by. */
type SplitBy = MeasurementTarget & { group: string; unmodified: string; bypass: string };

/** Splits with their labels, those of a target and backend together. */
export function labelled<S extends SplitBy>(
  { systems }: Manifest,
  { points }: Summary,
  found: S[],
): { split: S; label: string }[] {
  const systemOf = (name: string): SystemUnderTest | undefined =>
    systems.find((system) => system.name === name);
  const labelOf = (name: string): string => {
    const system = systemOf(name);
    return system ? labelInGroup(system) : name;
  };
  const targetOf = (split: S): string => nameTarget(split, points);
  const byTarget = Map.groupBy(found, (split) =>
    JSON.stringify([targetOf(split), systemOf(split.bypass)?.backend]),
  );
  return [...byTarget.values()].flat().map((split) => {
    const group = split.group && `${split.group}, `;
    const of = `${labelOf(split.unmodified)} → ${labelOf(split.bypass)}`;
    return { split, label: `${group}${targetOf(split)}: ${of}` };
  });
}

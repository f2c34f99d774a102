/**
 * Values that know where they were written. A resolved experiment is put together from its own file, library
 * files and the command line; each value keeps its place, so that an error found at the end names the line to
 * mend.
 */
import type { Problem } from './problems.ts';

/** Where a value was written. */
export interface Place {
  /** `experiments/x.yaml:12:5`, or `--set trials=x`. */
  at: string;
  /** Path in that file, as messages show it: `systems[0].ready.by`. Empty for a file as a whole. */
  path: string;
  /** Orders the places of all files: those of the experiment first, then line by line. */
  rank: number;
}

export type Scalar = string | number | boolean | null | undefined;

/** For an entry of a mapping the place is that of its key. */
export interface Placed {
  place: Place;
  value: Scalar | Placed[] | PlacedMap;
}
export type PlacedMap = Map<string, Placed>;

/** A problem at one place, as it is shown. */
export interface PlacedProblem {
  place: Place;
  message: string;
}

/** The entries of a mapping; of anything else none. */
export function entriesOf(placed: Placed | undefined): PlacedMap {
  return placed?.value instanceof Map ? placed.value : new Map();
}

/** The elements of a list; of anything else none. */
export function elementsOf(placed: Placed | undefined): Placed[] {
  return Array.isArray(placed?.value) ? placed.value : [];
}

/** The text at `key`, or undefined where there is none or something else. */
export function textAt(placed: Placed, key: string): string | undefined {
  const value = entriesOf(placed).get(key)?.value;
  return typeof value === 'string' ? value : undefined;
}

/** A mapping with only these keys, or without them. */
export function withKeys(placed: Placed, keep: (key: string) => boolean): Placed {
  return { ...placed, value: new Map([...entriesOf(placed)].filter(([key]) => keep(key))) };
}

/** A mapping with one more entry, or another one. */
export function withEntry(placed: Placed, key: string, entry: Placed): Placed {
  return { ...placed, value: new Map([...entriesOf(placed), [key, entry]]) };
}

/** Every text in it through `change`, which may also return a whole value. Keys stay. */
export function mapTexts(placed: Placed, change: (text: string) => Placed['value']): Placed {
  const { place, value } = placed;
  if (typeof value === 'string') return { place, value: change(value) };
  if (Array.isArray(value)) return { place, value: value.map((element) => mapTexts(element, change)) };
  if (!(value instanceof Map)) return placed;
  return { place, value: new Map([...value].map(([key, entry]) => [key, mapTexts(entry, change)])) };
}

/**
 * `over` laid upon `under`: mappings key by key, all the way down; lists and scalars are replaced. A null
 * takes the key out. Where `by` changes (a readiness of another kind) only the time limit is kept of what lay
 * below, and of two ways to say a system's cores only the one on top.
 */
export function merge(under: Placed | undefined, over: Placed): Placed {
  if (!(under?.value instanceof Map) || !(over.value instanceof Map)) return over;
  const otherKind = over.value.has('by') && textAt(over, 'by') !== textAt(under, 'by');
  const kept = otherKind ? withKeys(under, (key) => key === 'timeout_s') : withoutOtherCores(under, over);
  const merged = new Map(entriesOf(kept));
  for (const [key, entry] of over.value) {
    if (entry.value === null) merged.delete(key);
    else merged.set(key, merge(merged.get(key), entry));
  }
  return { place: over.place, value: merged };
}

/** Cores are named (`server_cores`, `client.core`) or chosen (`cores`): `under` without what `over` says otherwise. */
function withoutOtherCores(under: Placed, over: Placed): Placed {
  if (says(over, 'cores')) {
    const client = entriesOf(under).get('client');
    const rest = withKeys(under, (key) => key !== 'server_cores');
    return client
      ? withEntry(
          rest,
          'client',
          withKeys(client, (key) => key !== 'core'),
        )
      : rest;
  }
  const isNamed = says(over, 'server_cores') || says(entriesOf(over).get('client'), 'core');
  return isNamed ? withKeys(under, (key) => key !== 'cores') : under;
}

function says(placed: Placed | undefined, key: string): boolean {
  return (entriesOf(placed).get(key)?.value ?? null) !== null;
}

/** As JSON would have it. */
export function plain(placed: Placed): unknown {
  const { value } = placed;
  if (Array.isArray(value)) return value.map(plain);
  if (value instanceof Map) return Object.fromEntries([...value].map(([key, entry]) => [key, plain(entry)]));
  return value;
}

/**
 * Where `path` stands; for what is missing, the place of what it is missing in, with the path that it would
 * have.
 */
export function locate(root: Placed, path: readonly PropertyKey[]): Place {
  let here = root;
  for (const [index, step] of path.entries()) {
    const next = typeof step === 'number' ? elementsOf(here)[step] : entriesOf(here).get(String(step));
    if (next === undefined) return { ...here.place, path: extended(here.place.path, path.slice(index)) };
    here = next;
  }
  return here.place;
}

/** Problems in a resolved value, each with the place that its author wrote. */
export function located(root: Placed, problems: readonly Problem[]): PlacedProblem[] {
  return problems.map(({ path, message }) => ({ place: locate(root, path), message }));
}

/** `systems[0].ready.by` */
export function extended(start: string, steps: readonly PropertyKey[]): string {
  return steps.reduce<string>((path, step) => {
    if (typeof step === 'number') return `${path}[${step}]`;
    return path === '' ? String(step) : `${path}.${String(step)}`;
  }, start);
}

/** A line for each problem, in the order of the files; one that several systems share stands once. */
export function problemLines(problems: readonly PlacedProblem[]): string[] {
  const sorted = [...problems].sort((a, b) => a.place.rank - b.place.rank);
  const lines = sorted.map(
    ({ place: { at, path }, message }) => `${at}: ${path === '' ? '' : `${path}: `}${message}`,
  );
  return [...new Set(lines)];
}

/** All of it as one message about `what`: "the config". */
export function problemsInWords(what: string, lines: readonly string[]): string {
  return lines.length === 1 ? lines[0] : `${what} has ${lines.length} problems:\n  ${lines.join('\n  ')}`;
}

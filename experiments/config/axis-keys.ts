/** What an axis of a sweep is called: its key as its author writes it, the key of the workload that it is, its name. */
import { MIX, operationNamePattern, requestOperations } from '../../results/formats/index.ts';
import { entriesOf, type Placed } from '../written/placed.ts';
import { scalarKeysAt } from '../written/problems.ts';
import { configJsonSchema } from './authored.ts';
import { axisSpecKeys } from './sweep-schema.ts';

/** Axes that go on together stand below it. */
export const ZIP = 'zip';

/** Its last word; of bulk, whose words are those of the requests too, `bulk_clients`. */
export function axisName(path: string): string {
  const [word = '', part] = path.split('.').toReversed();
  return part === 'bulk' ? `bulk_${word}` : word;
}

/** The scalars of the workload: `clients`, `open_loop.rate_ops`; and the weights of its mix. */
export function workloadKeys(): string[] {
  return [
    ...scalarKeysAt(configJsonSchema(), ['workload']),
    ...requestOperations.map((operation) => `mix.${operation}`),
  ];
}

/** By its whole name, with or without `workload.`, or by its last word: `rate_ops`. */
export function workloadKey(written: string): string | null {
  const key = written.replace(/^workload\./, '');
  const keys = workloadKeys();
  if (isWeight(key)) return key;
  return keys.includes(key) ? key : (keys.find((known) => known.endsWith(`.${key}`)) ?? null);
}

/** The weight of an operation in the mix, whatever its name. */
function isWeight(key: string): boolean {
  const [first, name = '', ...rest] = key.split('.');
  return first === MIX && operationNamePattern.test(name) && rest.length === 0;
}

/** What is said of an axis: the axis, by the keys that lead to it, and what of it. */
export interface SaidAxis {
  axis: string[];
  /** A key of an axis that is a mapping, such as `to`; empty for the axis as a whole. */
  inner: string[];
}

/**
 * Where in `sweep` the words of a path lead that were divided at its dots, which keys of axes have too. An axis that is
 * there goes by its key, its key in the workload or its name; any other words are the key of a new one.
 */
export function saidAxis(sweep: Placed | undefined, words: readonly string[]): SaidAxis {
  const [first, ...rest] = words;
  const below = entriesOf(sweep).get(ZIP);
  if (first === ZIP && rest.length > 0) return within(ZIP, saidAxis(below, rest));
  const last = words.at(-1) ?? '';
  const hasInner = words.length > 1 && axisSpecKeys.includes(last);
  for (const inner of hasInner ? [[], [last]] : [[]]) {
    const written = words.slice(0, words.length - inner.length).join('.');
    const key = axisKey(sweep, written);
    if (key !== null) return { axis: [key], inner };
    const together = axisKey(below, written);
    if (together !== null) return { axis: [ZIP, together], inner };
  }
  return hasInner
    ? { axis: [words.slice(0, -1).join('.')], inner: [last] }
    : { axis: [words.join('.')], inner: [] };
}

function within(key: string, { axis, inner }: SaidAxis): SaidAxis {
  return { axis: [key, ...axis], inner };
}

/** The key of the axis that is called so; null where there is none, or not one alone. */
function axisKey(sweep: Placed | undefined, written: string): string | null {
  const keys = [...entriesOf(sweep).keys()].filter((key) => key !== ZIP);
  if (keys.includes(written)) return written;
  const same = keys.find((key) => pathOf(key) === pathOf(written));
  if (same !== undefined) return same;
  const [named, ...others] = keys.filter((key) => axisName(pathOf(key)) === written);
  return others.length === 0 ? (named ?? null) : null;
}

function pathOf(written: string): string {
  const key = workloadKey(written);
  return key === null ? written : `workload.${key}`;
}

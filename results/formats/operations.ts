/**
 * Operations and their commands: which place of the server each command reads or writes, and which of the commands that
 * are known fill the places that others read. Like command-text.ts this file is for the load generator's threads too.
 */
import { type CommandStep, parseCommand, partsOfKind, type WordPart } from './command-text.ts';
import type { requestOperations } from './lists.ts';

/** Commands by the name of their operation. */
export type Commands = Readonly<Record<string, string>>;

export const builtInCommands: Record<(typeof requestOperations)[number], string> = {
  get: 'GET {key} -> value',
  set: 'SET {key} {value} -> ok',
};

export interface OperationSteps {
  name: string;
  steps: readonly CommandStep[];
}

/** A place that an operation reads, or of which it writes a part, and that no command writes as a whole. */
export interface Unfilled {
  /** What is not there: half a sentence. */
  what: string;
  place: string;
  /** What a command would have to put there, in placeholders. */
  content: string;
}

/**
 * The commands that write what the operations read, one for each place: of the commands that are known, also those that
 * are not sent; what they write for new keys they write for those that exist from the start. `commands` are right.
 */
export function fillersOf(
  operations: readonly OperationSteps[],
  commands: Commands,
): { steps: CommandStep[] } | Unfilled {
  const known = Object.values({ ...builtInCommands, ...commands }).flatMap(stepsOf);
  const fillers = known.filter(fills).map(withExistingKey);
  const wanted = new Map<string, CommandStep>();
  for (const { name, steps } of operations) {
    for (const step of steps) {
      if (!writes(step) && !indexes(step) && !reads(step)) continue;
      const place = placeOf(step);
      const filler = fills(step) ? withExistingKey(step) : fillers.find((one) => placeOf(one) === place);
      if (filler === undefined) {
        return { what: lackingIn(name, step), place, content: contentOf(step) };
      }
      if (!wanted.has(place)) wanted.set(place, filler);
    }
  }
  return { steps: wanted.size > 0 ? [...wanted.values()] : stepsOf(builtInCommands.set) };
}

/** @param how what defines commands, by the name that it has for who reads it */
export function unfilledInWords({ what, place, content }: Unfilled, how: string): string {
  return `nothing writes ${what} (${place}): define with ${how} how ${content} gets there`;
}

/** Of a command that is right. */
function stepsOf(text: string): CommandStep[] {
  const steps = parseCommand(text);
  return typeof steps === 'string' ? [] : steps;
}

function lackingIn(name: string, step: CommandStep): string {
  if (partsOfKind(step, 'field').length > 0) return `the records of which ${name} writes a field`;
  return `what ${name} ${reads(step) ? 'reads' : 'overwrites'}`;
}

/** What a command puts where this one reads, or writes a part. */
function contentOf({ reply, fields }: CommandStep): string {
  return fields > 0 ? `{fields:${fields}}` : reply === 'keys' ? '{number} {key}' : '{value}';
}

/** Whether it writes a value of a key, or values of its record. */
export function writes({ words }: CommandStep): boolean {
  return words.flat().some(({ kind }) => kind === 'value' || kind === 'fields');
}

/** Whether it puts a key into an index, by its number. */
export function indexes(step: CommandStep): boolean {
  return hasKey(step) && partsOfKind(step, 'number').length > 0;
}

/** Whether its reply is the value of a key, or its record, or those of several; or keys of an index. */
export function reads({ reply }: CommandStep): boolean {
  return reply === 'value' || reply === 'values' || reply === 'fields' || reply === 'keys';
}

/**
 * Whether it can write all that is read there, where nothing is yet: not one field of a record, nor what is answered by
 * what was there before (GETSET), nor what only overwrites (SET {key} {value} XX).
 */
function fills(step: CommandStep): boolean {
  const isWhole = (writes(step) && partsOfKind(step, 'field').length === 0) || indexes(step);
  return hasKey(step) && isWhole && !reads(step) && !step.words.some(overwritesOnly);
}

function overwritesOnly([first, ...more]: readonly WordPart[]): boolean {
  return more.length === 0 && first.kind === 'text' && /^F?XX$/i.test(first.text);
}

function hasKey({ words }: CommandStep): boolean {
  return words.flat().some(({ kind }) => kind === 'key' || kind === 'new_key');
}

function withExistingKey(step: CommandStep): CommandStep {
  const words = step.words.map((word) =>
    word.map((part): WordPart => (part.kind === 'new_key' ? { kind: 'key' } : part)),
  );
  return { ...step, words };
}

/**
 * Where the value of a key, its record or its entry in an index stands: the words between the command's name and what
 * is put there, less its options, and which of them it is. SET {key} {value}, MGET {keys:10} and GETEX {key} EX 60 have
 * one place, HSET user:{key} f {value} and HGET user:{key} f another; HMSET {key} {fields:10} and HGETALL {key} have
 * one, ZADD index NX {number} {key} and ZRANGEBYSCORE index {number} +inf another.
 */
export function placeOf(step: CommandStep): string {
  const { words, fields } = step;
  const end = words.findIndex((word) => word.some(({ kind }) => putThere.includes(kind)));
  const between = words.slice(1, end < 0 ? words.length : end).map((word) => word.map(textOf).join(''));
  const name = commandName(step);
  const last = fields > 0 ? '{fields}' : partsOfKind(step, 'number').length > 0 ? '{number}' : null;
  return [...withoutOptions(name, between, fields > 0), ...(last === null ? [] : [last])].join(' ');
}
const putThere: readonly WordPart['kind'][] = ['value', 'field', 'fields', 'number'];

/** In capitals; empty where it is none. */
export function commandName({ words }: CommandStep): string {
  const [[first]] = words;
  return first.kind === 'text' ? first.text.toUpperCase() : '';
}

function textOf(part: WordPart): string {
  return part.kind === 'text' ? part.text : '{key}';
}

/** Commands of a place that their key alone names: what else stands behind it are times and options. */
const OF_KEY = [
  ...['GET', 'SET', 'GETEX', 'GETDEL', 'GETSET', 'SETEX', 'PSETEX', 'SETNX'],
  ...['HGETALL', 'ZADD', 'ZRANGEBYSCORE', 'ZRANGE'],
];
/** Commands of a place that key and field name. The field stands last; before it are options and other fields. */
const OF_FIELD = ['HGET', 'HSET', 'HMSET', 'HSETNX', 'HSETEX'];

/** @param between the words behind the command's name, before what is put there */
function withoutOptions(name: string, between: readonly string[], isRecord: boolean): readonly string[] {
  if (OF_KEY.includes(name)) return between.slice(0, 1);
  if (!OF_FIELD.includes(name)) return between;
  return isRecord || between.length < 2 ? between.slice(0, 1) : [between[0], between[between.length - 1]];
}

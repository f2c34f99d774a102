/** What is sent: the operations of a load, their commands, and which requests fill the keys that they read. */
import {
  type CommandStep,
  parseCommand,
  partsOfKind,
  type WordPart,
} from '../../results/formats/command-text.ts';
import { MIX, operationNamePattern, type requestOperations } from '../../results/formats/lists.ts';
import { LoadError } from '../errors.ts';

/** Commands by the name of their operation. */
export type Commands = Readonly<Record<string, string>>;

const builtIn: Record<(typeof requestOperations)[number], string> = {
  get: 'GET {key} -> value',
  set: 'SET {key} {value} -> ok',
};

/** An operation and how often it is sent beside the others. */
export interface WeightedOperation {
  name: string;
  weight: number;
}
export type Mix = readonly WeightedOperation[];

export interface Operation extends WeightedOperation {
  steps: readonly CommandStep[];
}

/** What is sent alone, or the operations of the mix. Throws INVALID_OPTION for a name without a command. */
export function operationsOf(operation: string, mix: Mix, commands: Commands): Operation[] {
  const sent = operation === MIX ? mix.filter(({ weight }) => weight > 0) : [{ name: operation, weight: 1 }];
  const known: Commands = { ...builtIn, ...commands };
  return sent.map(({ name, weight }) => {
    if (!Object.hasOwn(known, name)) {
      const names = Object.keys(known).join(', ');
      throw invalid(`there is no operation '${name}': there are ${names}; define others with --command`);
    }
    return { name, weight, steps: stepsOf(name, known[name]) };
  });
}

/** 'NAME=GET {key} -> value'. Throws INVALID_OPTION. */
export function nameAndCommand(text: string): [name: string, command: string] {
  const [, name = '', command = ''] = /^([^=\s]*)=(.*)$/s.exec(text) ?? [];
  if (!operationNamePattern.test(name) || name === MIX) {
    throw invalid(
      `--command '${text}' is not NAME=COMMAND -> REPLY with a name of lower-case letters, digits and dashes, ` +
        `other than ${MIX}`,
    );
  }
  if (Object.hasOwn(builtIn, name)) {
    throw invalid(`--command ${name}: that operation is there already; give yours another name`);
  }
  stepsOf(name, command);
  return [name, command];
}

function stepsOf(name: string, text: string): CommandStep[] {
  const steps = parseCommand(text);
  if (typeof steps === 'string') throw invalid(`--command ${name}: ${steps}`);
  return steps;
}

/**
 * The commands that write what the operations read, one for each place: of the commands that are known, also those that
 * are not sent; what they write for new keys they write for those that exist from the start. Throws INVALID_OPTION
 * where there is none.
 */
export function fillingCommands(operations: readonly Operation[], commands: Commands): CommandStep[] {
  const known = Object.entries({ ...builtIn, ...commands }).flatMap(([name, text]) => stepsOf(name, text));
  const fillers = known.filter(fills).map(withExistingKey);
  const wanted = new Map<string, CommandStep>();
  for (const { name, steps } of operations) {
    for (const step of steps) {
      if (!writes(step) && !indexes(step) && !reads(step)) continue;
      const place = placeOf(step);
      const filler = fills(step) ? withExistingKey(step) : fillers.find((one) => placeOf(one) === place);
      if (filler === undefined) {
        const what = writes(step) ? `the records of which ${name} writes a field` : `what ${name} reads`;
        throw invalid(
          `--populate: nothing writes ${what} (${place}): define with --command how ${contentOf(step)} gets there`,
        );
      }
      if (!wanted.has(place)) wanted.set(place, filler);
    }
  }
  return wanted.size > 0 ? [...wanted.values()] : stepsOf('set', builtIn.set);
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
function indexes(step: CommandStep): boolean {
  return hasKey(step) && partsOfKind(step, 'number').length > 0;
}

/** Whether its reply is the value of a key, or its record, or those of several; or keys of an index. */
export function reads({ reply }: CommandStep): boolean {
  return reply === 'value' || reply === 'values' || reply === 'fields' || reply === 'keys';
}

/** Whether what it writes is all that is read there, and not one field of a record. */
function fills(step: CommandStep): boolean {
  return hasKey(step) && ((writes(step) && partsOfKind(step, 'field').length === 0) || indexes(step));
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
 * is put there, and which of them it is. SET {key} {value} and MGET {keys:10} have one place, HSET user:{key} f {value}
 * and HGET user:{key} f another; HMSET {key} {fields:10} and HGETALL {key} have one, ZADD index {number} {key} and
 * ZRANGEBYSCORE index {number} +inf another.
 */
export function placeOf(step: CommandStep): string {
  const { words } = step;
  const end = words.findIndex((word) => word.some(({ kind }) => putThere.includes(kind)));
  const before = words.slice(1, end < 0 ? words.length : end).map((word) => word.map(textOf).join(''));
  if (step.fields > 0) return [...before, '{fields}'].join(' ');
  return [...before, ...(partsOfKind(step, 'number').length > 0 ? ['{number}'] : [])].join(' ');
}
const putThere: readonly WordPart['kind'][] = ['value', 'field', 'fields', 'number'];

function textOf(part: WordPart): string {
  return part.kind === 'text' ? part.text : '{key}';
}

/**
 * Commands that set what a key or a field of it holds, with the most words before that, and those that read it and
 * change nothing. A step with more words (SETEX {key} 60 {value}) would set the same thing from another place.
 */
const SETTERS = new Map([
  ['SET', 1],
  ['HSET', 2],
  ['HMSET', 2],
]);
const READERS = [
  ...[
    'GET',
    'MGET',
    'HGET',
    'HMGET',
    'HGETALL',
    'GETEX',
    'EXISTS',
    'STRLEN',
    'TTL',
    'PTTL',
    'TYPE',
    'EXPIRE',
    'PING',
  ],
  ...['ZRANGEBYSCORE', 'ZRANGE'],
];

/**
 * Whether a value that was read can be told to be stale: where all that is sent sets or reads, so that a key never gets
 * an older value back for another reason.
 */
export function tellsStale(operations: readonly Operation[]): boolean {
  const steps = operations.flatMap((operation) => operation.steps);
  const isPlain = (step: CommandStep): boolean => {
    const [[name], ...words] = step.words;
    const command = name.kind === 'text' ? name.text.toUpperCase() : '';
    // SET has options that make it read or do nothing.
    const last = words.at(-1)?.[0].kind;
    const setsAlone =
      (last === 'value' || last === 'fields') && words.length - 1 <= (SETTERS.get(command) ?? -1);
    const isIndexing = command === 'ZADD' && indexes(step);
    return (setsAlone && writes(step)) || READERS.includes(command) || isIndexing;
  };
  const isRead = ({ reply }: CommandStep): boolean => reply === 'value' || reply === 'fields';
  return steps.some(writes) && steps.some(isRead) && steps.every(isPlain);
}

export function invalid(message: string): LoadError {
  return new LoadError('INVALID_OPTION', message);
}

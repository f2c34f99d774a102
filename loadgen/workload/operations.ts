/** What is sent: the operations of a load, their commands, and which requests fill the keys that they read. */
import { type CommandStep, parseCommand } from '../../results/formats/command-text.ts';
import { MIX, operationNamePattern } from '../../results/formats/lists.ts';
import {
  builtInCommands,
  type Commands,
  commandName,
  fillersOf,
  indexes,
  type OperationSteps,
  unfilledInWords,
  writes,
} from '../../results/formats/operations.ts';
import { LoadError } from '../errors.ts';

/** An operation and how often it is sent beside the others. */
export interface WeightedOperation {
  name: string;
  weight: number;
}
export type Mix = readonly WeightedOperation[];

export type Operation = WeightedOperation & OperationSteps;

/** What is sent alone, or the operations of the mix. Throws INVALID_OPTION for a name without a command. */
export function operationsOf(operation: string, mix: Mix, commands: Commands): Operation[] {
  const sent = operation === MIX ? mix.filter(({ weight }) => weight > 0) : [{ name: operation, weight: 1 }];
  const known: Commands = { ...builtInCommands, ...commands };
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
  if (Object.hasOwn(builtInCommands, name)) {
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
 * The commands that write what the operations read, one for each place (fillersOf). Throws INVALID_OPTION where there
 * is none.
 */
export function fillingCommands(operations: readonly Operation[], commands: Commands): CommandStep[] {
  const found = fillersOf(operations, commands);
  if ('steps' in found) return found.steps;
  throw invalid(`--populate: ${unfilledInWords(found, '--command')}`);
}

/**
 * Commands that set what a key or a field of it holds, with the most words before that, and those that read it and
 * change nothing. A step with more words (SETEX {key} 60 {value}) does something else as well.
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
    const [, ...words] = step.words;
    const command = commandName(step);
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

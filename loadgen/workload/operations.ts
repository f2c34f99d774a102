/** What is sent: the operations of a load, their commands, and which requests fill the keys that they read. */
import { type CommandStep, parseCommand, type WordPart } from '../../results/formats/command-text.ts';
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
 * The commands that write the values which the operations read, one for each place that a key has a value at: of the
 * commands that are known, also those that are not sent. Throws INVALID_OPTION where there is none.
 */
export function fillingCommands(operations: readonly Operation[], commands: Commands): CommandStep[] {
  const known = Object.entries({ ...builtIn, ...commands }).flatMap(([name, text]) => stepsOf(name, text));
  const writers = known.filter((step) => writes(step) && hasKey(step));
  const wanted = new Map<string, CommandStep>();
  for (const { name, steps } of operations) {
    for (const step of steps) {
      const isWriter = writes(step) && hasKey(step);
      if (!isWriter && !reads(step)) continue;
      const place = placeOf(step);
      const writer = isWriter ? step : writers.find((one) => placeOf(one) === place);
      if (writer === undefined) {
        throw invalid(
          `--populate: nothing writes what ${name} reads (${place}): define with --command how {value} gets there`,
        );
      }
      if (!wanted.has(place)) wanted.set(place, writer);
    }
  }
  return wanted.size > 0 ? [...wanted.values()] : stepsOf('set', builtIn.set);
}

/** Whether it writes the value of a key. */
export function writes({ words }: CommandStep): boolean {
  return words.flat().some(({ kind }) => kind === 'value');
}

/** Whether its reply is the value of a key, or those of several. */
export function reads({ reply }: CommandStep): boolean {
  return reply === 'value' || reply === 'values';
}

function hasKey({ words }: CommandStep): boolean {
  return words.flat().some(({ kind }) => kind === 'key');
}

/**
 * Where the value of a key stands: the words between the command's name and the value. SET {key} {value} and MGET
 * {keys:10} have one place, HSET user:{key} f {value} and HGET user:{key} f another.
 */
export function placeOf({ words }: CommandStep): string {
  const end = words.findIndex(([{ kind }]) => kind === 'value');
  return words
    .slice(1, end < 0 ? words.length : end)
    .map((word) => word.map(textOf).join(''))
    .join(' ');
}

function textOf(part: WordPart): string {
  return part.kind === 'text' ? part.text : '{key}';
}

/** Commands that set what a key or a field of it holds, and those that read it and change nothing. */
const SETTERS = ['SET', 'HSET', 'HMSET', 'SETEX', 'PSETEX'];
const READERS = ['GET', 'MGET', 'HGET', 'GETEX', 'EXISTS', 'STRLEN', 'TTL', 'PTTL', 'TYPE', 'EXPIRE', 'PING'];

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
    const hasOptions = SETTERS.includes(command) && words.at(-1)?.[0].kind !== 'value';
    return (SETTERS.includes(command) && writes(step) && !hasOptions) || READERS.includes(command);
  };
  return steps.some(writes) && steps.some(({ reply }) => reply === 'value') && steps.every(isPlain);
}

export function invalid(message: string): LoadError {
  return new LoadError('INVALID_OPTION', message);
}

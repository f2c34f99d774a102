/** Requests of every command that both servers have, made of what redis-server's COMMAND DOCS says of them. */
import type { Reply, RespConnection } from './kvserver-processes.ts';

/** An argument as COMMAND DOCS describes it. */
interface Argument {
  name: string;
  type: string;
  token: string | null;
  optional: boolean;
  arguments: Argument[];
}

/** What COMMAND DOCS says of a command or subcommand; `words`: its name, as it stands in a request. */
export interface DescribedCommand {
  words: string[];
  group: string;
  arguments: Argument[];
}

const NUMBER_TYPES = ['integer', 'double', 'unix-time'];
/** Bounds of ranges, which COMMAND DOCS calls strings in some commands. */
const BOUND_NAMES = ['start', 'stop', 'min', 'max', 'end'];
const HOLE = '\0hole';

/** They end, block or change the connection that asks, or all connections. */
const NOT_TO_BE_ASKED =
  /^(client|hello|wait|debug|shutdown|reset|quit|auth|monitor|(un)?watch|multi|exec|discard)\b|subscribe/;

/** What both servers have and a test may ask, as redis-server describes it. */
export async function commandsOfBoth(
  ours: RespConnection,
  theirs: RespConnection,
): Promise<DescribedCommand[]> {
  const list = await ours.command('COMMAND', 'LIST');
  const known = new Set(list.elements!.map((name) => name.text!));
  const docs = await theirs.command('COMMAND', 'DOCS');
  return pairs(docs)
    .flatMap(([name, described]) => describedCommand([name], described))
    .filter(({ words }) => known.has(words.join('|')) && !NOT_TO_BE_ASKED.test(words.join(' ')));
}

function describedCommand(words: string[], described: Reply): DescribedCommand[] {
  const fields = new Map(pairs(described));
  const subcommands = fields.get('subcommands');
  if (subcommands !== undefined) {
    return pairs(subcommands).flatMap(([name, inner]) => describedCommand(name.split('|'), inner));
  }
  const list = fields.get('arguments')?.elements ?? [];
  return [{ words, group: fields.get('group')!.text!, arguments: list.map(describedArgument) }];
}

function describedArgument(reply: Reply): Argument {
  const fields = new Map(pairs(reply));
  return {
    name: fields.get('name')!.text!,
    type: fields.get('type')!.text!,
    token: fields.get('token')?.text ?? null,
    optional: (fields.get('flags')?.elements ?? []).some((flag) => flag.text === 'optional'),
    arguments: (fields.get('arguments')?.elements ?? []).map(describedArgument),
  };
}

function pairs(reply: Reply): [string, Reply][] {
  const elements = reply.elements!;
  const found: [string, Reply][] = [];
  for (let i = 0; i < elements.length; i += 2) found.push([elements[i].text!, elements[i + 1]]);
  return found;
}

/** The shortest request of a command that is right. */
export function leastRequest(command: DescribedCommand): string[] {
  return [...command.words, ...command.arguments.flatMap(least)];
}

export interface RequestWithNumber {
  isDecimal: boolean;
  with(value: string): string[];
}

/** The least request of a command, for each place of a number in it one into which that is put. */
export function requestsWithNumber(command: DescribedCommand): RequestWithNumber[] {
  return holesIn(command.arguments).map(({ words, isDecimal }) => ({
    isDecimal,
    with: (value) => [...command.words, ...words.map((word) => (word === HOLE ? value : word))],
  }));
}

interface Holed {
  words: string[];
  isDecimal: boolean;
}

function holesIn(list: Argument[]): Holed[] {
  return list.flatMap((one, index) =>
    holesOf(one).map(({ words, isDecimal }) => ({
      words: [...list.slice(0, index).flatMap(least), ...words, ...list.slice(index + 1).flatMap(least)],
      isDecimal,
    })),
  );
}

function holesOf(argument: Argument): Holed[] {
  const token = argument.token === null ? [] : [argument.token];
  const withToken = (holed: Holed): Holed => ({ ...holed, words: [...token, ...holed.words] });
  if (argument.type === 'oneof') return argument.arguments.flatMap(holesOf).map(withToken);
  if (argument.type === 'block') return holesIn(argument.arguments).map(withToken);
  const isBound = argument.type === 'string' && BOUND_NAMES.includes(argument.name);
  if (!isBound && !NUMBER_TYPES.includes(argument.type)) return [];
  return [{ words: [...token, HOLE], isDecimal: isBound || argument.type === 'double' }];
}

/** The least that stands for an argument which is not looked at. */
function least(argument: Argument): string[] {
  if (argument.optional) return [];
  const token = argument.token === null ? [] : [argument.token];
  switch (argument.type) {
    case 'pure-token':
      return token;
    case 'oneof':
      return [...token, ...least({ ...argument.arguments[0], optional: false })];
    case 'block':
      return [...token, ...argument.arguments.flatMap(least)];
    case 'key':
      return [...token, /^(destination|newkey)$/.test(argument.name) ? 'target' : 'key'];
    case 'unix-time':
      return [...token, '99999999999'];
    case 'integer':
      return [...token, '1'];
    case 'double':
      // Nobody is waited for longer than it takes to see that one waits.
      return [...token, argument.name === 'timeout' ? '0.01' : '1'];
    default:
      return [...token, argument.name === 'encoding' ? 'u8' : 'member'];
  }
}

/** Values of all types under `key`, with a member that is called so, by the group of the command that is to use it. */
const SETUPS: Record<string, string[]> = {
  list: ['RPUSH', 'key', 'a', 'member', 'b', 'member', 'c'],
  set: ['SADD', 'key', 'member'],
  hash: ['HSET', 'key', 'member', '10'],
  'sorted-set': ['ZADD', 'key', '1', 'a', '2.5', 'member', 'inf', 'z'],
};

export function setupOf(command: DescribedCommand): string[] {
  return SETUPS[command.group] ?? ['SET', 'key', '10'];
}

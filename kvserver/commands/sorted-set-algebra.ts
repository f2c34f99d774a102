/** Commands on several sorted sets, and sets, whose members count with a score of 1. */
import type { Client } from '../client.ts';
import { ELEMENT_BYTES } from '../heap-room.ts';
import { events } from '../keyspace/key-events.ts';
import { ABSENT, Members } from '../keyspace/types/members.ts';
import { Pages } from '../keyspace/types/pages.ts';
import type { SetValue } from '../keyspace/types/set.ts';
import { SortedSetValue } from '../keyspace/types/sorted-set.ts';
import { TYPE_SET, TYPE_SORTED_SET } from '../keyspace/types/value.ts';
import type { ReplyWriter } from '../resp/reply.ts';
import type { Request } from '../resp/request.ts';
import { deleteKey, findToRead, storeObject } from './lookup.ts';
import { NEGATIVE_LIMIT, NOT_AN_INTEGER, SYNTAX_ERROR, WRONG_TYPE } from './replies.ts';
import { writeMembers } from './sorted-set-ranges.ts';
import type { CommandSpec, ServerState } from './table.ts';

type Value = SetValue | SortedSetValue;
type Operation = 'union' | 'inter' | 'diff';
type Aggregate = (former: number, score: number) => number;

interface Source {
  /** null: there is no such key. */
  value: Value | null;
  size: number;
  weight: number;
}

interface Combination {
  sources: Source[];
  aggregate: Aggregate;
  withScores: boolean;
  /** 0: none. */
  limit: number;
}

const aggregates: Record<string, Aggregate> = {
  // Of opposite infinities the sum is 0 by convention.
  sum: (former, score) => numberOrZero(former + score),
  min: (former, score) => (score < former ? score : former),
  max: (former, score) => (score > former ? score : former),
};

function numberOrZero(score: number): number {
  return Number.isNaN(score) ? 0 : score;
}

function memberAt(value: Value, place: number): string {
  return value instanceof SortedSetValue ? value.memberAt(place) : value.at(place);
}

function scoreAt(value: Value, place: number): number {
  return value instanceof SortedSetValue ? value.scoreAt(place) : 1;
}

/** undefined where it is no member. */
function scoreOf(value: Value, member: string): number | undefined {
  if (value instanceof SortedSetValue) return value.score(member);
  return value.has(member) ? 1 : undefined;
}

/** The keys behind their number in argument `at`, and the options behind them; null with the error written. */
function readCombination(
  client: Client,
  request: Request,
  reply: ReplyWriter,
  at: number,
  name: string,
  operation: Operation,
  gives: 'members' | 'key' | 'number',
): Combination | null {
  const count = request.integer(at);
  if (Number.isNaN(count)) {
    reply.error(NOT_AN_INTEGER);
    return null;
  }
  if (count < 1) {
    reply.error(`ERR at least 1 input key is needed for '${name}' command`);
    return null;
  }
  if (count > request.argc - at - 1) {
    reply.error(SYNTAX_ERROR);
    return null;
  }
  const sources = readSources(client, request, reply, at + 1, count);
  if (sources === null) return null;
  const combination: Combination = { sources, aggregate: aggregates.sum, withScores: false, limit: 0 };
  let i = at + 1 + count;
  while (i < request.argc) {
    const left = request.argc - i;
    const scored = operation !== 'diff' && gives !== 'number';
    if (scored && left > count && request.is(i, 'weights')) {
      if (!readWeights(request, reply, i + 1, sources)) return null;
      i += 1 + count;
    } else if (scored && left >= 2 && request.is(i, 'aggregate')) {
      const aggregate = aggregates[request.text(i + 1).toLowerCase()];
      if (aggregate === undefined) {
        reply.error(SYNTAX_ERROR);
        return null;
      }
      combination.aggregate = aggregate;
      i += 2;
    } else if (gives === 'members' && request.is(i, 'withscores')) {
      combination.withScores = true;
      i++;
    } else if (gives === 'number' && left >= 2 && request.is(i, 'limit')) {
      combination.limit = request.integer(i + 1);
      if (!(combination.limit >= 0)) {
        reply.error(NEGATIVE_LIMIT);
        return null;
      }
      i += 2;
    } else {
      reply.error(SYNTAX_ERROR);
      return null;
    }
  }
  return combination;
}

function readSources(
  client: Client,
  request: Request,
  reply: ReplyWriter,
  from: number,
  count: number,
): Source[] | null {
  const { database } = client;
  const sources: Source[] = [];
  for (let i = from; i < from + count; i++) {
    const entry = findToRead(client, request, i);
    const type = entry === 0 ? TYPE_SET : database.type(entry);
    if (type !== TYPE_SET && type !== TYPE_SORTED_SET) {
      reply.error(WRONG_TYPE);
      return null;
    }
    const value = entry === 0 ? null : (database.object(entry) as Value);
    sources.push({ value, size: value?.size ?? 0, weight: 1 });
  }
  return sources;
}

function readWeights(request: Request, reply: ReplyWriter, from: number, sources: Source[]): boolean {
  for (const [index, source] of sources.entries()) {
    source.weight = request.double(from + index);
    if (Number.isNaN(source.weight)) {
      reply.error('ERR weight value is not a float');
      return false;
    }
  }
  return true;
}

/** Calls `found` for each member that all the sources have, until it returns false. */
function intersect(
  { sources, aggregate }: Combination,
  found: (member: string, score: number) => boolean,
): void {
  const [smallest, ...others] = sources.toSorted((a, b) => a.size - b.size);
  if (smallest.value === null) return;
  for (let place = 0; place < smallest.size; place++) {
    const member = memberAt(smallest.value, place);
    let score: number | undefined = numberOrZero(smallest.weight * scoreAt(smallest.value, place));
    for (let i = 0; i < others.length && score !== undefined; i++) {
      const { value, weight } = others[i];
      const other = scoreOf(value as Value, member);
      score = other === undefined ? undefined : aggregate(score, other * weight);
    }
    if (score !== undefined && !found(member, score)) return;
  }
}

/** Adds up scores from the smallest source to the largest: in another order sums would be rounded otherwise. */
function unite({ sources, aggregate }: Combination, result: SortedSetValue): void {
  const members = new Members();
  const scores = new Pages<number>();
  for (const { value, size, weight } of sources.toSorted((a, b) => a.size - b.size)) {
    if (value === null) continue;
    for (let place = 0; place < size; place++) {
      const member = memberAt(value, place);
      const score = numberOrZero(weight * scoreAt(value, place));
      const former = members.findText(member);
      if (former === ABSENT) {
        members.append(member);
        scores.push(score);
      } else {
        scores.set(former, aggregate(scores.at(former), score));
      }
    }
  }
  for (let place = 0; place < members.size; place++) result.set(members.at(place), scores.at(place));
}

function subtract({ sources }: Combination, result: SortedSetValue): void {
  const [{ value: first }, ...others] = sources;
  if (first === null) return;
  for (let place = 0; place < first.size; place++) {
    const member = memberAt(first, place);
    const isOnly = others.every(({ value }) => value === null || scoreOf(value, member) === undefined);
    if (isOnly) result.set(member, scoreAt(first, place));
  }
}

/** How many members the result may have; those of a union are also gathered beside it. */
function elementsMax(operation: Operation, { sources }: Combination): number {
  const sizes = sources.map(({ size }) => size);
  if (operation === 'diff') return sizes[0];
  if (operation === 'inter') return sizes.reduce((least, size) => Math.min(least, size));
  return 2 * sizes.reduce((sum, size) => sum + size);
}

/** Throws CommandError where there may be no room for the result. */
function combined(
  client: Client,
  operation: Operation,
  combination: Combination,
  server: ServerState,
): SortedSetValue {
  server.heapRoom.take(elementsMax(operation, combination) * ELEMENT_BYTES);
  const result = new SortedSetValue(client.database.encodingLimits);
  result.isCompact = false;
  if (operation === 'union') unite(combination, result);
  else if (operation === 'diff') subtract(combination, result);
  else {
    intersect(combination, (member, score) => {
      result.set(member, score);
      return true;
    });
  }
  return result;
}

function combine(operation: Operation): CommandSpec['handler'] {
  return (client, request, reply, server) => {
    const name = `z${operation}`;
    const combination = readCombination(client, request, reply, 1, name, operation, 'members');
    if (combination === null) return;
    const { withScores } = combination;
    const result = combined(client, operation, combination, server);
    writeMembers(result, 0, result.size, false, withScores, reply);
  };
}

function combineAndStore(operation: Operation): CommandSpec['handler'] {
  return (client, request, reply, server) => {
    const name = `z${operation}store` as const;
    const combination = readCombination(client, request, reply, 2, name, operation, 'key');
    if (combination === null) return;
    const result = combined(client, operation, combination, server);
    result.remake();
    if (result.size === 0) deleteKey(client, request, 1);
    else storeObject(client, request, 1, TYPE_SORTED_SET, result, events[name]);
    reply.integer(result.size);
  };
}

function zintercard(client: Client, request: Request, reply: ReplyWriter): void {
  const combination = readCombination(client, request, reply, 1, 'zintercard', 'inter', 'number');
  if (combination === null) return;
  let found = 0;
  intersect(combination, () => ++found !== combination.limit);
  reply.integer(found);
}

const STORED_KEY = { first: 1, last: 1, step: 1 };
const READS: CommandSpec['flags'] = ['readonly', 'movablekeys'];
const STORES: CommandSpec['flags'] = ['write', 'denyoom', 'movablekeys'];

export const sortedSetAlgebraCommands: CommandSpec[] = [
  {
    name: 'zunion',
    arity: -3,
    flags: READS,
    summary: 'Members of any of the sorted sets',
    handler: combine('union'),
  },
  {
    name: 'zunionstore',
    arity: -4,
    flags: STORES,
    keys: STORED_KEY,
    summary: 'Store the members of any of the sorted sets',
    handler: combineAndStore('union'),
  },
  {
    name: 'zinter',
    arity: -3,
    flags: READS,
    summary: 'Members that all of the sorted sets have',
    handler: combine('inter'),
  },
  {
    name: 'zinterstore',
    arity: -4,
    flags: STORES,
    keys: STORED_KEY,
    summary: 'Store the members that all of the sorted sets have',
    handler: combineAndStore('inter'),
  },
  {
    name: 'zintercard',
    arity: -3,
    flags: READS,
    summary: 'Number of the members that all of the sorted sets have',
    handler: zintercard,
  },
  {
    name: 'zdiff',
    arity: -3,
    flags: READS,
    summary: 'Members of the first sorted set that no other one has',
    handler: combine('diff'),
  },
  {
    name: 'zdiffstore',
    arity: -4,
    flags: STORES,
    keys: STORED_KEY,
    summary: 'Store the members of the first sorted set that no other one has',
    handler: combineAndStore('diff'),
  },
];

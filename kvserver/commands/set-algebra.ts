/** Commands on several sets: what they have in common, all that is in any, what is in the first only. */
import type { Client } from '../client.ts';
import { ELEMENT_BYTES } from '../heap-room.ts';
import { events, type KeyEvent } from '../keyspace/key-events.ts';
import { SetValue } from '../keyspace/types/set.ts';
import { TYPE_SET } from '../keyspace/types/value.ts';
import type { ReplyWriter } from '../resp/reply.ts';
import type { Request } from '../resp/request.ts';
import { changed, deleteKey, find, findToRead, isTypeOrAbsent, storeObject } from './lookup.ts';
import { NEGATIVE_LIMIT, NO_KEY_COUNT, SYNTAX_ERROR } from './replies.ts';
import type { CommandSpec, ServerState } from './table.ts';

/** The sets of `count` keys from argument `from` on, null for a key that is not there; null with the error written. */
function readSets(
  client: Client,
  request: Request,
  reply: ReplyWriter,
  from: number,
  count: number,
): (SetValue | null)[] | null {
  const sets: (SetValue | null)[] = [];
  for (let i = from; i < from + count; i++) {
    const entry = findToRead(client, request, i);
    if (!isTypeOrAbsent(client, entry, TYPE_SET, reply)) return null;
    sets.push(entry === 0 ? null : (client.database.object(entry) as SetValue));
  }
  return sets;
}

/** Calls `found` for each member that all the sets have, until it returns false. */
function intersect(sets: (SetValue | null)[], found: (member: string) => boolean): void {
  const present: SetValue[] = [];
  for (const set of sets) {
    if (set === null) return;
    present.push(set);
  }
  present.sort((a, b) => a.size - b.size);
  const [smallest, ...others] = present;
  for (let place = 0; place < smallest.size; place++) {
    const member = smallest.at(place);
    let isInAll = true;
    for (let i = 0; i < others.length && isInAll; i++) {
      isInAll = others[i] === smallest || others[i].has(member);
    }
    if (isInAll && !found(member)) return;
  }
}

interface Combination {
  into(sets: (SetValue | null)[], result: SetValue): void;
  /** How many members the result may have, by the sizes of the sets. */
  sizeMax(sizes: number[]): number;
}

const intersection: Combination = {
  into(sets, result) {
    intersect(sets, (member) => {
      result.add(member);
      return true;
    });
  },
  sizeMax: (sizes) => sizes.reduce((least, size) => Math.min(least, size)),
};

const union: Combination = {
  into(sets, result) {
    for (const set of sets) {
      if (set === null) continue;
      for (let place = 0; place < set.size; place++) result.add(set.at(place));
    }
  },
  sizeMax: (sizes) => sizes.reduce((sum, size) => sum + size),
};

/** The smaller work of two: look each member of the first up in the others, or take what the others have from it. */
function subtract([first, ...others]: (SetValue | null)[], result: SetValue): void {
  if (first === null || others.includes(first)) return;
  const present = others.filter((set) => set !== null);
  let sizes = first.size;
  for (const { size } of present) sizes += size;
  if (Math.floor((first.size * (present.length + 1)) / 2) <= sizes) {
    present.sort((a, b) => b.size - a.size);
    for (let place = 0; place < first.size; place++) {
      const member = first.at(place);
      let isOnly = true;
      for (let i = 0; i < present.length && isOnly; i++) isOnly = !present[i].has(member);
      if (isOnly) result.add(member);
    }
    return;
  }
  for (let place = 0; place < first.size; place++) result.add(first.at(place));
  for (const set of present) {
    for (let place = 0; place < set.size && result.size > 0; place++) result.delete(set.at(place));
  }
}

const difference: Combination = { into: subtract, sizeMax: ([first]) => first };

/** Throws CommandError where there may be no room for the result. */
function combined(
  client: Client,
  sets: (SetValue | null)[],
  combination: Combination,
  server: ServerState,
): SetValue {
  const sizes = sets.map((set) => set?.size ?? 0);
  server.heapRoom.take(combination.sizeMax(sizes) * ELEMENT_BYTES);
  const result = new SetValue(client.database.encodingLimits);
  combination.into(sets, result);
  return result;
}

function combine(combination: Combination): CommandSpec['handler'] {
  return (client, request, reply, server) => {
    const sets = readSets(client, request, reply, 1, request.argc - 1);
    if (sets === null) return;
    const result = combined(client, sets, combination, server);
    reply.set(result.size);
    for (let place = 0; place < result.size; place++) reply.bulkText(result.at(place));
  };
}

function combineAndStore(combination: Combination, event: KeyEvent): CommandSpec['handler'] {
  return (client, request, reply, server) => {
    const sets = readSets(client, request, reply, 2, request.argc - 2);
    if (sets === null) return;
    const result = combined(client, sets, combination, server);
    if (result.size === 0) deleteKey(client, request, 1);
    else storeObject(client, request, 1, TYPE_SET, result, event);
    reply.integer(result.size);
  };
}

function sintercard(client: Client, request: Request, reply: ReplyWriter): void {
  const count = request.integer(1);
  if (!(count >= 1)) {
    reply.error(NO_KEY_COUNT);
    return;
  }
  if (count > request.argc - 2) {
    reply.error("ERR Number of keys can't be greater than number of args");
    return;
  }
  let limit = 0;
  for (let i = 2 + count; i < request.argc; i += 2) {
    if (!request.is(i, 'limit') || i + 1 === request.argc) {
      reply.error(SYNTAX_ERROR);
      return;
    }
    limit = request.integer(i + 1);
    if (!(limit >= 0)) {
      reply.error(NEGATIVE_LIMIT);
      return;
    }
  }
  const sets = readSets(client, request, reply, 2, count);
  if (sets === null) return;
  let found = 0;
  intersect(sets, () => ++found !== limit);
  reply.integer(found);
}

function smove(client: Client, request: Request, reply: ReplyWriter): void {
  const { database } = client;
  const source = find(client, request, 1);
  if (source === 0) {
    reply.integer(0);
    return;
  }
  if (!isTypeOrAbsent(client, source, TYPE_SET, reply)) return;
  const target = find(client, request, 2);
  if (!isTypeOrAbsent(client, target, TYPE_SET, reply)) return;
  const from = database.object(source) as SetValue;
  const member = request.text(3);
  if (source === target || !from.has(member)) {
    reply.integer(from.has(member) ? 1 : 0);
    return;
  }
  from.delete(member);
  changed(client, request, 1, events.srem);
  if (from.size === 0) database.delete(source, events.del);
  if (target === 0) {
    const made = new SetValue(database.encodingLimits);
    made.add(member);
    storeObject(client, request, 2, TYPE_SET, made, events.sadd);
  } else if ((database.object(target) as SetValue).add(member)) {
    changed(client, request, 2, events.sadd);
  }
  reply.integer(1);
}

const ALL_KEYS = { first: 1, last: -1, step: 1 };

export const setAlgebraCommands: CommandSpec[] = [
  {
    name: 'sinter',
    arity: -2,
    flags: ['readonly'],
    keys: ALL_KEYS,
    summary: 'Members that all of the sets have',
    handler: combine(intersection),
  },
  {
    name: 'sinterstore',
    arity: -3,
    flags: ['write', 'denyoom'],
    keys: ALL_KEYS,
    summary: 'Store the members that all of the sets have',
    handler: combineAndStore(intersection, events.sinterstore),
  },
  {
    name: 'sintercard',
    arity: -3,
    flags: ['readonly', 'movablekeys'],
    summary: 'Number of the members that all of the sets have',
    handler: sintercard,
  },
  {
    name: 'sunion',
    arity: -2,
    flags: ['readonly'],
    keys: ALL_KEYS,
    summary: 'Members of any of the sets',
    handler: combine(union),
  },
  {
    name: 'sunionstore',
    arity: -3,
    flags: ['write', 'denyoom'],
    keys: ALL_KEYS,
    summary: 'Store the members of any of the sets',
    handler: combineAndStore(union, events.sunionstore),
  },
  {
    name: 'sdiff',
    arity: -2,
    flags: ['readonly'],
    keys: ALL_KEYS,
    summary: 'Members of the first set that no other one has',
    handler: combine(difference),
  },
  {
    name: 'sdiffstore',
    arity: -3,
    flags: ['write', 'denyoom'],
    keys: ALL_KEYS,
    summary: 'Store the members of the first set that no other one has',
    handler: combineAndStore(difference, events.sdiffstore),
  },
  {
    name: 'smove',
    arity: 4,
    flags: ['write', 'fast'],
    keys: { first: 1, last: 2, step: 1 },
    summary: 'Move a member from one set to another',
    handler: smove,
  },
];

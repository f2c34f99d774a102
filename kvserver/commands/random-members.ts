/** Members of a set, fields of a hash and members of a sorted set chosen at random. */
import type { Client } from '../client.ts';
import { ELEMENT_BYTES } from '../heap-room.ts';
import type { HashValue } from '../keyspace/types/hash.ts';
import type { SetValue } from '../keyspace/types/set.ts';
import type { SortedSetValue } from '../keyspace/types/sorted-set.ts';
import { TYPE_HASH, TYPE_SET, TYPE_SORTED_SET } from '../keyspace/types/value.ts';
import type { Elements } from '../long-replies.ts';
import { type Int64, multiplyInt64 } from '../resp/numbers.ts';
import type { ReplyWriter } from '../resp/reply.ts';
import type { Request } from '../resp/request.ts';
import { objectToRead, replyEmptyArray, replyNil } from './lookup.ts';
import { NOT_AN_INTEGER, SYNTAX_ERROR } from './replies.ts';
import type { ServerState } from './table.ts';

const COUNT_OUT_OF_RANGE =
  'ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807';

/** Of so few chosen among many each is chosen anew until it is another one; else all are shuffled as far as needed. */
const SHUFFLED_SHARE = 3;
const CHOSEN_ANEW_MAX = 1_000_000;
const COPIED_ELEMENTS_MAX = 1000;

/** Writes the element in a place, without what belongs to it or that alone. */
type WriteElement<T> = (value: T, place: number, reply: ReplyWriter) => void;

const writeMember: WriteElement<SetValue> = (set, place, reply) => reply.bulkText(set.at(place));
const writeField: WriteElement<HashValue> = (hash, place, reply) => reply.bulkText(hash.fieldAt(place));
const writeValue: WriteElement<HashValue> = (hash, place, reply) => reply.bulkText(hash.valueAt(place));
const writeScored: WriteElement<SortedSetValue> = (set, place, reply) => reply.bulkText(set.memberAt(place));
const writeScore: WriteElement<SortedSetValue> = (set, place, reply) => reply.double(set.scoreAt(place));

export function srandmember(client: Client, request: Request, reply: ReplyWriter, server: ServerState): void {
  if (request.argc > 3) {
    reply.error(SYNTAX_ERROR);
    return;
  }
  const count = request.argc === 2 ? null : wantedCount(request, reply, false);
  if (Number.isNaN(count)) return;
  writeChosen<SetValue>(client, request, reply, server, TYPE_SET, count, writeMember, null);
}

export function hrandfield(client: Client, request: Request, reply: ReplyWriter, server: ServerState): void {
  const count = countAndOption(request, reply, 'withvalues');
  if (Number.isNaN(count)) return;
  const beside = request.argc > 3 ? writeValue : null;
  writeChosen<HashValue>(client, request, reply, server, TYPE_HASH, count, writeField, beside);
}

export function zrandmember(client: Client, request: Request, reply: ReplyWriter, server: ServerState): void {
  const count = countAndOption(request, reply, 'withscores');
  if (Number.isNaN(count)) return;
  const beside = request.argc > 3 ? writeScore : null;
  writeChosen<SortedSetValue>(client, request, reply, server, TYPE_SORTED_SET, count, writeScored, beside);
}

/** The count in argument 2 where there is one, else null; NaN with the error written. */
function countAndOption(request: Request, reply: ReplyWriter, option: string): number | null {
  if (request.argc === 2) return null;
  const count = wantedCount(request, reply, request.argc === 4 && request.is(3, option));
  if (Number.isNaN(count)) return count;
  if (request.argc > 4 || (request.argc === 4 && !request.is(3, option))) {
    reply.error(SYNTAX_ERROR);
    return Number.NaN;
  }
  return count;
}

/** The count in argument 2; NaN with the error written. `doubled`: two elements for each are to be counted. */
function wantedCount(request: Request, reply: ReplyWriter, doubled: boolean): number {
  const count = request.integer(2);
  if (Number.isNaN(count)) {
    reply.error(NOT_AN_INTEGER);
    return Number.NaN;
  }
  if (Math.abs(count) < 2 ** 62) return count;
  const exact = BigInt(request.text(2));
  if (exact === -(2n ** 63n)) {
    reply.error(COUNT_OUT_OF_RANGE);
    return Number.NaN;
  }
  if (doubled && (exact >= 2n ** 62n || exact <= -(2n ** 62n))) {
    reply.error('ERR value is out of range');
    return Number.NaN;
  }
  return count;
}

/**
 * One element; with a count that many different ones, or with a negative count that many draws, in which one may come
 * again. `beside` writes what belongs to an element, in RESP3 in an array with it.
 */
function writeChosen<T extends SetValue | HashValue | SortedSetValue>(
  client: Client,
  request: Request,
  reply: ReplyWriter,
  server: ServerState,
  type: number,
  wanted: number | null,
  write: WriteElement<T>,
  beside: WriteElement<T> | null,
): void {
  const absent = wanted === null ? replyNil : replyEmptyArray;
  const value = objectToRead<T>(client, request, reply, type, absent);
  if (!value) return;
  const { size } = value;
  if (wanted === null) {
    write(value, randomBelow(size), reply);
    return;
  }
  const count = wanted < 0 ? -wanted : Math.min(wanted, size);
  const elementsEach = beside !== null && reply.protocol === 2 ? 2 : 1;
  // Of draws there may be more than a double counts: the argument itself is multiplied.
  if (wanted < 0) reply.array(multiplyInt64(request.int64(2) as Int64, -elementsEach) as Int64);
  else reply.array(elementsEach * count);
  const writeAt: WriteElement<T> = (from, place, to) => {
    if (beside !== null && to.protocol === 3) to.array(2);
    write(from, place, to);
    if (beside !== null) beside(from, place, to);
  };
  if (wanted < 0) {
    server.longReplies.write(client, reply, count, new Draws(value, writeAt));
    return;
  }
  if (wanted < size) server.heapRoom.take(count * ELEMENT_BYTES);
  const places = wanted >= size ? null : distinctPlaces(size, count);
  for (let i = 0; i < count; i++) writeAt(value, places === null ? i : places[i], reply);
}

/**
 * Draws of which one may come again: as many as one likes. Those beyond the first part are from the value as it is when
 * they are drawn, unless it is small, and copied as it was before others could change it.
 */
class Draws<T extends SetValue | HashValue | SortedSetValue> implements Elements {
  #value: T;
  #isCopy = false;
  readonly #write: WriteElement<T>;

  constructor(value: T, write: WriteElement<T>) {
    this.#value = value;
    this.#write = write;
  }

  write(reply: ReplyWriter): boolean {
    const { size } = this.#value;
    if (size === 0) return false;
    this.#write(this.#value, randomBelow(size), reply);
    return true;
  }

  pause(): void {
    if (this.#isCopy || this.#value.size > COPIED_ELEMENTS_MAX) return;
    this.#value = this.#value.copy() as T;
    this.#isCopy = true;
  }
}

function randomBelow(bound: number): number {
  return Math.floor(Math.random() * bound);
}

/** So many different ones of the places below `size`; at least the first `count` of what is returned. */
function distinctPlaces(size: number, count: number): ArrayLike<number> {
  if (count * SHUFFLED_SHARE <= size && count <= CHOSEN_ANEW_MAX) {
    const chosen = new Set<number>();
    while (chosen.size < count) chosen.add(randomBelow(size));
    return [...chosen];
  }
  const places = new Int32Array(size);
  for (let i = 0; i < size; i++) places[i] = i;
  for (let i = 0; i < count; i++) {
    const other = i + randomBelow(size - i);
    const place = places[other];
    places[other] = places[i];
    places[i] = place;
  }
  return places;
}

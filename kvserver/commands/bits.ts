/** Commands on the bits of a string; bit 0 is the highest one of the first byte. */
import type { Client } from '../client.ts';
import { events } from '../keyspace/key-events.ts';
import { FORM_RAW } from '../keyspace/string-form.ts';
import { TYPE_STRING } from '../keyspace/types/value.ts';
import type { Int64 } from '../resp/numbers.ts';
import type { ReplyWriter } from '../resp/reply.ts';
import type { Request } from '../resp/request.ts';
import { deleteKey, find, findToRead, isTypeOrAbsent, named } from './lookup.ts';
import { NOT_AN_INTEGER, SYNTAX_ERROR } from './replies.ts';
import type { CommandSpec, ServerState } from './table.ts';

/** A SETBIT that moves the value reserves as much memory again, up to this. */
const SPARE_BYTES_MAX = 1024 ** 2;

export const BIT_OFFSET_ERROR = 'ERR bit offset is not an integer or out of range';

const onesOfByte = new Uint8Array(256);
for (let byte = 1; byte < 256; byte++) onesOfByte[byte] = onesOfByte[byte >> 1] + (byte & 1);

/** The number of a bit in argument 2; -1 with the error written. */
function bitOffset(request: Request, reply: ReplyWriter, server: ServerState): number {
  const offset = request.integer(2);
  if (offset >= 0 && Math.floor(offset / 8) < server.configuration.requestLimits.bulkBytesMax) return offset;
  reply.error(BIT_OFFSET_ERROR);
  return -1;
}

/**
 * The entry of the key in argument 1, made or its value made longer, so that this bit is in it. `entry` is a string
 * or 0, and the block at hand is the entry's.
 */
export function grownToBit(client: Client, request: Request, entry: number, bit: number): number {
  const { database } = client;
  const length = Math.floor(bit / 8) + 1;
  const former = entry === 0 ? 0 : database.valueLength;
  if (former >= length) return entry;
  if (entry === 0) {
    entry = database.insertString(request.bytes, request.start[1], request.length[1], length);
  } else {
    database.resizeString(entry, length, true, Math.min(length, SPARE_BYTES_MAX));
  }
  const { bytes, valueStart } = database;
  bytes.fill(0, valueStart + former, valueStart + length);
  return entry;
}

function setbit(client: Client, request: Request, reply: ReplyWriter, server: ServerState): void {
  const offset = bitOffset(request, reply, server);
  if (offset < 0) return;
  const on = request.integer(3);
  if (on !== 0 && on !== 1) {
    reply.error('ERR bit is not an integer or out of range');
    return;
  }
  const { database } = client;
  let entry = find(client, request, 1);
  if (!isTypeOrAbsent(client, entry, TYPE_STRING, reply)) return;
  const former = entry === 0 ? 0 : database.valueLength;
  entry = grownToBit(client, request, entry, offset);
  database.setForm(entry, FORM_RAW);
  const { bytes, valueStart } = database;
  const byte = Math.floor(offset / 8);
  const mask = 0x80 >> (offset % 8);
  const before = bytes[valueStart + byte];
  const after = on === 1 ? before | mask : before & ~mask;
  bytes[valueStart + byte] = after;
  if (byte >= former || after !== before) database.changed(entry, events.setbit);
  reply.integer((before & mask) === 0 ? 0 : 1);
}

function getbit(client: Client, request: Request, reply: ReplyWriter, server: ServerState): void {
  const offset = bitOffset(request, reply, server);
  if (offset < 0) return;
  const { database } = client;
  const entry = findToRead(client, request, 1);
  if (!isTypeOrAbsent(client, entry, TYPE_STRING, reply)) return;
  const byte = Math.floor(offset / 8);
  if (entry === 0 || byte >= database.valueLength) reply.integer(0);
  else reply.integer((database.bytes[database.valueStart + byte] >> (7 - (offset % 8))) & 1);
}

/** Bits from `first` to `last`, both of them in the string; none where `last` is lower. */
interface BitRange {
  first: number;
  last: number;
}

/** Of a string of so many bytes; `start` and `end` count from its end where they are negative. */
function bitRange(bytes: number, start: Int64, end: Int64, ofBits: boolean): BitRange {
  const size = ofBits ? 8 * bytes : bytes;
  const from = fromEnd(start, size);
  const to = Math.min(fromEnd(end, size), size - 1);
  if (from > to) return { first: 0, last: -1 };
  return ofBits ? { first: from, last: to } : { first: 8 * from, last: 8 * to + 7 };
}

function fromEnd(index: Int64, size: number): number {
  return Math.max(0, index < 0 ? Number(index) + size : Number(index));
}

/** Whether an argument says that ranges are of bits; null with the error written where it is no unit. */
function isBitUnit(request: Request, index: number, reply: ReplyWriter): boolean | null {
  if (request.is(index, 'bit')) return true;
  if (request.is(index, 'byte')) return false;
  reply.error(SYNTAX_ERROR);
  return null;
}

function bitcount(client: Client, request: Request, reply: ReplyWriter): void {
  const { database } = client;
  const entry = findToRead(client, request, 1);
  if (!isTypeOrAbsent(client, entry, TYPE_STRING, reply)) return;
  if (entry === 0) {
    reply.integer(0);
    return;
  }
  const { bytes, valueStart, valueLength } = database;
  let range = bitRange(valueLength, 0, -1, false);
  if (request.argc > 2) {
    if (request.argc !== 4 && request.argc !== 5) {
      reply.error(SYNTAX_ERROR);
      return;
    }
    const start = request.int64(2);
    const end = request.int64(3);
    if (start === null || end === null) {
      reply.error(NOT_AN_INTEGER);
      return;
    }
    if (start < 0 && end < 0 && start > end) {
      reply.integer(0);
      return;
    }
    const ofBits = request.argc === 5 ? isBitUnit(request, 4, reply) : false;
    if (ofBits === null) return;
    range = bitRange(valueLength, start, end, ofBits);
  }
  reply.integer(countOnes(bytes, valueStart, range));
}

function countOnes(bytes: Uint8Array, start: number, { first, last }: BitRange): number {
  if (first > last) return 0;
  const firstByte = Math.floor(first / 8);
  const lastByte = Math.floor(last / 8);
  let count = 0;
  for (let i = firstByte; i <= lastByte; i++) count += onesOfByte[bytes[start + i]];
  count -= onesOfByte[bytes[start + firstByte] & ~(0xff >> (first % 8)) & 0xff];
  count -= onesOfByte[bytes[start + lastByte] & (0x7f >> (last % 8))];
  return count;
}

function bitpos(client: Client, request: Request, reply: ReplyWriter): void {
  const bit = request.integer(2);
  if (bit !== 0 && bit !== 1) {
    reply.error(Number.isNaN(bit) ? NOT_AN_INTEGER : 'ERR The bit argument must be 1 or 0.');
    return;
  }
  const { database } = client;
  const entry = findToRead(client, request, 1);
  if (!isTypeOrAbsent(client, entry, TYPE_STRING, reply)) return;
  if (entry === 0) {
    reply.integer(bit === 1 ? -1 : 0);
    return;
  }
  const { bytes, valueStart, valueLength } = database;
  const { argc } = request;
  if (argc > 6) {
    reply.error(SYNTAX_ERROR);
    return;
  }
  const start = argc > 3 ? request.int64(3) : 0;
  if (start === null) {
    reply.error(NOT_AN_INTEGER);
    return;
  }
  const ofBits = argc === 6 ? isBitUnit(request, 5, reply) : false;
  if (ofBits === null) return;
  const end = argc > 4 ? request.int64(4) : -1;
  if (end === null) {
    reply.error(NOT_AN_INTEGER);
    return;
  }
  const range = bitRange(valueLength, start, end, ofBits);
  const found = firstBit(bytes, valueStart, range, bit);
  // Behind a string without an end there are zeros.
  const isOpen = argc < 5 && bit === 0 && range.first <= range.last;
  reply.integer(found < 0 && isOpen ? 8 * valueLength : found);
}

/** The first bit of this value within the range, -1 without one. */
function firstBit(bytes: Uint8Array, start: number, { first, last }: BitRange, bit: number): number {
  const skipped = bit === 1 ? 0 : 0xff;
  for (let at = first; at <= last; ) {
    const byte = bytes[start + Math.floor(at / 8)];
    if (byte === skipped) at += 8 - (at % 8);
    else if (((byte >> (7 - (at % 8))) & 1) === bit) return at;
    else at++;
  }
  return -1;
}

type Combine = (one: number, other: number) => number;

const operations: Record<string, Combine> = {
  and: (one, other) => one & other,
  or: (one, other) => one | other,
  xor: (one, other) => one ^ other,
};

function bitop(client: Client, request: Request, reply: ReplyWriter, server: ServerState): void {
  const name = request.text(1).toLowerCase();
  const combine = Object.hasOwn(operations, name) ? operations[name] : null;
  if (combine === null && name !== 'not') {
    reply.error(SYNTAX_ERROR);
    return;
  }
  if (combine === null && request.argc !== 4) {
    reply.error('ERR BITOP NOT must be called with a single source key.');
    return;
  }
  const { database } = client;
  const sources: Uint8Array[] = [];
  let longest = 0;
  for (let i = 3; i < request.argc; i++) {
    const entry = findToRead(client, request, i);
    if (!isTypeOrAbsent(client, entry, TYPE_STRING, reply)) return;
    const { bytes, valueStart, valueLength } = database;
    const length = entry === 0 ? 0 : valueLength;
    sources.push(bytes.subarray(valueStart, valueStart + length));
    longest = Math.max(longest, length);
  }
  if (longest === 0) {
    deleteKey(client, request, 2);
  } else {
    server.machineRoom.take(longest);
    const result = combine === null ? sources[0].map((byte) => ~byte) : combined(sources, longest, combine);
    const { bytes, start, length } = request;
    const entry = database.setString(bytes, start[2], length[2], result, 0, longest);
    database.setForm(entry, FORM_RAW);
    database.persist(entry, null);
    named(client, request, 2, events.set);
  }
  reply.integer(longest);
}

/** Shorter sources end with zeros. */
function combined(sources: Uint8Array[], length: number, combine: Combine): Uint8Array {
  const [first, ...others] = sources;
  const result = new Uint8Array(length);
  result.set(first);
  for (const source of others) {
    for (let i = 0; i < source.length; i++) result[i] = combine(result[i], source[i]);
    for (let i = source.length; i < length; i++) result[i] = combine(result[i], 0);
  }
  return result;
}

const ONE_KEY = { first: 1, last: 1, step: 1 };

export const bitCommands: CommandSpec[] = [
  {
    name: 'setbit',
    arity: 4,
    flags: ['write', 'denyoom'],
    keys: ONE_KEY,
    summary: 'Set or clear a bit of the value of a key',
    handler: setbit,
  },
  {
    name: 'getbit',
    arity: 3,
    flags: ['readonly', 'fast'],
    keys: ONE_KEY,
    summary: 'Get a bit of the value of a key',
    handler: getbit,
  },
  {
    name: 'bitcount',
    arity: -2,
    flags: ['readonly'],
    keys: ONE_KEY,
    summary: 'Count the set bits of the value of a key',
    handler: bitcount,
  },
  {
    name: 'bitpos',
    arity: -3,
    flags: ['readonly'],
    keys: ONE_KEY,
    summary: 'Find the first set or clear bit of the value of a key',
    handler: bitpos,
  },
  {
    name: 'bitop',
    arity: -4,
    flags: ['write', 'denyoom'],
    keys: { first: 2, last: -1, step: 1 },
    summary: 'Store the bitwise combination of the values of several keys',
    handler: bitop,
  },
];

/** BITFIELD and BITFIELD_RO: integers of any width at any bit of a string. */
import type { Client } from '../client.ts';
import { events } from '../keyspace/key-events.ts';
import { FORM_RAW } from '../keyspace/string-form.ts';
import { TYPE_STRING } from '../keyspace/types/value.ts';
import { NO_BYTES } from '../resp/bytes.ts';
import { type Int64, parseInteger } from '../resp/numbers.ts';
import type { ReplyWriter } from '../resp/reply.ts';
import type { Request } from '../resp/request.ts';
import { addWithin, FAIL, readBitInteger, SATURATE, WRAP, writeBitInteger } from './bit-integers.ts';
import { BIT_OFFSET_ERROR, grownToBit } from './bits.ts';
import { find, findToRead, isTypeOrAbsent } from './lookup.ts';
import { NOT_AN_INTEGER, SYNTAX_ERROR } from './replies.ts';
import type { CommandSpec, ServerState } from './table.ts';

const GET = 0;
const SET = 1;
const INCRBY = 2;

const HASH_SIGN = 0x23;
const SIGNED = 0x69;
const UNSIGNED = 0x75;
const SIGNED_BITS_MAX = 64;
const UNSIGNED_BITS_MAX = 63;
const TYPE_ERROR =
  'ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is.';

/** Instead of the argument behind an operation: it was refused, or there is none. */
const REFUSED = -1;
const NONE = -2;

const noString = { bytes: NO_BYTES, valueStart: 0, valueLength: 0 };

/** The operation that is read from the arguments; one for all requests. */
const operation = {
  kind: GET,
  isSigned: false,
  bits: 0,
  offset: 0,
  /** Of SET and INCRBY. */
  value: 0 as Int64,
  overflow: WRAP,
};

/**
 * Reads what stands from argument `at` on into `operation`, OVERFLOW before it included. Returns the argument behind
 * it, REFUSED with the error written, or NONE.
 */
function readOperation(request: Request, at: number, reply: ReplyWriter, server: ServerState): number {
  for (; request.is(at, 'overflow') && at + 1 < request.argc; at += 2) {
    if (request.is(at + 1, 'wrap')) operation.overflow = WRAP;
    else if (request.is(at + 1, 'sat')) operation.overflow = SATURATE;
    else if (request.is(at + 1, 'fail')) operation.overflow = FAIL;
    else return refused(reply, 'ERR Invalid OVERFLOW type specified');
    if (at + 2 === request.argc) return NONE;
  }
  const left = request.argc - at - 1;
  if (request.is(at, 'get') && left >= 2) operation.kind = GET;
  else if (request.is(at, 'set') && left >= 3) operation.kind = SET;
  else if (request.is(at, 'incrby') && left >= 3) operation.kind = INCRBY;
  else return refused(reply, SYNTAX_ERROR);
  if (!readType(request, at + 1)) return refused(reply, TYPE_ERROR);
  if (!readOffset(request, at + 2, server)) return refused(reply, BIT_OFFSET_ERROR);
  if (operation.kind === GET) return at + 3;
  const value = request.int64(at + 3);
  if (value === null) return refused(reply, NOT_AN_INTEGER);
  operation.value = value;
  return at + 4;
}

function refused(reply: ReplyWriter, text: string): number {
  reply.error(text);
  return REFUSED;
}

/** A type, "i" or "u" with the number of bits, up to a zero byte. */
function readType(request: Request, index: number): boolean {
  const { bytes } = request;
  const start = request.start[index];
  let length = request.length[index];
  for (let i = 0; i < length; i++) {
    if (bytes[start + i] === 0) length = i;
  }
  if (length === 0 || (bytes[start] !== SIGNED && bytes[start] !== UNSIGNED)) return false;
  operation.isSigned = bytes[start] === SIGNED;
  operation.bits = parseInteger(bytes, start + 1, length - 1);
  return operation.bits >= 1 && operation.bits <= (operation.isSigned ? SIGNED_BITS_MAX : UNSIGNED_BITS_MAX);
}

/** A number of bits, or behind "#" one of integers of this type. */
function readOffset(request: Request, index: number, server: ServerState): boolean {
  const { bytes } = request;
  const start = request.start[index];
  const length = request.length[index];
  const counts = length > 0 && bytes[start] === HASH_SIGN;
  const given = counts ? parseInteger(bytes, start + 1, length - 1) : parseInteger(bytes, start, length);
  operation.offset = counts ? given * operation.bits : given;
  return operation.offset >= 0 && operation.offset / 8 < server.configuration.requestLimits.bulkBytesMax;
}

function bitfield(client: Client, request: Request, reply: ReplyWriter, server: ServerState): void {
  runOperations(client, request, reply, server, true);
}

function bitfieldReadOnly(client: Client, request: Request, reply: ReplyWriter, server: ServerState): void {
  runOperations(client, request, reply, server, false);
}

function runOperations(
  client: Client,
  request: Request,
  reply: ReplyWriter,
  server: ServerState,
  mayWrite: boolean,
): void {
  let count = 0;
  let lastWritten = -1;
  operation.overflow = WRAP;
  for (let at = 2; at < request.argc; ) {
    at = readOperation(request, at, reply, server);
    if (at === REFUSED) return;
    if (at === NONE) break;
    count++;
    if (operation.kind !== GET) lastWritten = Math.max(lastWritten, operation.offset + operation.bits - 1);
  }
  if (lastWritten >= 0 && !mayWrite) {
    reply.error('ERR BITFIELD_RO only supports the GET subcommand');
    return;
  }
  const { database } = client;
  let entry = lastWritten < 0 ? findToRead(client, request, 1) : find(client, request, 1);
  if (!isTypeOrAbsent(client, entry, TYPE_STRING, reply)) return;
  const former = entry === 0 ? 0 : database.valueLength;
  if (lastWritten >= 0) {
    entry = grownToBit(client, request, entry, lastWritten);
    database.setForm(entry, FORM_RAW);
  }
  const string = entry === 0 ? noString : database;
  const isLonger = string.valueLength > former;
  let isChanged = false;
  reply.array(count);
  operation.overflow = WRAP;
  for (let at = 2; count > 0; count--) {
    at = readOperation(request, at, reply, server);
    const { offset, bits, isSigned } = operation;
    const before = readBitInteger(string, offset, bits, isSigned);
    if (operation.kind === GET) {
      reply.int64(before);
      continue;
    }
    const after = resultOf(before);
    if (after === null) {
      reply.nil();
      continue;
    }
    reply.int64(operation.kind === SET ? before : after);
    if (after !== before) writeBitInteger(string, offset, bits, after);
    if (after !== before || isLonger) isChanged = true;
  }
  if (isChanged) database.changed(entry, events.setbit);
}

/** What `operation` makes of the value before; null where it is to fail. */
function resultOf(before: Int64): Int64 | null {
  const { kind, value, bits, isSigned, overflow } = operation;
  if (kind === INCRBY) return addWithin(before, value, bits, isSigned, overflow);
  // Redis takes a negative value for one of 64 bits that has no sign.
  const given = value < 0 && !isSigned ? BigInt.asUintN(64, BigInt(value)) : value;
  return addWithin(given, 0, bits, isSigned, overflow);
}

const ONE_KEY = { first: 1, last: 1, step: 1 };

export const bitFieldCommands: CommandSpec[] = [
  {
    name: 'bitfield',
    arity: -2,
    flags: ['write', 'denyoom'],
    keys: ONE_KEY,
    summary: 'Get, set and count up integers of any width within the value of a key',
    handler: bitfield,
  },
  {
    name: 'bitfield_ro',
    arity: -2,
    flags: ['readonly', 'fast'],
    keys: ONE_KEY,
    summary: 'Get integers of any width within the value of a key',
    handler: bitfieldReadOnly,
  },
];

/** LCS: the longest bytes that are in two strings in the same order, though not side by side. */
import type { Client } from '../client.ts';
import { TYPE_STRING } from '../keyspace/types/value.ts';
import type { Int64 } from '../resp/numbers.ts';
import type { ReplyWriter } from '../resp/reply.ts';
import type { Request } from '../resp/request.ts';
import { findToRead } from './lookup.ts';
import { NOT_AN_INTEGER, SYNTAX_ERROR } from './replies.ts';
import type { CommandSpec, ServerState } from './table.ts';

interface LcsOptions {
  length: boolean;
  places: boolean;
  withMatchLength: boolean;
  /** A shorter match is not shown. */
  matchLengthMin: Int64;
}

/** A stretch of bytes in both strings, by its first place in each. */
interface Match {
  inFirst: number;
  inSecond: number;
  length: number;
}

function lcs(client: Client, request: Request, reply: ReplyWriter, server: ServerState): void {
  const first = stringAt(client, request, 1);
  const second = stringAt(client, request, 2);
  if (first === null || second === null) {
    reply.error('ERR The specified keys must contain string values');
    return;
  }
  const options = lcsOptions(request, reply);
  if (options === null) return;
  const cells = (first.length + 1) * (second.length + 1);
  const bytes = cells * Uint32Array.BYTES_PER_ELEMENT;
  if (bytes > server.configuration.requestLimits.bulkBytesMax) {
    reply.error('ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len');
    return;
  }
  server.machineRoom.take(bytes);
  const lengths = commonLengths(first, second);
  const length = lengths[cells - 1];
  if (options.places) {
    writeMatches(matchesOf(first, second, lengths), length, options, reply);
  } else if (options.length) {
    reply.integer(length);
  } else {
    const common = new Uint8Array(length);
    let at = length;
    for (const match of matchesOf(first, second, lengths)) {
      at -= match.length;
      common.set(first.subarray(match.inFirst, match.inFirst + match.length), at);
    }
    reply.bulk(common, 0, length);
  }
}

/** The bytes of a key's string, none without the key; null for another type. They lie in place. */
function stringAt(client: Client, request: Request, index: number): Uint8Array | null {
  const { database } = client;
  const entry = findToRead(client, request, index);
  if (entry !== 0 && database.type(entry) !== TYPE_STRING) return null;
  const { bytes, valueStart, valueLength } = database;
  return bytes.subarray(valueStart, valueStart + (entry === 0 ? 0 : valueLength));
}

function lcsOptions(request: Request, reply: ReplyWriter): LcsOptions | null {
  const options: LcsOptions = { length: false, places: false, withMatchLength: false, matchLengthMin: 0 };
  for (let i = 3; i < request.argc; i++) {
    if (request.is(i, 'idx')) {
      options.places = true;
    } else if (request.is(i, 'len')) {
      options.length = true;
    } else if (request.is(i, 'withmatchlen')) {
      options.withMatchLength = true;
    } else if (request.is(i, 'minmatchlen') && i + 1 < request.argc) {
      const length = request.int64(++i);
      if (length === null) {
        reply.error(NOT_AN_INTEGER);
        return null;
      }
      options.matchLengthMin = length;
    } else {
      reply.error(SYNTAX_ERROR);
      return null;
    }
  }
  if (options.length && options.places) {
    reply.error('ERR If you want both the length and indexes, please just use IDX.');
    return null;
  }
  return options;
}

/**
 * The table of the dynamic programme (Wagner and Fischer 1974, "The string-to-string correction problem"): at
 * i * (second.length + 1) + j, how long the longest is of the first i and the first j bytes.
 */
function commonLengths(first: Uint8Array, second: Uint8Array): Uint32Array {
  const width = second.length + 1;
  const lengths = new Uint32Array((first.length + 1) * width);
  for (let i = 1; i <= first.length; i++) {
    const byte = first[i - 1];
    const row = i * width;
    for (let j = 1; j < width; j++) {
      const at = row + j;
      if (byte === second[j - 1]) lengths[at] = lengths[at - width - 1] + 1;
      else lengths[at] = Math.max(lengths[at - width], lengths[at - 1]);
    }
  }
  return lengths;
}

/** From the last one to the first; of several ways, the one that Redis goes. */
function matchesOf(first: Uint8Array, second: Uint8Array, lengths: Uint32Array): Match[] {
  const width = second.length + 1;
  const matches: Match[] = [];
  let i = first.length;
  let j = second.length;
  let length = 0;
  while (i > 0 && j > 0) {
    if (first[i - 1] === second[j - 1]) {
      i--;
      j--;
      length++;
      continue;
    }
    if (length > 0) matches.push({ inFirst: i, inSecond: j, length });
    length = 0;
    const at = i * width + j;
    if (lengths[at - width] > lengths[at - 1]) i--;
    else j--;
  }
  if (length > 0) matches.push({ inFirst: i, inSecond: j, length });
  return matches;
}

function writeMatches(matches: Match[], length: number, options: LcsOptions, reply: ReplyWriter): void {
  const shown = matches.filter((match) => match.length >= options.matchLengthMin);
  reply.map(2);
  reply.bulkText('matches');
  reply.array(shown.length);
  for (const match of shown) {
    reply.array(options.withMatchLength ? 3 : 2);
    writePlaces(match.inFirst, match.length, reply);
    writePlaces(match.inSecond, match.length, reply);
    if (options.withMatchLength) reply.integer(match.length);
  }
  reply.bulkText('len');
  reply.integer(length);
}

function writePlaces(from: number, length: number, reply: ReplyWriter): void {
  reply.array(2);
  reply.integer(from);
  reply.integer(from + length - 1);
}

export const commonSubsequenceCommands: CommandSpec[] = [
  {
    name: 'lcs',
    arity: -3,
    flags: ['readonly'],
    keys: { first: 1, last: 2, step: 1 },
    summary: 'Longest common subsequence of the values of two keys',
    handler: lcs,
  },
];

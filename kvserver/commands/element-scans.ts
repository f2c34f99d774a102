/**
 * SSCAN, HSCAN and ZSCAN. A cursor is the number of places still to be looked at, from the last one down: a removal
 * moves a member to a lower place only, so that each element that stays is returned, also when others come and go
 * between the calls. What Redis would have in a compact form is returned whole, as Redis does.
 */
import type { Client } from '../client.ts';
import { globMatches } from '../keyspace/glob.ts';
import type { HashValue } from '../keyspace/types/hash.ts';
import type { SetValue } from '../keyspace/types/set.ts';
import type { SortedSetValue } from '../keyspace/types/sorted-set.ts';
import { TYPE_HASH, TYPE_SET, TYPE_SORTED_SET } from '../keyspace/types/value.ts';
import { latin1Bytes } from '../resp/bytes.ts';
import { formatDouble } from '../resp/numbers.ts';
import type { ReplyWriter } from '../resp/reply.ts';
import type { Request } from '../resp/request.ts';
import { findToRead, isTypeOrAbsent } from './lookup.ts';
import { type ScanOptions, scanCursor, scanOptions } from './scan-options.ts';

export function sscan(client: Client, request: Request, reply: ReplyWriter): void {
  scanElements<SetValue>(client, request, reply, TYPE_SET, 1, (set, place) => set.at(place), writeMember);
}

export function hscan(client: Client, request: Request, reply: ReplyWriter): void {
  scanElements<HashValue>(
    client,
    request,
    reply,
    TYPE_HASH,
    2,
    (hash, place) => hash.fieldAt(place),
    writeField,
  );
}

export function zscan(client: Client, request: Request, reply: ReplyWriter): void {
  const memberAt = (set: SortedSetValue, place: number): string => set.memberAt(place);
  scanElements<SortedSetValue>(client, request, reply, TYPE_SORTED_SET, 2, memberAt, writeScored);
}

function writeMember(set: SetValue, place: number, reply: ReplyWriter): void {
  reply.bulkText(set.at(place));
}

function writeField(hash: HashValue, place: number, reply: ReplyWriter): void {
  reply.bulkText(hash.fieldAt(place));
  reply.bulkText(hash.valueAt(place));
}

/** Scores come as bulk strings in RESP3 too. */
function writeScored(set: SortedSetValue, place: number, reply: ReplyWriter): void {
  reply.bulkText(set.memberAt(place));
  reply.bulkText(formatDouble(set.scoreAt(place)));
}

/** `elements`: how many elements of the reply `write` writes for a place, whose name `nameAt` gives. */
function scanElements<T extends SetValue | HashValue | SortedSetValue>(
  client: Client,
  request: Request,
  reply: ReplyWriter,
  type: number,
  elements: number,
  nameAt: (value: T, place: number) => string,
  write: (value: T, place: number, reply: ReplyWriter) => void,
): void {
  const cursor = scanCursor(request.text(2));
  if (cursor === null) {
    reply.error('ERR invalid cursor');
    return;
  }
  const entry = findToRead(client, request, 1);
  if (entry === 0) {
    writeScan(reply, '0', 0);
    return;
  }
  if (!isTypeOrAbsent(client, entry, type, reply)) return;
  const options = scanOptions(request, reply, 3, false);
  if (options === null) return;
  const value = client.database.object(entry) as T;
  const end = cursor === 0n || cursor > value.size ? value.size : Number(cursor);
  const from = value.isCompact ? 0 : Math.max(0, end - options.count);
  const to = value.isCompact ? value.size : end;
  const found: number[] = [];
  for (let place = from; place < to; place++) {
    if (isWanted(nameAt(value, place), request, options)) found.push(place);
  }
  writeScan(reply, String(from), elements * found.length);
  for (const place of found) write(value, place, reply);
}

function isWanted(name: string, request: Request, { pattern }: ScanOptions): boolean {
  if (pattern === 0) return true;
  const start = request.start[pattern];
  return globMatches(
    request.bytes,
    start,
    start + request.length[pattern],
    latin1Bytes(name),
    0,
    name.length,
  );
}

function writeScan(reply: ReplyWriter, cursor: string, length: number): void {
  reply.array(2);
  reply.bulkText(cursor);
  reply.array(length);
}

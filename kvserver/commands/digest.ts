/** DEBUG DIGEST-VALUE: a digest of a value and of whether it expires, the same as Redis' own (debug.c). */
import { createHash } from 'node:crypto';
import type { Client } from '../client.ts';
import type { Keyspace } from '../keyspace/keyspace.ts';
import type { HashValue } from '../keyspace/types/hash.ts';
import type { ListValue } from '../keyspace/types/list.ts';
import type { SetValue } from '../keyspace/types/set.ts';
import type { SortedSetValue } from '../keyspace/types/sorted-set.ts';
import { TYPE_HASH, TYPE_LIST, TYPE_SET, TYPE_SORTED_SET, TYPE_STRING } from '../keyspace/types/value.ts';
import { latin1Bytes } from '../resp/bytes.ts';
import { formatDouble } from '../resp/numbers.ts';
import type { ReplyWriter } from '../resp/reply.ts';
import type { Request } from '../resp/request.ts';

const DIGEST_BYTES = 20;

/** The numbers that types have in Redis. */
const numberOfType: Record<number, number> = {
  [TYPE_STRING]: 0,
  [TYPE_LIST]: 1,
  [TYPE_SET]: 2,
  [TYPE_SORTED_SET]: 3,
  [TYPE_HASH]: 4,
};

export function digestValues(client: Client, request: Request, reply: ReplyWriter): void {
  reply.array(request.argc - 2);
  for (let i = 2; i < request.argc; i++) {
    const digest = new Digest();
    const entry = client.database.peek(request.bytes, request.start[i], request.length[i]);
    if (entry !== 0) addValue(digest, client.database, entry);
    reply.simple(Buffer.from(digest.bytes).toString('hex'));
  }
}

class Digest {
  bytes: Uint8Array = new Uint8Array(DIGEST_BYTES);

  /** For what has no order. */
  xor(bytes: Uint8Array): void {
    const hash = sha1(bytes);
    for (let i = 0; i < DIGEST_BYTES; i++) this.bytes[i] = this.bytes[i] ^ hash[i];
  }

  /** For what has an order. */
  mix(bytes: Uint8Array): void {
    this.xor(bytes);
    this.bytes = sha1(this.bytes);
  }

  xorPair(one: string, other: string): void {
    const pair = new Digest();
    pair.mix(latin1Bytes(one));
    pair.mix(latin1Bytes(other));
    this.xor(pair.bytes);
  }
}

function sha1(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(createHash('sha1').update(bytes).digest());
}

function addValue(digest: Digest, database: Keyspace, entry: number): void {
  const type = database.type(entry);
  digest.mix(new Uint8Array([0, 0, 0, numberOfType[type]]));
  if (type === TYPE_STRING) {
    database.locate(entry);
    const { bytes, valueStart, valueLength } = database;
    digest.mix(bytes.subarray(valueStart, valueStart + valueLength));
  } else if (type === TYPE_LIST) {
    const list = database.object(entry) as ListValue;
    for (let i = 0; i < list.length; i++) digest.mix(latin1Bytes(list.at(i)));
  } else if (type === TYPE_SET) {
    const set = database.object(entry) as SetValue;
    for (let place = 0; place < set.size; place++) digest.xor(latin1Bytes(set.at(place)));
  } else if (type === TYPE_HASH) {
    const hash = database.object(entry) as HashValue;
    for (let place = 0; place < hash.size; place++) digest.xorPair(hash.fieldAt(place), hash.valueAt(place));
  } else {
    const set = database.object(entry) as SortedSetValue;
    for (let place = 0; place < set.size; place++) {
      digest.xorPair(set.memberAt(place), formatDouble(set.scoreAt(place)));
    }
  }
  if (database.expiryMs(entry) >= 0) digest.xor(latin1Bytes('!!expire!!'));
}

/** Finds the key that an argument names in the client's database. */
import type { Client } from '../client.ts';
import { events, type KeyEvent } from '../keyspace/key-events.ts';
import type { Keyspace } from '../keyspace/keyspace.ts';
import { isEmpty, type ObjectValue, TYPE_STRING } from '../keyspace/types/value.ts';
import { DATABASES } from '../options.ts';
import type { ReplyWriter } from '../resp/reply.ts';
import type { Request } from '../resp/request.ts';
import { int32Argument } from './ranged-integer.ts';
import { DB_OUT_OF_RANGE, WRONG_TYPE } from './replies.ts';
import type { Command } from './table.ts';

/** The entry of the key in argument `index`, 0 when there is none. */
export function find(client: Client, request: Request, index: number): number {
  return client.database.find(request.bytes, request.start[index], request.length[index]);
}

/** As find, counted in the statistics of reads. */
export function findToRead(client: Client, request: Request, index: number): number {
  return client.database.findToRead(request.bytes, request.start[index], request.length[index]);
}

/** As findToRead, but the key does not count as used. */
export function peekToRead(client: Client, request: Request, index: number): number {
  return client.database.peekToRead(request.bytes, request.start[index], request.length[index]);
}

/**
 * The value of the key in argument `index` was changed in place: who wants to know is told. To be called for each
 * change of an object's elements; what makes, replaces or deletes a key is told by the keyspace itself.
 */
export function changed(client: Client, request: Request, index: number, event: KeyEvent): void {
  const { listener } = client.database;
  listener?.keyChanged(request.bytes, request.start[index], request.length[index], event);
}

/** What the keyspace has told as a change of the key in argument `index` has this name. */
export function named(client: Client, request: Request, index: number, event: KeyEvent): void {
  const { listener } = client.database;
  listener?.keyEvent(request.bytes, request.start[index], request.length[index], event);
}

/** The number of a database that argument `index` is; -1 with the error written. */
export function databaseIndex(request: Request, index: number, reply: ReplyWriter): number {
  const number = int32Argument(request, index, reply);
  if (number >= 0 && number < DATABASES) return number;
  if (!Number.isNaN(number)) reply.error(DB_OUT_OF_RANGE);
  return -1;
}

/** Whether the entry is absent or of this type. Writes the error otherwise. */
export function isTypeOrAbsent(client: Client, entry: number, type: number, reply: ReplyWriter): boolean {
  if (entry === 0 || client.database.type(entry) === type) return true;
  reply.error(WRONG_TYPE);
  return false;
}

/**
 * The value of the key in argument 1, which is of this type; undefined without the key or with the error
 * written.
 */
export function objectToRead<T extends ObjectValue>(
  client: Client,
  request: Request,
  reply: ReplyWriter,
  type: number,
  absent: (reply: ReplyWriter) => void,
): T | undefined {
  return objectAt<T>(client, findToRead(client, request, 1), reply, type, absent);
}

/** As objectToRead, of a command that changes the value: it counts as neither hit nor miss. */
export function objectToChange<T extends ObjectValue>(
  client: Client,
  request: Request,
  reply: ReplyWriter,
  type: number,
  absent: (reply: ReplyWriter) => void,
): T | undefined {
  return objectAt<T>(client, find(client, request, 1), reply, type, absent);
}

function objectAt<T extends ObjectValue>(
  client: Client,
  entry: number,
  reply: ReplyWriter,
  type: number,
  absent: (reply: ReplyWriter) => void,
): T | undefined {
  if (entry === 0) {
    absent(reply);
    return undefined;
  }
  if (!isTypeOrAbsent(client, entry, type, reply)) return undefined;
  return client.database.object(entry) as T;
}

/** As objectToRead, but the key is made when it is not there. */
export function objectToWrite<T extends ObjectValue>(
  client: Client,
  request: Request,
  reply: ReplyWriter,
  type: number,
  make: (database: Keyspace) => T,
): T | undefined {
  const { database } = client;
  const entry = find(client, request, 1);
  if (entry === 0) {
    const value = make(database);
    database.insertObject(request.bytes, request.start[1], request.length[1], type, value);
    return value;
  }
  if (!isTypeOrAbsent(client, entry, type, reply)) return undefined;
  return database.object(entry) as T;
}

/** Deletes the key in argument 1, whose value has become empty. */
export function deleteEmptied(client: Client, request: Request): void {
  client.database.delete(find(client, request, 1), events.del);
}

/**
 * Removes the members that the arguments from 2 on name from the value of the key in argument 1; replies how
 * many.
 */
export function removeMembers(
  client: Client,
  request: Request,
  reply: ReplyWriter,
  members: { delete(member: string): boolean; readonly size: number },
  event: KeyEvent,
): void {
  let removed = 0;
  for (let i = 2; i < request.argc && members.size > 0; i++) {
    if (members.delete(request.text(i))) removed++;
  }
  if (removed > 0) changed(client, request, 1, event);
  if (members.size === 0) deleteEmptied(client, request);
  reply.integer(removed);
}

/** Sets the key in argument `index` to this value, whatever it was before; it does not expire. */
export function storeObject(
  client: Client,
  request: Request,
  index: number,
  type: number,
  value: ObjectValue,
  event: KeyEvent,
): void {
  client.database.setObject(request.bytes, request.start[index], request.length[index], type, value);
  named(client, request, index, event);
}

/** Deletes the key in argument `index`, if it is there. */
export function deleteKey(client: Client, request: Request, index: number): void {
  const entry = find(client, request, index);
  if (entry !== 0) client.database.delete(entry, events.del);
}

/** No key may have an empty value, as one that a command had made before it failed. */
export function deleteEmptyValues(client: Client, { spec }: Command, request: Request): void {
  const { keys } = spec;
  if (keys === undefined) return;
  const { database } = client;
  const last = keys.last < 0 ? request.argc + keys.last : Math.min(keys.last, request.argc - 1);
  for (let i = keys.first; i <= last; i += keys.step) {
    const entry = find(client, request, i);
    if (entry === 0 || database.type(entry) === TYPE_STRING) continue;
    if (isEmpty(database.object(entry))) database.delete(entry, events.del);
  }
}

export const replyZero = (reply: ReplyWriter): void => reply.integer(0);
export const replyOk = (reply: ReplyWriter): void => reply.ok();
export const replyNil = (reply: ReplyWriter): void => reply.nil();
export const replyNilArray = (reply: ReplyWriter): void => reply.nilArray();
export const replyEmptyArray = (reply: ReplyWriter): void => reply.array(0);
export const replyEmptySet = (reply: ReplyWriter): void => reply.set(0);
export const replyEmptyMap = (reply: ReplyWriter): void => reply.map(0);

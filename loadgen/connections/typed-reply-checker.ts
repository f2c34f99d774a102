/** Checks replies by their type alone: for commands of which only the server knows what they answer. */
import { LoadError } from '../errors.ts';
import type { ReplyChecker } from './exchange.ts';
import { ReplyStatus } from './reply.ts';
import {
  ARRAY,
  BULK,
  ERROR,
  endOfBulk,
  Found,
  INTEGER,
  notAsked,
  notResp,
  RespScanner,
  STATUS,
} from './resp-scanner.ts';

/** What a right reply is. Nil is a bulk string, or an array, that is not there. */
export type ReplyType = 'status' | 'integer' | 'bulk' | 'bulk-or-nil' | 'array' | 'any';

const firstBytes: Record<ReplyType, number> = {
  status: STATUS,
  integer: INTEGER,
  bulk: BULK,
  'bulk-or-nil': BULK,
  array: ARRAY,
  any: 0,
};

export interface TypedReplies {
  /** By operation. */
  types: readonly ReplyType[];
  /** Whether the first error reply ends the load (ERROR_REPLY), and the first of another type (NOT_RESP). */
  endsAtError: boolean;
  /** Of the protocol that was agreed on. */
  version: 2 | 3;
}

export class TypedReplyChecker implements ReplyChecker {
  end = 0;
  errorText = '';
  readonly #scanner: RespScanner;
  /** By operation: the first byte of right replies, 0 for any, and whether nil is a miss. */
  readonly #firstBytes: Uint8Array;
  readonly #mayMiss: boolean[];
  readonly #endsAtError: boolean;
  /** Of the reply that is going on, whose head was found or not. */
  #hasHead = false;
  #type = 0;
  #isNull = false;

  constructor({ types, endsAtError, version }: TypedReplies) {
    this.#scanner = new RespScanner(version);
    this.#firstBytes = Uint8Array.from(types, (type) => firstBytes[type]);
    this.#mayMiss = types.map((type) => type === 'bulk-or-nil' || type === 'any');
    this.#endsAtError = endsAtError;
  }

  check(bytes: Uint8Array, at: number, limit: number, operation: number): ReplyStatus {
    const scanner = this.#scanner;
    const end = scanner.isWhole ? endOfBulk(bytes, at, limit) : -1;
    if (end > 0) {
      this.#type = BULK;
      this.#isNull = false;
      this.end = end;
      return this.#judge(operation);
    }
    if (scanner.isWhole || !this.#hasHead) {
      this.#hasHead = scanner.next(bytes, at, limit) === Found.Head;
      if (!this.#hasHead) return ReplyStatus.Incomplete;
      this.#type = scanner.type;
      this.#isNull = scanner.isNull;
      if (scanner.type === ERROR) this.errorText = scanner.text;
      at = scanner.end;
    }
    if (!scanner.skip(bytes, at, limit)) return ReplyStatus.Incomplete;
    this.end = scanner.end;
    return this.#judge(operation);
  }

  rejectUnasked(bytes: number): never {
    throw notAsked(bytes);
  }

  #judge(operation: number): ReplyStatus {
    const type = this.#type;
    if (type === ERROR) {
      if (this.#endsAtError) throw new LoadError('ERROR_REPLY', `Error from server: ${this.errorText}`);
      return ReplyStatus.Failed;
    }
    if (this.#isNull && this.#mayMiss[operation]) return ReplyStatus.Miss;
    const expected = this.#firstBytes[operation];
    if (!this.#isNull && (expected === 0 || expected === type)) return ReplyStatus.Right;
    if (this.#endsAtError)
      throw notResp(`a reply of type '${String.fromCharCode(type)}' is of none that fits`);
    return ReplyStatus.Wrong;
  }
}

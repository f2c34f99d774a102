/** Checks replies by their type alone: for commands of which only the server knows what they answer. */
import { LoadError } from '../errors.ts';
import type { ReplyChecker } from './exchange.ts';
import { ReplyStatus } from './reply.ts';
import { ARRAY, BULK, ERROR, INTEGER, notResp, RespScanner, STATUS } from './resp-scanner.ts';

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

export class TypedReplyChecker implements ReplyChecker {
  end = 0;
  errorText = '';
  readonly #scanner = new RespScanner();
  /** By operation: the first byte of right replies, 0 for any, and whether nil is a miss. */
  readonly #firstBytes: Uint8Array;
  readonly #mayMiss: boolean[];
  readonly #endsAtError: boolean;

  /**
   * @param types by operation
   * @param endsAtError whether the first error reply ends the load (ERROR_REPLY), and the first of another type
   *   (NOT_RESP); else they are counted
   */
  constructor(types: readonly ReplyType[], endsAtError: boolean) {
    this.#firstBytes = Uint8Array.from(types, (type) => firstBytes[type]);
    this.#mayMiss = types.map((type) => type === 'bulk-or-nil' || type === 'any');
    this.#endsAtError = endsAtError;
  }

  check(bytes: Uint8Array, at: number, limit: number, operation: number): ReplyStatus {
    const scanner = this.#scanner;
    if (!scanner.scan(bytes, at, limit)) return ReplyStatus.Incomplete;
    this.end = scanner.end;
    const { type } = scanner;
    if (type === ERROR) {
      this.errorText = scanner.errorText;
      if (this.#endsAtError) throw new LoadError('ERROR_REPLY', `Error from server: ${scanner.errorText}`);
      return ReplyStatus.Failed;
    }
    if (scanner.isNil && this.#mayMiss[operation]) return ReplyStatus.Miss;
    const expected = this.#firstBytes[operation];
    if (!scanner.isNil && (expected === 0 || expected === type)) return ReplyStatus.Right;
    if (this.#endsAtError)
      throw notResp(`a reply of type '${String.fromCharCode(type)}' is of none that fits`);
    return ReplyStatus.Wrong;
  }

  rejectUnasked(bytes: number): never {
    throw notResp(`${bytes} bytes came while no request was outstanding`);
  }
}

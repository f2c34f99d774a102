/**
 * Checks the replies of a bulk stream against the bytes of the one right reply, in place and across any cut between
 * segments. A reply that lies whole in a segment is compared at once; of others the scanner tells a miss, an error and
 * a wrong value apart. A reply type that neither GET nor SET has means that the peer is no Redis server: NOT_RESP.
 */
import { sameBytes } from '../workload/same-bytes.ts';
import { ReplyStatus } from './reply.ts';
import {
  ARRAY,
  cameBack,
  ERROR,
  Found,
  INTEGER,
  notAsked,
  notResp,
  RespScanner,
  STATUS,
} from './resp-scanner.ts';

const OK = 'OK';

export class BulkChecker {
  /** Where the next reply begins, once check() has found the end of one; undefined after Incomplete. */
  end = 0;
  errorText = '';
  readonly #scanner = new RespScanner();
  /** What the reply so far is. */
  #status: ReplyStatus = ReplyStatus.Right;
  /** Place in the right reply with which the next bytes of the body are compared. */
  #place = 0;

  /**
   * Looks at bytes[at, limit). Returns the status of a whole reply, with `end` behind it, or Incomplete when it has
   * consumed all bytes and the reply goes on: call again with the same `expected` and the bytes that follow.
   */
  check(bytes: Uint8Array, at: number, limit: number, expected: Uint8Array): ReplyStatus {
    const scanner = this.#scanner;
    if (
      scanner.isWhole &&
      limit - at >= expected.length &&
      sameBytes(bytes, at, expected, 0, expected.length)
    ) {
      this.end = at + expected.length;
      return ReplyStatus.Right;
    }
    while (at < limit) {
      const found = scanner.next(bytes, at, limit);
      if (found === Found.Head) this.#status = this.#judgeHead(expected);
      else if (found === Found.Body) this.#compare(bytes, at, scanner.pieceEnd - at, expected);
      at = scanner.end;
      if (scanner.isWhole) {
        this.end = at;
        return this.#status;
      }
    }
    return ReplyStatus.Incomplete;
  }

  rejectUnasked(bytes: number): never {
    throw notAsked(bytes);
  }

  /** Of a body the first part: whether it is as long as the right one. */
  #judgeHead(expected: Uint8Array): ReplyStatus {
    const { type, isNull, length } = this.#scanner;
    if (type === ARRAY) throw cameBack();
    if (type === INTEGER) throw notResp(`a reply begins with byte ${type}`);
    if (type === ERROR) {
      this.errorText = this.#scanner.text;
      return ReplyStatus.Failed;
    }
    if (isNull) return ReplyStatus.Miss;
    if (type !== expected[0]) return ReplyStatus.Wrong;
    if (type === STATUS) return this.#scanner.text === OK ? ReplyStatus.Right : ReplyStatus.Wrong;
    this.#place = `$${length}\r\n`.length;
    return expected.length === this.#place + length + 2 ? ReplyStatus.Right : ReplyStatus.Wrong;
  }

  #compare(bytes: Uint8Array, at: number, count: number, expected: Uint8Array): void {
    if (this.#status !== ReplyStatus.Right) return;
    if (!sameBytes(bytes, at, expected, this.#place, count)) this.#status = ReplyStatus.Wrong;
    this.#place += count;
  }
}

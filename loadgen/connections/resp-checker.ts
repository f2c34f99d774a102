/**
 * Checks a stream of RESP replies against what was asked for, in place and across any cut between segments.
 *
 * An OK, or a value, that lies whole in the segment takes the fast path. All others are read element by element
 * (resp-scanner.ts), which distinguishes a miss, an error, and the ways in which a value, a record or keys can be
 * wrong.
 */
import { KeyCheck } from '../workload/key-check.ts';
import type { KeySpace } from '../workload/key-space.ts';
import { RecordCheck } from '../workload/record-check.ts';
import { ValueCheck } from '../workload/value-check.ts';
import type { Values } from '../workload/values.ts';
import type { RequestStep } from '../workload/workload.ts';
import type { ReplyChecker } from './exchange.ts';
import { ReplyStatus } from './reply.ts';
import {
  ARRAY,
  BULK,
  cameBack,
  ERROR,
  Found,
  INTEGER,
  notAsked,
  RespScanner,
  STATUS,
} from './resp-scanner.ts';

const [CR, LF] = [13, 10];
const OK = new Uint8Array(Buffer.from('+OK\r\n'));

/** What a body is. */
const Body = { Any: 0, Value: 1, Key: 2, OfRecord: 3 } as const;
type Body = (typeof Body)[keyof typeof Body];

/** What of a step its replies are checked by. */
export type CheckedStep = Pick<RequestStep, 'reply' | 'writes' | 'acknowledges' | 'floors' | 'fields'>;

/** What replies are checked by. */
export interface ReplyRules {
  readonly steps: readonly CheckedStep[];
  readonly values: Values;
  /** Whose versions of values can be compared. */
  readonly writer: number;
  /** Where keys are made; null where none are. */
  readonly keys: Pick<KeySpace, 'acknowledge'> | null;
  /** Whether a value may have any length, and not only that of its key. */
  readonly anyLength?: boolean;
}

/** By verdict. */
const statuses = [ReplyStatus.Right, ReplyStatus.Stale, ReplyStatus.Torn, ReplyStatus.Wrong] as const;

export class RespChecker implements ReplyChecker {
  end = 0;
  errorText = '';
  readonly #rules: ReplyRules;
  readonly #steps: readonly CheckedStep[];
  readonly #scanner = new RespScanner();
  readonly #value: ValueCheck;
  readonly #record: RecordCheck;
  readonly #key = new KeyCheck();
  #body: Body = Body.Any;
  /** What is wrong with the reply so far: the first thing that is. */
  #status: ReplyStatus = ReplyStatus.Right;

  constructor(rules: ReplyRules) {
    this.#rules = rules;
    this.#steps = rules.steps;
    this.#value = new ValueCheck(rules.values, rules.writer, rules.anyLength);
    this.#record = new RecordCheck(this.#value);
  }

  check(
    bytes: Uint8Array,
    at: number,
    limit: number,
    operation: number,
    key: number,
    detail: number,
  ): ReplyStatus {
    const step = this.#steps[operation];
    const scanner = this.#scanner;
    if (scanner.isWhole) {
      const status = this.#checkWhole(bytes, at, limit, step, key, detail);
      if (status !== ReplyStatus.Incomplete) return this.#judged(step, key, status);
    }
    while (at < limit) {
      const found = scanner.next(bytes, at, limit);
      if (found === Found.Head) {
        this.#headFound(step, key, detail);
      } else if (found === Found.Body) {
        this.#take(bytes, at, scanner.pieceEnd - at);
        if (scanner.isLastPiece) this.#bodyEnded();
      }
      at = scanner.end;
      if (scanner.isWhole) {
        if (step.reply === 'fields' && this.#status === ReplyStatus.Right) {
          this.#status = statuses[this.#record.verdict()];
        }
        const status = this.#status;
        this.end = at;
        this.#status = ReplyStatus.Right;
        return this.#judged(step, key, status);
      }
    }
    return ReplyStatus.Incomplete;
  }

  rejectUnasked(bytes: number): never {
    throw notAsked(bytes);
  }

  /** An OK or a value that is all there; Incomplete for anything else. */
  #checkWhole(
    bytes: Uint8Array,
    at: number,
    limit: number,
    { reply }: CheckedStep,
    key: number,
    floor: number,
  ): ReplyStatus {
    if (reply === 'ok') {
      if (limit - at < OK.length) return ReplyStatus.Incomplete;
      for (let i = 0; i < OK.length; i++) if (bytes[at + i] !== OK[i]) return ReplyStatus.Incomplete;
      this.end = at + OK.length;
      return ReplyStatus.Right;
    }
    if (reply !== 'value' || bytes[at] !== BULK) return ReplyStatus.Incomplete;
    let length = 0;
    let body = at + 1;
    for (; body < limit && bytes[body] !== CR; body++) {
      const digit = bytes[body] - 48;
      if (digit < 0 || digit > 9 || body - at > 9) return ReplyStatus.Incomplete;
      length = 10 * length + digit;
    }
    body += 2;
    const end = body + length;
    if (body - at < 4 || end + 2 > limit || bytes[body - 1] !== LF) return ReplyStatus.Incomplete;
    if (bytes[end] !== CR || bytes[end + 1] !== LF) return ReplyStatus.Incomplete;
    this.#value.begin(key, length, floor);
    this.#value.take(bytes, body, length);
    this.end = end + 2;
    return statuses[this.#value.verdict()];
  }

  /** What follows from the reply for the workload. */
  #judged(step: CheckedStep, key: number, status: ReplyStatus): ReplyStatus {
    const isRight = status === ReplyStatus.Right;
    if (step.writes && step.floors !== null) step.floors.answered(key, isRight);
    if (step.acknowledges && isRight) this.#rules.keys?.acknowledge(key);
    return status;
  }

  #note(status: ReplyStatus): void {
    if (this.#status === ReplyStatus.Right) this.#status = status;
  }

  #headFound(step: CheckedStep, key: number, detail: number): void {
    const { type, isNull, depth } = this.#scanner;
    if (type === ERROR) {
      this.errorText = this.#scanner.text;
      this.#status = ReplyStatus.Failed;
    } else if (isNull) {
      if (depth > 0) this.#noteElement(step, true);
      else if (step.reply !== 'nil' && step.reply !== 'any') this.#note(ReplyStatus.Miss);
    } else if (type === BULK) {
      this.#bodyBegins(step, key, detail);
    } else if (depth > 0) {
      this.#noteElement(step, false);
    } else if (type === ARRAY) {
      this.#arrayBegins(step, key, detail);
    } else if (!fits(step, type) || (step.reply === 'ok' && this.#scanner.text !== 'OK')) {
      this.#note(ReplyStatus.Wrong);
    }
  }

  /** Of an element of an array that is no bulk string. */
  #noteElement({ reply }: CheckedStep, isNull: boolean): void {
    if (reply === 'values' || reply === 'keys' || reply === 'fields') {
      this.#note(isNull ? ReplyStatus.Miss : ReplyStatus.Wrong);
    }
  }

  #bodyBegins(step: CheckedStep, key: number, detail: number): void {
    const { depth, index, length } = this.#scanner;
    const { reply } = step;
    this.#body = Body.Any;
    if (depth === 0) {
      if (!fits(step, BULK)) this.#note(ReplyStatus.Wrong);
      if (reply !== 'value') return;
      this.#body = Body.Value;
      this.#value.begin(key, length, detail);
    } else if (depth > 1) {
      return;
    } else if (reply === 'values') {
      this.#body = Body.Value;
      this.#value.begin(key + index, length, 0);
    } else if (reply === 'keys') {
      this.#body = Body.Key;
      this.#key.begin(key + index, length);
    } else if (reply === 'fields') {
      this.#body = Body.OfRecord;
      this.#record.elementBegins(index, length);
    }
  }

  #take(bytes: Uint8Array, at: number, count: number): void {
    if (this.#body === Body.Value) this.#value.take(bytes, at, count);
    else if (this.#body === Body.OfRecord) this.#record.take(bytes, at, count);
    else if (this.#body === Body.Key) this.#key.take(bytes, at, count);
  }

  #bodyEnded(): void {
    if (this.#body === Body.Value) this.#note(statuses[this.#value.verdict()]);
    else if (this.#body === Body.OfRecord) this.#record.elementEnds();
    else if (this.#body === Body.Key && !this.#key.isRight()) this.#note(ReplyStatus.Wrong);
  }

  #arrayBegins(step: CheckedStep, key: number, detail: number): void {
    const { reply, fields } = step;
    const { length } = this.#scanner;
    if (reply === 'ok' || reply === 'value') throw cameBack();
    if (!fits(step, ARRAY)) this.#note(ReplyStatus.Wrong);
    // An index without the keys is not filled, as a key without a value is not there.
    if (reply === 'keys' && length === 0) this.#note(ReplyStatus.Miss);
    else if ((reply === 'values' || reply === 'keys') && length !== detail) this.#note(ReplyStatus.Wrong);
    if (reply !== 'fields') return;
    // A key that is not there has no fields.
    if (length === 0) this.#note(ReplyStatus.Miss);
    else if (length !== 2 * fields) this.#note(ReplyStatus.Wrong);
    this.#record.begin(key, fields, detail);
  }
}

/** Whether a reply of this type can be the right one. */
function fits({ reply }: CheckedStep, type: number): boolean {
  switch (reply) {
    case 'ok':
      return type === STATUS;
    case 'integer':
      return type === INTEGER;
    case 'value':
    case 'bulk':
      return type === BULK;
    case 'values':
    case 'keys':
    case 'fields':
    case 'array':
      return type === ARRAY;
    case 'nil':
      return false;
    case 'any':
      return true;
  }
}

/**
 * Checks a stream of RESP replies against what was asked for, in place and across any cut between segments.
 *
 * An OK, or a value, that lies whole in the segment takes the fast path. All others go through a small state machine,
 * byte by byte but for the bodies of bulk strings, which distinguishes a miss, an error, and the ways in which a
 * value can be wrong (value-check.ts). A first byte that no reply of RESP2 begins with means that the peer is no
 * Redis server: NOT_RESP.
 */
import type { KeySpace } from '../workload/key-space.ts';
import { ValueCheck } from '../workload/value-check.ts';
import type { Values } from '../workload/values.ts';
import type { RequestStep } from '../workload/workload.ts';
import type { ReplyChecker } from './exchange.ts';
import { ReplyStatus } from './reply.ts';
import { notResp } from './resp-scanner.ts';

const MAX_LINE_BYTES = 1024;
/** Arrays within arrays. */
const MAX_DEPTH = 16;
const [PLUS, MINUS, COLON, DOLLAR, STAR, CR, LF] = [...'+-:$*\r\n'].map((char) => char.charCodeAt(0));
const TYPES = [PLUS, MINUS, COLON, DOLLAR, STAR];
const OK = new Uint8Array(Buffer.from('+OK\r\n'));

/** No Redis server answers a SET or GET so; a request that comes back looks so. */
const ECHOED = 'a reply is an array, as requests are; for an echo server give --protocol echo';

/** Where in a reply the checker is. */
const START = 0;
const LINE = 1;
const BODY = 2;
/** Of the two bytes behind a body. */
const BODY_END = 3;

/** What of a step its replies are checked by. */
export type CheckedStep = Pick<RequestStep, 'reply' | 'writes' | 'makes' | 'floors'>;

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
  readonly #value: ValueCheck;
  #state = START;
  #line = '';
  #bodyLeft = 0;
  /** Whether the body is the value of a key, which is then checked. */
  #isValue = false;
  /** What is wrong with the reply so far: the first thing that is. */
  #status: ReplyStatus = ReplyStatus.Right;
  /** Elements that the arrays around the next element still lack, by depth. */
  readonly #left = new Float64Array(MAX_DEPTH);
  #depth = 0;
  /** Elements of the reply so far. */
  #elements = 0;

  constructor(rules: ReplyRules) {
    this.#rules = rules;
    this.#steps = rules.steps;
    this.#value = new ValueCheck(rules.values, rules.writer, rules.anyLength);
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
    if (this.#state === START && this.#depth === 0) {
      const status = this.#checkWhole(bytes, at, limit, step, key, detail);
      if (status !== ReplyStatus.Incomplete) return this.#judged(step, key, status);
    }
    while (at < limit) {
      if (this.#state === BODY) {
        const count = Math.min(limit - at, this.#bodyLeft);
        if (this.#isValue) this.#value.take(bytes, at, count);
        at += count;
        this.#bodyLeft -= count;
        if (this.#bodyLeft > 0) break;
        this.#state = BODY_END;
        this.#bodyLeft = 2;
        continue;
      }
      this.#consume(bytes[at++], step, key, detail);
      if (this.#state === START && this.#depth === 0) {
        const status = this.#status;
        this.end = at;
        this.#status = ReplyStatus.Right;
        this.#elements = 0;
        return this.#judged(step, key, status);
      }
    }
    return ReplyStatus.Incomplete;
  }

  rejectUnasked(bytes: number): never {
    throw notResp(`${bytes} bytes came while no request was outstanding`);
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
    if (reply !== 'value' || bytes[at] !== DOLLAR) return ReplyStatus.Incomplete;
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
    if (step.writes) {
      const isRight = status === ReplyStatus.Right;
      if (step.floors !== null) step.floors.answered(key, isRight);
      if (step.makes && isRight) this.#rules.keys?.acknowledge(key);
    }
    return status;
  }

  #note(status: ReplyStatus): void {
    if (this.#status === ReplyStatus.Right) this.#status = status;
  }

  /** Takes a byte that is not of a body. */
  #consume(byte: number, step: CheckedStep, key: number, detail: number): void {
    if (this.#state === BODY_END) {
      if (byte !== (this.#bodyLeft === 2 ? CR : LF))
        throw notResp('a bulk string does not end where it should');
      if (--this.#bodyLeft > 0) return;
      if (this.#isValue) this.#note(statuses[this.#value.verdict()]);
      this.#elementEnded();
      return;
    }
    if (this.#state === START) {
      if (!TYPES.includes(byte)) throw notResp(`a reply begins with byte ${byte}`);
      this.#state = LINE;
    }
    this.#line += String.fromCharCode(byte);
    if (this.#line.length > MAX_LINE_BYTES)
      throw notResp(`a reply line is longer than ${MAX_LINE_BYTES} bytes`);
    if (byte !== LF || this.#line.charCodeAt(this.#line.length - 2) !== CR) return;
    const line = this.#line;
    this.#line = '';
    this.#lineEnded(line.charCodeAt(0), line.slice(1, -2), step, key, detail);
  }

  #lineEnded(type: number, text: string, step: CheckedStep, key: number, detail: number): void {
    if (type === MINUS) {
      this.errorText = text;
      this.#status = ReplyStatus.Failed;
      this.#elementEnded();
    } else if (type === PLUS || type === COLON) {
      if (this.#depth > 0) this.#noteElement(step, false);
      else if (!fits(step, type, text)) this.#note(ReplyStatus.Wrong);
      this.#elementEnded();
    } else if (text === '-1') {
      this.#noteNull(step);
      this.#elementEnded();
    } else if (type === DOLLAR) {
      this.#bodyBegins(lengthIn(text, 'a bulk string'), step, key, detail);
    } else {
      this.#arrayBegins(lengthIn(text, 'an array'), step, detail);
    }
  }

  #noteNull(step: CheckedStep): void {
    if (this.#depth > 0) this.#noteElement(step, true);
    else if (step.reply !== 'nil' && step.reply !== 'any') this.#note(ReplyStatus.Miss);
  }

  /** Of an element that is no bulk string. */
  #noteElement({ reply }: CheckedStep, isNull: boolean): void {
    if (reply === 'values') this.#note(isNull ? ReplyStatus.Miss : ReplyStatus.Wrong);
  }

  #bodyBegins(length: number, step: CheckedStep, key: number, detail: number): void {
    const { reply } = step;
    this.#isValue = this.#depth === 0 ? reply === 'value' : reply === 'values' && this.#depth === 1;
    if (this.#depth === 0 && !fits(step, DOLLAR, '')) this.#note(ReplyStatus.Wrong);
    if (this.#isValue) {
      const isOne = reply === 'value';
      this.#value.begin(isOne ? key : key + this.#elements, length, isOne ? detail : 0);
    }
    this.#bodyLeft = length;
    this.#state = length > 0 ? BODY : BODY_END;
    if (length === 0) this.#bodyLeft = 2;
  }

  #arrayBegins(length: number, step: CheckedStep, detail: number): void {
    if (this.#depth === 0) {
      if (step.reply === 'ok' || step.reply === 'value') throw notResp(ECHOED);
      if (!fits(step, STAR, '')) this.#note(ReplyStatus.Wrong);
      if (step.reply === 'values' && length !== detail) this.#note(ReplyStatus.Wrong);
    } else {
      this.#noteElement(step, false);
    }
    if (length === 0) {
      this.#elementEnded();
      return;
    }
    if (this.#depth === MAX_DEPTH) throw notResp(`arrays lie more than ${MAX_DEPTH} deep in each other`);
    this.#left[this.#depth++] = length;
    this.#state = START;
  }

  /** And with it perhaps the arrays around it. */
  #elementEnded(): void {
    this.#state = START;
    if (this.#depth === 1) this.#elements++;
    while (this.#depth > 0 && --this.#left[this.#depth - 1] === 0) {
      this.#depth--;
      if (this.#depth === 1) this.#elements++;
    }
  }
}

/** Whether a reply of this type can be the right one. */
function fits({ reply }: CheckedStep, type: number, text: string): boolean {
  switch (reply) {
    case 'ok':
      return type === PLUS && text === 'OK';
    case 'integer':
      return type === COLON;
    case 'value':
    case 'bulk':
      return type === DOLLAR;
    case 'values':
    case 'array':
      return type === STAR;
    case 'nil':
      return false;
    case 'any':
      return true;
  }
}

function lengthIn(text: string, what: string): number {
  if (!/^\d{1,9}$/.test(text)) throw notResp(`'${text}' is not the length of ${what}`);
  return Number(text);
}

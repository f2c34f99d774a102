/**
 * What people are to know of peers: why one would not be met, or was given up. A line each on standard
 * error, written at once, since a server that polls does not return to Node's event loop. Peers may bring about
 * any number of them, so of each code there is one line in a second; what came meanwhile is counted, and its
 * last reason said.
 */
import type { ErrorCode } from '../errors.ts';

const EVERY_US = 1_000_000;

interface Kept {
  untilUs: number;
  /** Since the last line, and the reason of the last of them. */
  count: number;
  reason: string;
}

export class Warnings {
  readonly #say: (line: string) => void;
  readonly #byCode = new Map<ErrorCode, Kept>();

  constructor(say: (line: string) => void) {
    this.#say = say;
  }

  add(nowUs: number, reason: string, code: ErrorCode): void {
    const kept = this.#byCode.get(code);
    if (kept === undefined) {
      this.#byCode.set(code, { untilUs: nowUs + EVERY_US, count: 0, reason });
      this.#say(`${reason} (${code})`);
      return;
    }
    kept.count++;
    kept.reason = reason;
  }

  /** Says what has waited for its second. */
  tick(nowUs: number): void {
    if (this.#byCode.size === 0) return;
    for (const [code, kept] of this.#byCode) {
      if (nowUs < kept.untilUs) continue;
      if (kept.count === 0) {
        this.#byCode.delete(code);
        continue;
      }
      const others = kept.count === 1 ? '' : `, and ${kept.count - 1} more in the last second`;
      this.#say(`${kept.reason} (${code}${others})`);
      kept.count = 0;
      kept.untilUs = nowUs + EVERY_US;
    }
  }
}

/** Sources of requests: random ones from the workload, those that fill the key space, or always the same. */
import type { Workload } from './workload.ts';

export interface RequestSource {
  /** The request that advance() chose, as an index among the operations of the exchange, and its key's index. */
  operation: number;
  key: number;
  /** What the exchange wants back with the reply; 0 where it is nothing. */
  detail: number;
  /** Chooses the next request; false when there is none. */
  advance(): boolean;
}

export class RandomRequests implements RequestSource {
  operation = 0;
  key = 0;
  detail = 0;
  readonly #workload: Workload;

  constructor(workload: Workload) {
    this.#workload = workload;
  }

  advance(): boolean {
    this.operation = this.#workload.nextOperation();
    this.key = this.#workload.nextKey(this.operation);
    return true;
  }
}

/** One operation, again and again, of which the exchange knows the rest. */
export class RepeatedRequests implements RequestSource {
  operation = 0;
  key = 0;
  detail = 0;

  advance(): boolean {
    return true;
  }
}

/** Each operation once for each key. */
export class FillRequests implements RequestSource {
  operation = 0;
  key = -1;
  detail = 0;
  readonly #keys: number;
  readonly #operations: number;

  constructor(keys: number, operations: number) {
    this.#keys = keys;
    this.#operations = operations;
  }

  advance(): boolean {
    const isLast = this.key + 1 === this.#keys;
    if (isLast && this.operation + 1 === this.#operations) return false;
    if (isLast) this.operation++;
    this.key = isLast ? 0 : this.key + 1;
    return true;
  }
}

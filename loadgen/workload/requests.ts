/** Sources of requests: random ones from the workload, one SET for each key to fill the keys, or always the same. */
import { SET, type Workload } from './workload.ts';

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
    this.key = this.#workload.nextKey();
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

export class FillRequests implements RequestSource {
  operation = SET;
  key = -1;
  detail = 0;
  readonly #keys: number;

  constructor(keys: number) {
    this.#keys = keys;
  }

  advance(): boolean {
    if (this.key + 1 >= this.#keys) return false;
    this.key++;
    return true;
  }
}

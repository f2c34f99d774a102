/** Requests of Redis: those of the workload, of whose replies each has one right one. */
import { requestOperations } from '../../results/formats/lists.ts';
import type { RequestSource } from '../workload/requests.ts';
import type { Workload } from '../workload/workload.ts';
import type { Exchange, ReplyChecker } from './exchange.ts';
import { RespChecker } from './resp-checker.ts';

export class RespExchange implements Exchange {
  readonly operations: readonly string[] = requestOperations;
  readonly maxRequestBytes: number;
  readonly #workload: Workload;

  constructor(workload: Workload) {
    this.#workload = workload;
    this.maxRequestBytes = workload.maxRequestBytes;
  }

  request(source: RequestSource): Uint8Array {
    return this.#workload.request(source.operation, source.key);
  }

  checker(): ReplyChecker {
    return new RespChecker(this.#workload);
  }
}

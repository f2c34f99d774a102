/** Requests of Redis: those of the workload, each with the kind of its right reply. */
import type { RequestSource } from '../workload/requests.ts';
import type { RequestStep, Workload } from '../workload/workload.ts';
import type { Exchange, FollowUps, ReplyChecker } from './exchange.ts';
import { RespChecker } from './resp-checker.ts';

export class RespExchange implements Exchange {
  readonly operations: readonly string[];
  readonly maxRequestBytes: number;
  readonly followUps: FollowUps | null;
  readonly #workload: Workload;
  readonly #steps: readonly RequestStep[];

  constructor(workload: Workload) {
    const { steps, operations } = workload;
    this.#workload = workload;
    this.#steps = steps;
    this.operations = operations;
    this.maxRequestBytes = workload.maxRequestBytes;
    this.followUps =
      steps.length === operations.length
        ? null
        : {
            after: Int32Array.from(steps, ({ next }) => next),
            reportedAs: Int32Array.from(steps, ({ operation }) => operation),
            forEach: Uint8Array.from(steps, ({ isForEach }) => Number(isForEach)),
          };
  }

  request(source: RequestSource): Uint8Array {
    const workload = this.#workload;
    const step = this.#steps[source.operation];
    const { key } = source;
    source.detail = 0;
    let version = 0;
    let field = 0;
    if (step.writes) {
      version = workload.nextVersion();
      if (step.floors !== null) step.floors.sent(key, version);
      if (step.writesOneField) field = workload.nextField(step);
    } else if (step.mostKeys > 0) {
      source.detail = workload.nextCount(step, key);
    } else if (step.floors !== null) {
      source.detail = step.floors.of(key);
    }
    return step.template.encode(key, step.mostKeys > 0 ? source.detail : 0, workload.writer, version, field);
  }

  checker(): ReplyChecker {
    return new RespChecker(this.#workload);
  }
}

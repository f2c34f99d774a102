/** What was counted of one operation in the measured window. */
import type { OperationResult } from './options.ts';
import { describeLatencies, LatencyRecorder } from './recorder.ts';
import { type ReplyChecker, Verdict } from './reply-checker.ts';
import { operationNames } from './workload.ts';

export class Tally {
  /** Latencies of right replies: in an open loop response times. */
  readonly recorder = new LatencyRecorder();
  hits = 0;
  misses = 0;
  errors = 0;
  wrong = 0;
  firstError: string | undefined;

  /** Counts a reply. Only a right one is a sample. */
  count(verdict: Verdict, latencyNs: number, checker: ReplyChecker): void {
    if (verdict === Verdict.Right) {
      this.hits++;
      this.recorder.record(latencyNs);
    } else if (verdict === Verdict.Miss) {
      this.misses++;
    } else if (verdict === Verdict.Failed) {
      this.errors++;
      this.firstError ??= checker.errorText;
    } else {
      this.wrong++;
    }
  }

  /** @param operation GET or SET */
  result(operation: number, elapsedS: number): OperationResult {
    const { hits, misses, errors, wrong } = this;
    const requests = hits + misses + errors + wrong;
    return {
      operation: operationNames[operation],
      requests,
      hits,
      misses,
      errors,
      wrong,
      throughput_ops: requests / elapsedS,
      ...(this.firstError === undefined ? {} : { first_error: this.firstError }),
      ...describeLatencies(this.recorder.histogram()),
    };
  }
}

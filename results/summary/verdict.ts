/**
 * Whether a point can be believed: `invalid` backs no claim, `suspect` wants a second look, else `valid`.
 * Each reason is a sentence for people.
 */
import type { Manifest, Point } from '../formats/index.ts';
import { checkAll, type LowerBound } from './checks.ts';
import { nameTrials, type TrialOutcome } from './trial-outcome.ts';

/** A quantile q needs 10 / (1 - q) samples, so that about ten lie beyond it: 10,000 for the p99.9 reported. */
const SAMPLES_FOR_P999 = 10_000;

type Verdict = Pick<Point, 'verdict' | 'reasons'>;

/** `bounds`: what no p50 of this point can be below. */
export function judge(
  manifest: Manifest,
  outcomes: TrialOutcome[],
  samples: number,
  p50_us: number | null,
  bounds: LowerBound[],
): Verdict {
  const found = checkAll(outcomes, p50_us, bounds);
  const invalid = [...failures(outcomes), ...badReplies(outcomes), ...unanswered(outcomes), ...found.invalid];
  const suspect = [...found.suspect];

  const absent = outcomes.filter((outcome) => !outcome.record);
  if (absent.length > 0 && manifest.finished_at) {
    invalid.push(`${nameTrials(absent)}: missing from the run folder, although the run finished.`);
  } else if (absent.length > 0) {
    suspect.push(
      `Only ${outcomes.length - absent.length} of ${outcomes.length} trials ran: the run did not finish.`,
    );
  }
  if (samples === 0) {
    invalid.push('No trial gave a latency sample.');
  } else if (samples < SAMPLES_FOR_P999 && !outcomes.some(isOfMeans)) {
    suspect.push(
      `${samples} samples are too few for the p99.9, which wants ${SAMPLES_FOR_P999}: run longer or more trials.`,
    );
  }
  if (samples > 0 && outcomes.filter(hasSamples).length === 1) {
    suspect.push('Only one trial gave samples, so the spread between trials is unknown.');
  }
  return {
    verdict: invalid.length > 0 ? 'invalid' : suspect.length > 0 ? 'suspect' : 'valid',
    reasons: [...invalid, ...suspect],
  };
}

/** Each of the few means stands for many round trips, and no p99.9 is told of them. */
function isOfMeans(outcome: TrialOutcome): boolean {
  return outcome.measurement?.recording?.result.sample === 'run_mean';
}

function hasSamples(outcome: TrialOutcome): boolean {
  return (outcome.measurement?.recording?.latency_ns.totalCount ?? 0) > 0;
}

/** Trials that failed as a whole or in this measurement, those with the same reason in one sentence. */
function failures(outcomes: TrialOutcome[]): string[] {
  const trialsByReason = new Map<string, TrialOutcome[]>();
  for (const outcome of outcomes) {
    const reason = failure(outcome);
    if (reason) trialsByReason.set(reason, [...(trialsByReason.get(reason) ?? []), outcome]);
  }
  return [...trialsByReason].map(([reason, trials]) => `${nameTrials(trials)} ${reason}`);
}

/** A whole trial's failure makes its measurements doubtful even where they ended well before it. */
function failure({ record, measurement }: TrialOutcome): string | null {
  if (!record) return null;
  if (measurement?.measurement.status === 'failed') {
    return `failed in this measurement: ${sentence(measurement.measurement.reason)}`;
  }
  if (record.trial.status === 'failed') return `failed: ${sentence(record.trial.reason)}`;
  if (!measurement) return 'ended without this measurement.';
  if (!measurement.recording?.result.operations.some((operation) => operation.requests > 0)) {
    return 'measured no request.';
  }
  return null;
}

/** Of an open loop. */
function unanswered(outcomes: TrialOutcome[]): string[] {
  const count = outcomes.reduce(
    (sum, { measurement }) => sum + (measurement?.recording?.result.unanswered ?? 0),
    0,
  );
  return count === 0
    ? []
    : [`${count} requests were never answered: the rate was more than the server can take.`];
}

function badReplies(outcomes: TrialOutcome[]): string[] {
  const kinds = [
    { count: 'wrong', text: 'were a wrong value' },
    { count: 'errors', text: 'were an error' },
    { count: 'misses', text: 'missed a key that was there' },
  ] as const;
  const operations = outcomes.flatMap((outcome) => outcome.measurement?.recording?.result.operations ?? []);
  const requests = operations.reduce((sum, operation) => sum + operation.requests, 0);
  const reasons: string[] = [];
  for (const kind of kinds) {
    const bad = operations.reduce((sum, operation) => sum + operation[kind.count], 0);
    if (bad === 0) continue;
    const first = operations.find((operation) => operation.first_error)?.first_error;
    const detail = kind.count === 'errors' && first ? `: ${sentence(first)}` : '.';
    reasons.push(`${bad} of ${requests} replies ${kind.text}${detail}`);
  }
  return reasons;
}

function sentence(reason: string | null): string {
  const text = (reason ?? 'no reason was recorded').trim();
  return /[.!?]$/.test(text) ? text : `${text}.`;
}

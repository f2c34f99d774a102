/** Checks of whether a point was measured at all: trials that ran, replies that were right, samples that suffice. */
import { isOfDatagrams, type Manifest, type Statistic, statistics } from '../formats/index.ts';
import { formatCount } from '../text/format.ts';
import type { Doubt } from './doubt.ts';
import { nameTrials, type TrialOutcome } from './trial-outcome.ts';

/** A quantile q needs 10 / (1 - q) samples, so that about ten lie beyond it. */
const SAMPLES_WANTED: [Statistic, name: string, samples: number][] = [
  ['p50', 'p50', 20],
  ['p99', 'p99', 1000],
  ['p999', 'p99.9', 10_000],
];

/** All but the throughput. */
const LATENCIES: readonly Statistic[] = ['p50', 'p99', 'p999', 'stages'];

/** A failed trial, a wrong reply or a missing one concerns every statistic: the measurement was not what it says. */
export function checkTrials(manifest: Manifest, outcomes: TrialOutcome[], samples: number): Doubt[] {
  return [
    ...failures(outcomes),
    ...badReplies(outcomes),
    ...unanswered(outcomes),
    ...stragglers(outcomes),
    ...absences(manifest, outcomes),
    ...fewSamples(outcomes, samples),
  ];
}

function aboutAll(state: Doubt['state'], reason: string): Doubt {
  return { state, about: statistics, reason };
}

/** Trials that failed as a whole or in this measurement, those with the same reason in one sentence. */
function failures(outcomes: TrialOutcome[]): Doubt[] {
  const trialsByReason = new Map<string, TrialOutcome[]>();
  for (const outcome of outcomes) {
    const reason = failure(outcome);
    if (reason) trialsByReason.set(reason, [...(trialsByReason.get(reason) ?? []), outcome]);
  }
  return [...trialsByReason].map(([reason, trials]) =>
    aboutAll('invalid', `${nameTrials(trials)} ${reason}`),
  );
}

/** A whole trial's failure makes its measurements doubtful even where they ended well before it. */
function failure({ record, measurement }: TrialOutcome): string | null {
  if (!record) return null;
  if (measurement?.measurement.status === 'failed') {
    return `failed in this measurement: ${sentence(measurement.measurement.reason)}`;
  }
  if (record.trial.status === 'failed') return `failed: ${sentence(record.trial.reason)}`;
  if (!measurement) return 'ended without this measurement.';
  const operations = measurement.recording?.result.operations ?? [];
  if (!operations.some(({ requests, unanswered }) => requests + unanswered > 0)) {
    return 'measured no request.';
  }
  return null;
}

function badReplies(outcomes: TrialOutcome[]): Doubt[] {
  const kinds = [
    { count: 'wrong', text: 'were a wrong value' },
    { count: 'stale', text: 'were a value that had been overwritten before it was asked for' },
    { count: 'torn', text: 'were a value of which a part is of one write and a part of another' },
    { count: 'errors', text: 'were an error' },
    { count: 'misses', text: 'missed a key that was there' },
  ] as const;
  const results = outcomes.flatMap((outcome) => outcome.measurement?.recording?.result ?? []);
  const operations = results.flatMap(({ operations, bulk }) => [
    ...operations,
    ...(bulk === null ? [] : [bulk.replies]),
  ]);
  const requests = operations.reduce((sum, operation) => sum + operation.requests, 0);
  // A trace gets what it did not set, as it did when it was recorded.
  const ofTraces = results.filter(({ trace }) => trace !== null).flatMap((result) => result.operations);
  const missed = ofTraces.reduce((sum, { misses }) => sum + misses, 0);
  const expected = { wrong: 0, stale: 0, torn: 0, errors: 0, misses: missed };
  return kinds.flatMap((kind) => {
    const bad = operations.reduce((sum, operation) => sum + operation[kind.count], 0) - expected[kind.count];
    if (bad === 0) return [];
    const first = operations.find((operation) => operation.first_error)?.first_error;
    const detail = kind.count === 'errors' && first ? `: ${sentence(first)}` : '.';
    return [aboutAll('invalid', `${bad} of ${requests} replies ${kind.text}${detail}`)];
  });
}

/**
 * What was given up took longer than anybody knows. An open loop still counts what the server gives in the window, and
 * may ask for more than it can; a closed loop has sent nothing where it waited.
 */
function unanswered(outcomes: TrialOutcome[]): Doubt[] {
  const countOf = ({ measurement }: TrialOutcome): number => measurement?.recording?.result.unanswered ?? 0;
  const all = outcomes.filter((outcome) => countOf(outcome) > 0);
  const losing = all.filter(({ measurement }) => {
    const protocol = measurement?.recording?.result.protocol;
    return protocol !== undefined && isOfDatagrams(protocol);
  });
  const silent = all.filter((outcome) => !losing.includes(outcome));
  const byLoop = Map.groupBy(silent, ({ measurement }) => measurement?.recording?.result.loop);
  return [
    ...lost(losing),
    ...[...byLoop].map(([loop, trials]): Doubt => {
      const count = trials.reduce((sum, outcome) => sum + countOf(outcome), 0);
      const were = count === 1 ? 'request was' : 'requests were';
      const said = `${nameTrials(trials)}: ${formatCount(count)} ${were} never answered`;
      return loop === 'open'
        ? {
            state: 'invalid',
            about: LATENCIES,
            reason: `${said}: the rate was more than the server can take.`,
          }
        : aboutAll('invalid', `${said}: the server stopped answering.`);
    }),
  ];
}

/** From so many on, lost datagrams reach down to the p99. */
const LOST_SHARE = 0.01;

/** Datagrams may be lost: as they count with the reply timeout, few of them move the last quantiles alone. */
function lost(outcomes: TrialOutcome[]): Doubt[] {
  if (outcomes.length === 0) return [];
  const operations = outcomes.flatMap(({ measurement }) => measurement?.recording?.result.operations ?? []);
  const gone = operations.reduce((sum, { unanswered }) => sum + unanswered, 0);
  const sent = operations.reduce((sum, { requests, unanswered }) => sum + requests + unanswered, 0);
  const reason = `${nameTrials(outcomes)}: ${formatCount(gone)} of ${formatCount(sent)} datagrams were lost.`;
  return gone < LOST_SHARE * sent
    ? [{ state: 'suspect', about: ['p999'], reason }]
    : [{ state: 'invalid', about: LATENCIES, reason }];
}

/** Of the window: one of several load generators that began so much later measured beside a part of the load. */
const LATE_SHARE = 0.01;

function stragglers(outcomes: TrialOutcome[]): Doubt[] {
  return outcomes.flatMap((outcome) => {
    const { generators } = outcome.measurement?.measurement ?? {};
    const window_us = (outcome.measurement?.recording?.result.rates?.window_s ?? 0) * 1e6;
    const late = (generators?.hosts ?? []).filter(
      ({ began_us, bound_us }) => (began_us ?? 0) > LATE_SHARE * window_us + (bound_us ?? 0),
    );
    return late.map(({ host, began_us }) =>
      aboutAll(
        'suspect',
        `${nameTrials([outcome])}: the load generator on ${host} began ${((began_us ?? 0) / 1000).toFixed(1)} ms after ` +
          'the first: until then there was only a part of the load.',
      ),
    );
  });
}

function absences({ finished_at }: Manifest, outcomes: TrialOutcome[]): Doubt[] {
  const absent = outcomes.filter((outcome) => !outcome.record);
  if (absent.length === 0) return [];
  if (finished_at) {
    return [
      aboutAll('invalid', `${nameTrials(absent)}: missing from the run folder, although the run finished.`),
    ];
  }
  const ran = `${outcomes.length - absent.length} of ${outcomes.length}`;
  return [aboutAll('suspect', `Only ${ran} trials ran: the run did not finish.`)];
}

/** Too few for a quantile concern that quantile; one trial alone leaves the spread of all statistics unknown. */
function fewSamples(outcomes: TrialOutcome[], samples: number): Doubt[] {
  if (samples === 0) return [aboutAll('invalid', 'No trial gave a latency sample.')];
  const doubts = SAMPLES_WANTED.filter(([, , wanted]) => samples < wanted && !outcomes.some(isOfMeans)).map(
    ([statistic, name, wanted]): Doubt => ({
      state: 'suspect',
      about: [statistic],
      reason:
        `${formatCount(samples)} samples are too few for the ${name}, which wants ${formatCount(wanted)}: ` +
        'run longer or more trials.',
    }),
  );
  if (outcomes.filter(hasSamples).length === 1) {
    doubts.push(aboutAll('suspect', 'Only one trial gave samples, so the spread between trials is unknown.'));
  }
  return doubts;
}

/** Each of the few means stands for many round trips, and no tail is shown of them. */
function isOfMeans(outcome: TrialOutcome): boolean {
  return outcome.measurement?.recording?.result.sample === 'run_mean';
}

function hasSamples(outcome: TrialOutcome): boolean {
  return (outcome.measurement?.recording?.latency_ns.totalCount ?? 0) > 0;
}

function sentence(reason: string | null): string {
  const text = (reason ?? 'no reason was recorded').trim();
  return /[.!?]$/.test(text) ? text : `${text}.`;
}

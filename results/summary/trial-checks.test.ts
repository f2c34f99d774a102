import { expect, test } from 'vitest';
import type { Manifest } from '../formats/index.ts';
import { checkTrials } from './trial-checks.ts';
import type { TrialOutcome } from './trial-outcome.ts';

/** A trial whose measurement gave up so many of 10,000 messages. */
function outcome(protocol: string, unanswered: number): TrialOutcome {
  const operation = {
    operation: 'echo',
    requests: 10_000 - unanswered,
    unanswered,
    misses: 0,
    errors: 0,
    wrong: 0,
    stale: 0,
    torn: 0,
  };
  const result = { protocol, loop: 'closed', bulk: null, unanswered, operations: [operation] };
  const record = { trial: { status: 'ok' } };
  return {
    trial: 1,
    record,
    measurement: {
      measurement: { status: 'ok' },
      recording: { result, latency_ns: { totalCount: 100_000 } },
    },
  } as unknown as TrialOutcome;
}

const doubtsOf = (protocol: string, unanswered: number) =>
  checkTrials({ finished_at: 'then' } as Manifest, [outcome(protocol, unanswered)], 100_000).filter(
    ({ reason }) => /lost|answered/.test(reason),
  );

test('a miss is a fault, but of a trace, which gets what it did not set', () => {
  const missing = (trace: object | null) => {
    const one = outcome('resp', 0);
    const { result } = one.measurement!.recording!;
    Object.assign(result, { trace });
    result.operations[0].misses = 5;
    return checkTrials({ finished_at: 'then' } as Manifest, [one], 100_000).filter(({ reason }) =>
      reason.includes('missed'),
    );
  };
  expect(missing(null)).toMatchObject([{ state: 'invalid' }]);
  expect(missing({ file: 'x.trace' })).toEqual([]);
});

test('a stream that was not answered makes all of it invalid, few lost datagrams the p99.9 suspect', () => {
  expect(doubtsOf('echo', 1)).toMatchObject([
    { state: 'invalid', reason: expect.stringContaining('stopped answering') },
  ]);
  expect(doubtsOf('datagrams', 0)).toEqual([]);
  expect(doubtsOf('datagrams', 9)).toEqual([
    { state: 'suspect', about: ['p999'], reason: 'Trial 1: 9 of 10,000 datagrams were lost.' },
  ]);
  const [many] = doubtsOf('relay', 100);
  expect(many).toMatchObject({ state: 'invalid', reason: 'Trial 1: 100 of 10,000 datagrams were lost.' });
  expect(many.about).toContain('p99');
  expect(many.about).not.toContain('throughput');
});

test('one of several load generators that begins late is named, beyond what its clock may be wrong by', () => {
  const doubts = (began_us: number) => {
    const one = outcome('resp', 0);
    one.measurement!.measurement.generators = {
      ...{ missing_hosts: [], spread_us: began_us, bound_us: 500 },
      hosts: [
        { host: 'client0', began_us: 0, bound_us: 100 },
        { host: 'client1', began_us, bound_us: 400 },
      ],
    };
    Object.assign(one.measurement!.recording!.result, { rates: { window_s: 2 } });
    return checkTrials({ finished_at: 'then' } as Manifest, [one], 100_000).filter(({ reason }) =>
      reason.includes('began'),
    );
  };
  expect(doubts(20_400)).toEqual([]);
  expect(doubts(20_401)).toMatchObject([
    {
      state: 'suspect',
      reason: expect.stringContaining('the load generator on client1 began 20.4 ms after the first'),
    },
  ]);
});

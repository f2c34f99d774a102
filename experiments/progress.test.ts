import { Writable } from 'node:stream';
import { stripVTControlCharacters } from 'node:util';
import { expect, test } from 'vitest';
import type { Experiment } from './config/schema.ts';
import { Progress } from './progress.ts';
import { planBlock, planTrials } from './trial/plan.ts';
import type { EndedTrial } from './trial/trial-run.ts';

const parts = {
  workload: { operations: ['set', 'get'], keys: 1000, warmup_s: 1, duration_s: 4 },
  systems: ['redis', 'kv'].map((name) => ({ name, server_cores: [0], client: { core: 1 } })),
  floors: [],
};
const experiment = {
  title: 'A figure',
  trials: 2,
  order: 'listed',
  seed: 1,
  distance: { slices: 20, extend_s: 300 },
  axes: [],
  points: [{ at: {}, ...parts }],
  unmeasured: [],
  ...parts,
} as unknown as Experiment;
const plan = planTrials(experiment);

function collector(isTTY: boolean): { stream: NodeJS.WriteStream; written: () => string } {
  let text = '';
  const stream = new Writable({
    write: (chunk, _encoding, done) => {
      text += chunk;
      done();
    },
  });
  return { stream: Object.assign(stream, { isTTY, columns: 120 }) as never, written: () => text };
}

function outcome(subject: string, elapsed_s: number, reason: string | null): EndedTrial {
  const record = { subject, elapsed_s, reason, status: reason ? 'failed' : 'ok' } as EndedTrial['record'];
  return {
    record,
    unanswered: subject === 'kv' ? 1200 : 0,
    medians_us: new Map(
      reason
        ? []
        : [
            ['set', subject === 'kv' ? 11_432.1 : 32.345],
            ['get', null],
          ],
    ),
  };
}

test('without a terminal, a line for each trial with what it found and the time left', () => {
  const { stream, written } = collector(false);
  const progress = new Progress(experiment, stream);
  progress.warn('something is odd');
  progress.step(plan[0], 'set');
  progress.trialEnded(plan[0], outcome('redis', 30, null));
  progress.trialEnded(plan[1], outcome('kv', 1, 'it broke'));
  progress.trialEnded(plan[2], outcome('redis', 20, null));
  progress.trialEnded(plan[3], outcome('kv', 1, 'it broke'));
  progress.stop();
  expect(written().split('\n')).toEqual([
    'A figure',
    '4 trials, about 55 s; up to 5 min more where the cores change their distance',
    'warning: something is odd',
    '[1/4] redis   trial 1   set p50 32.3 us   get p50 unknown   about 1 min 30 s left',
    '[2/4] kv      trial 1   FAILED: it broke   about 35 s left',
    '[3/4] redis   trial 2   set p50 32.3 us   get p50 unknown   about 1 s left',
    '[4/4] kv      trial 2   FAILED: it broke',
    '',
  ]);
});

test('what --quick and --set leave out stands above the trials', () => {
  const { stream, written } = collector(false);
  const leftOut = { systems: ['kv-rdma'], axes: [] };
  new Progress({ ...experiment, leftOut, unmeasured: ['redis-rdma', 'redis-dpdk'] }, stream).stop();
  expect(written().split('\n').slice(1, 3)).toEqual([
    '--quick leaves out kv-rdma',
    'left out: redis-rdma and redis-dpdk are measured at none of the values that --set leaves of the sweep (within)',
  ]);
});

test('trials that are added count among those that there are', () => {
  const { stream, written } = collector(false);
  const progress = new Progress({ ...experiment, distance: { slices: 20, extend_s: 0 } }, stream);
  for (const planned of plan) progress.trialEnded(planned, outcome(planned.subject.name, 10, null));
  const block = planBlock(experiment, 3, plan.length);
  progress.announce('near: kv GET 14 of 20 slices; trial 3 of all, at most 2 min more');
  progress.add(block);
  for (const planned of block) progress.trialEnded(planned, outcome(planned.subject.name, 10, null));
  expect(
    written()
      .split('\n')
      .filter((line) => !line.startsWith('[1') && !line.startsWith('[2')),
  ).toEqual([
    'A figure',
    '4 trials, about 55 s',
    '[3/4] redis   trial 2   set p50 32.3 us   get p50 unknown   about 10 s left',
    '[4/4] kv      trial 2   set p50 11,432 us   get p50 unknown   NEVER ANSWERED: 1,200',
    'near: kv GET 14 of 20 slices; trial 3 of all, at most 2 min more',
    '[5/6] redis   trial 3   set p50 32.3 us   get p50 unknown   about 10 s left',
    '[6/6] kv      trial 3   set p50 11,432 us   get p50 unknown   NEVER ANSWERED: 1,200',
    '',
  ]);
});

test('on a terminal, a bar with the step and the time left, drawn only when something happens', async () => {
  const { stream, written } = collector(true);
  const progress = new Progress(experiment, stream);
  progress.step(plan[0], 'get');
  const drawn = written();
  expect(stripVTControlCharacters(drawn)).toContain('] 0/4 trials   about 55 s left   redis trial 1: get');
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect(written()).toBe(drawn);
  progress.trialEnded(plan[0], outcome('redis', 30, null));
  progress.stop();
  const text = stripVTControlCharacters(written().slice(drawn.length));
  expect(text).toContain('[1/4] redis   trial 1   set p50 32.3 us   get p50 unknown\n');
  expect(text).toContain('] 1/4 trials   about 1 min 30 s left');
});

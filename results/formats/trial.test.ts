/** Trials of version 1, which named what they are about `system`, though floors are no systems. */
import { expect, test } from 'vitest';
import { type Trial, trialFormat } from './trial.ts';

const trial: Trial = {
  schema: 'bypassbench.trial/2',
  subject: 'frames',
  at: {},
  trial: 1,
  order: 2,
  status: 'ok',
  reason: null,
  is_final: true,
  log_tail: null,
  started_at: '2026-01-02T03:04:06Z',
  elapsed_s: 12.5,
  server_command: ['bypassbench', 'floor', 'dpdk'],
  measurements: [],
};
const { subject, ...rest } = trial;
const version1 = { ...rest, schema: 'bypassbench.trial/1', system: subject };

test('what was the system is the subject', () => {
  expect(trialFormat.read(JSON.stringify(version1))).toEqual(trial);
  expect(trialFormat.read(trialFormat.write(trial))).toEqual(trial);
});

test('each version has its own name for it only', () => {
  expect(() => trialFormat.read(JSON.stringify({ ...version1, schema: trial.schema }))).toThrow(/^subject: /);
  expect(() => trialFormat.read(JSON.stringify({ ...trial, schema: version1.schema }))).toThrow(/^subject: /);
});

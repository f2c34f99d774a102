/** Flags that have another name now: every command that had one says what it is called. */
import { expect, it } from 'vitest';
import { command as load } from '../loadgen/command.ts';
import { command as knee } from '../loadgen/knee/command.ts';
import { command as memtier } from '../loadgen/memtier/command.ts';
import { command as redisBenchmark } from '../loadgen/redis-benchmark/command.ts';
import { help, refusal } from './refusal.ts';

it.each([
  ['load', load],
  ['knee', knee],
  ['memtier', memtier],
  ['redis-benchmark', redisBenchmark],
])('%s has --idle, which was --wait', async (_name, command) => {
  expect(await refusal(command(), '--wait', 'block')).toContain('It is --idle sleep now.');
  expect(await refusal(command(), '--wait', 'poll')).toContain('It is --idle poll now.');
  const told = await help(command());
  expect(told).toContain('--idle <how>');
  expect(told).not.toContain('--wait <how>');
});

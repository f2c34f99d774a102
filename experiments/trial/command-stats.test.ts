import { expect, test } from 'vitest';
import { commandTime_us, parseCommandStats } from './command-stats.ts';

const info = [
  '# Commandstats',
  'cmdstat_getrange:calls=9,usec=90,usec_per_call=10.00,rejected_calls=0,failed_calls=0',
  'cmdstat_get:calls=21,usec=175,usec_per_call=8.33,rejected_calls=0,failed_calls=0',
].join('\r\n');

test('the line of a command is found, and not that of one whose name begins alike', () => {
  expect(parseCommandStats(info, 'get')).toEqual({ calls: 21, usec: 175 });
  expect(parseCommandStats(info, 'set')).toEqual({ calls: 0, usec: 0 });
});

test('the time of a command is that between two readings', () => {
  expect(commandTime_us({ calls: 1, usec: 50 }, { calls: 11, usec: 65 })).toBe(1.5);
  expect(commandTime_us({ calls: 1, usec: 50 }, { calls: 1, usec: 50 })).toBeNull();
});

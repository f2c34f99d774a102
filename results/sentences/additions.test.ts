import { expect, test } from 'vitest';
import type { RunPlace } from '../formats/index.ts';
import { additionSentences } from './additions.ts';

const addition = { first_trial: 6, started_at: '2026-11-30T12:40:59Z' };

test('what was added later is named with its time and what it is compared by', () => {
  const places: RunPlace[] = [
    { subject: 'kv-dpdk', at: {} },
    { subject: 'redis', at: { clients: 8 } },
  ];
  expect(additionSentences({ additions: [{ ...addition, anchor: 'redis', places }] })).toEqual([
    'Added at 2026-11-30 12:40 UTC: kv-dpdk and redis at clients=8; redis was measured again with it, and with others ' +
      'of another time it is compared by way of that alone.',
  ]);
  expect(
    additionSentences({ additions: [{ ...addition, anchor: null, places: places.slice(0, 1) }] }),
  ).toEqual([
    'Added at 2026-11-30 12:40 UTC: kv-dpdk; nothing was measured again with it, so it is compared with nothing of ' +
      'another time.',
  ]);
});

test('a run of one time says nothing', () => expect(additionSentences({ additions: [] })).toEqual([]));

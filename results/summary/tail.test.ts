import { expect, test } from 'vitest';
import type { Pauses } from '../formats/index.ts';
import { attributeTail } from './tail.ts';

const none: Pauses = {
  schema: 'bypassbench.pauses/1',
  gc: [],
  gaps: [],
  gaps_lost: 0,
  involuntary_switches: 0,
};
const requests: [number, number][] = [
  [1000, 500],
  [2000, 500],
  [3000, 500],
  [4000, 500],
  [5000, 500],
  [6000, 500],
  [7000, 500],
  [8000, 99],
];
const client: Pauses = { ...none, slow_requests: { threshold_ns: 50, requests, lost: 0 } };
const gap = (start_ns: number, involuntary_switches: number) => ({
  start_ns,
  duration_ns: 100,
  involuntary_switches,
});
const gc = (start_ns: number) => ({ start_ns, duration_ns: 100, kind: 'minor' });

test('each slow request is put down to what happened while it was under way', () => {
  const causes = attributeTail(
    { ...client, gc: [gc(1498)], gaps: [gap(3100, 1), gap(5100, 0)] },
    { ...none, gc: [gc(2200)], gaps: [gap(6100, 0), gap(3902, 2)] },
    100,
  );
  expect(causes).toEqual({
    client_gc: 1,
    server_gc: 1,
    client_descheduled: 1,
    server_descheduled: 1,
    client_stalled: 1,
    server_stalled: 1,
    none_seen: 1,
  });
});

test('what happened just before or after is no cause, and a collection comes before what it made the loop miss', () => {
  const causes = attributeTail(
    { ...client, gc: [gc(899), gc(1501), gc(2300)], gaps: [gap(2300, 0)] },
    null,
    100,
  );
  expect(causes).toMatchObject({ client_gc: 1, client_stalled: 0, none_seen: 6 });
});

test('a gap that begins with the look that handed the reply out is no cause of it', () => {
  const causes = attributeTail({ ...client, gaps: [gap(1499, 0), gap(1901, 0)] }, null, 100);
  expect(causes).toMatchObject({ client_stalled: 0, none_seen: 7 });
});

test('who kept no slow requests has none to tell of', () => {
  const causes = attributeTail(none, none, 0);
  expect(Object.values(causes).every((count) => count === 0)).toBe(true);
});

/** The bookkeeping of slices, without a clock: what falls into which slice, and what is early in it. */

import { afterAll, expect, test } from 'vitest';
import { PauseLog } from '../../libos/index.ts';
import { RECEIVED, ReplyRecord, ReplyStatus, SENT } from '../connections/reply.ts';
import { Distance } from './distance.ts';
import { Slices } from './slices.ts';
import { Tally } from './tally.ts';

const pauses = new PauseLog();
afterAll(() => pauses.finish());

const ms = (value: number): number => value * 1e6;

test('requests are kept by slice, those behind a reading apart, and standing still is no part of the time', () => {
  const tally = new Tally('get');
  const nowhere = { core: null, serverCore: null, serverPid: null };
  const slices = new Slices([tally], new Distance(nowhere, pauses), pauses, ms(75));
  const reply = new ReplyRecord();
  const answer = (sentNs: number, latencyNs: number, status: ReplyStatus = ReplyStatus.Right): void => {
    reply.status = status;
    reply.timesNs[SENT] = sentNs;
    reply.timesNs[RECEIVED] = sentNs + latencyNs;
    tally.count(reply, slices.isEarly(sentNs), latencyNs);
    if (status === ReplyStatus.Right) tally.countReceived();
  };

  slices.begin(ms(1000));
  answer(ms(1000), 300);
  answer(ms(1001.9), 400);
  answer(ms(1002), 500);
  answer(ms(1050), 500);
  answer(ms(1060), 700, ReplyStatus.Miss);
  expect(slices.isOver(ms(1074.9))).toBe(false);
  expect(slices.isOver(ms(1075))).toBe(true);
  expect(slices.measuredNs(ms(1070))).toBe(ms(70));
  slices.end(ms(1076), 0.4);
  slices.begin(ms(1080));
  answer(ms(1090), 900);
  expect(slices.measuredNs(ms(1090))).toBe(ms(86));
  slices.end(ms(1155), 1);
  expect(slices.elapsedNs).toBe(ms(151));

  const { slices: kept, unknown, probes, cores } = slices.content(3);
  expect({ unknown, probes, cores }).toEqual({
    unknown: 'no core of the server was named',
    probes: [],
    cores: null,
  });
  const [first, second] = kept;
  expect(first.end_ns - first.start_ns).toBe(ms(76));
  expect(second.start_ns - first.end_ns).toBe(ms(4));
  expect(first.operations).toEqual([
    {
      operation: 'get',
      received: 4,
      early: { requests: 2, values_ns: [300, 400], counts: [1, 1] },
      late: { requests: 3, values_ns: [500], counts: [2] },
    },
  ]);
  expect(second.operations[0].early).toEqual({ requests: 0, values_ns: [], counts: [] });
  expect(second.operations[0].late).toEqual({ requests: 1, values_ns: [900], counts: [1] });

  const result = tally.result(40);
  expect(result).toMatchObject({ requests: 6, hits: 5, misses: 1, throughput_ops: 40, unanswered: 0 });
  // Of each tenth of the window in which a slice ended.
  expect(result.slice_p50_ns).toEqual([null, null, null, null, 400, null, null, null, null, 900]);
});

test('a request that was given up is no hit, and in the latencies with the time that it had waited', () => {
  const tally = new Tally('get');
  const reply = new ReplyRecord();
  const after = (waitedNs: number, status: ReplyStatus): ReplyRecord => {
    reply.status = status;
    reply.timesNs.set([ms(5), ms(6), ms(5) + waitedNs]);
    return reply;
  };
  for (let request = 0; request < 98; request++) tally.count(after(ms(1), ReplyStatus.Right), false, ms(1));
  tally.countUnanswered(after(ms(3000), ReplyStatus.Unanswered));
  tally.countUnanswered(after(ms(2000), ReplyStatus.Unanswered));
  const { hits, unanswered, at_least_ns, latency_ns } = tally.result(98);
  expect({ hits, unanswered, at_least_ns }).toEqual({ hits: 98, unanswered: 2, at_least_ns: ms(2000) });
  expect(latency_ns!.p50).toBeLessThan(ms(1.01));
  expect(latency_ns!.p99).toBeGreaterThanOrEqual(ms(2000));
  expect(latency_ns!.max).toBeGreaterThanOrEqual(ms(3000));
});

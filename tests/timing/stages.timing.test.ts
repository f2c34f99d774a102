/**
 * Where the time goes, in microseconds: a server that is slower by a known time shows it in the stage of its
 * application, by that time, and nowhere else; what a loop does is no gap, and a real pause is one.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, describe, expect } from 'vitest';
import type { Pauses } from '../../results/formats/index.ts';
import { splitStages } from '../../results/summary/stages/stage.ts';
import { joinStampsOf } from '../../results/summary/stages/stages-file.ts';
import { medians, readPauses, StampedLoads } from '../stamped-loads.ts';
import { timed } from './timed.ts';

const loads = new StampedLoads();
const aWhile = ['--duration-s', '0.7'];
afterAll(() => loads.remove());

timed('stages add up to the latency, to less than 3 us', async (endWith) => {
  endWith(() => loads.stopServers());
  const server = await loads.serve('sum', 0, 'kernel');
  expect(medians(await joinStampsOf(await loads.stamped('sum-out', server, ...aWhile))).rest).toBeLessThan(3);
});

timed(
  '20 us of work more for each request show in the stage of the application, and in no other',
  async (endWith) => {
    endWith(() => loads.stopServers());
    // On one server after the other, twice each: this machine's speed changes.
    const found: Record<string, number>[] = [];
    for (const [round, extraUs] of [0, 20, 0, 20].entries()) {
      const server = await loads.serve(`slow-${round}`, extraUs, 'kernel');
      found.push(medians(await joinStampsOf(await loads.stamped(`slow-${round}-out`, server, ...aWhile))));
      await server.stop();
    }
    const differences = (name: string): number =>
      Math.min(found[1][name], found[3][name]) - Math.min(found[0][name], found[2][name]);
    expect(differences('server_application')).toBeGreaterThan(19);
    expect(differences('server_application')).toBeLessThan(23);
    for (const { name } of splitStages) {
      if (name !== 'server_application') expect(Math.abs(differences(name)), name).toBeLessThan(3);
    }
  },
);

describe('what a loop does is no gap', () => {
  /** Gaps in the load's window in which the thread lost its core to nobody. */
  function gapsOf(out: string, ofServer: Pauses | null): { gaps: Pauses['gaps']; share: number } {
    const { window, gaps } = readPauses(path.join(out, 'pauses.json'));
    const { start_ns: from_ns, end_ns } = window!;
    const inWindow = [...gaps, ...(ofServer?.gaps ?? [])].filter(
      ({ start_ns, involuntary_switches }) =>
        start_ns > from_ns && start_ns < end_ns && involuntary_switches === 0,
    );
    const sum_ns = inWindow.reduce((sum, { duration_ns }) => sum + duration_ns, 0);
    return { gaps: inWindow, share: sum_ns / (end_ns - from_ns) };
  }

  timed('many connections make long turns', async (endWith, lostShare) => {
    endWith(() => loads.stopServers());
    const server = await loads.serve('crowded', 0, 'kernel');
    const out = await loads.load('crowded-out', server, ...aWhile, '--connections', '50');
    await server.stop();
    expect(gapsOf(out, readPauses(server.pauses)).share).toBeLessThan(0.2 + lostShare);
    const { busy_share } = JSON.parse(readFileSync(path.join(out, 'result.json'), 'utf8'));
    expect(busy_share).toBeGreaterThan(0.02);
    expect(busy_share).toBeLessThanOrEqual(1);
  });

  for (const connections of ['1', '4', '16', '64']) {
    timed(`a client asks ${connections} sockets in vain`, async (endWith, lostShare) => {
      endWith(() => loads.stopServers());
      const server = await loads.serve('vain', 200, 'kernel');
      const out = await loads.load('vain-out', server, ...aWhile, '--connections', connections);
      expect(gapsOf(out, null).share).toBeLessThan(0.05 + lostShare);
    });
  }

  timed('long values are written, sent and read', async (endWith, lostShare) => {
    endWith(() => loads.stopServers());
    const server = await loads.serve('long', 0, 'kernel');
    const given = ['--value-bytes', '64000', '--operation', 'set', '--keys', '10'];
    const out = await loads.load('long-out', server, ...aWhile, ...given);
    await server.stop();
    expect(gapsOf(out, readPauses(server.pauses)).share).toBeLessThan(0.06 + lostShare);
  });
});

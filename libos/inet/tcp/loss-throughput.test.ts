/**
 * What one connection carries over links that lose and reorder: loss-throughput.generated.json beside this
 * file, which virtual time makes the same on every machine. A change of the engine that moves a number by
 * more than a little shows here, and after a look at it: `npx vitest run
 * libos/inet/tcp/loss-throughput.test.ts --update`.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { TestHosts } from '../../sim/test-hosts.ts';
import type { CongestionControlName } from './congestion-control.ts';

const FILE = join(import.meta.dirname, 'loss-throughput.generated.json');
/** Part of a recorded goodput by which it may move without being recorded anew. */
const TOLERANCE = 0.05;

const links = {
  '10 Gb/s, 50 us': { rateBitsPerS: 10e9, delayUs: 50 },
  '1 Gb/s, 1 ms': { rateBitsPerS: 1e9, delayUs: 1000 },
} as const;
type LinkName = keyof typeof links;
const controls: readonly CongestionControlName[] = ['newreno', 'cubic'];
const losses = [0, 0.001, 0.005, 0.01, 0.02, 0.05, 0.1];
/** So many are held back, for as long as two segments, five or thirty take at full rate. */
const reorders = [
  { reorder: 0.01, segments: 2 },
  { reorder: 0.05, segments: 5 },
  { reorder: 0.01, segments: 30 },
];

/** Of an Ethernet frame of full size without its check sequence. */
const SEGMENT_BYTES = 1448;
const FRAME_BYTES = 1514;
const SEED = 5;
const PUSH_BYTES = 256 * 1024;
/** A row ends when so much has arrived, or after so long. */
const ROW_BYTES = 16e6;
const ROW_US = 4e6;
/** The first slow start is left out. */
const WARM_UP_ROUND_TRIPS = 20;

interface Row {
  link: LinkName;
  congestion: CongestionControlName;
  loss: number;
  reorder: number;
  /** Held back for as long as so many segments take. */
  reorderSegments: number;
  goodputMbps: number;
  retransmittedPercent: number;
  fastRecoveries: number;
  timeouts: number;
  tailLossProbes: number;
  /** Fast recoveries and timeouts whose reduction was taken back. */
  needless: number;
}

function measure(
  link: LinkName,
  congestion: CongestionControlName,
  loss: number,
  { reorder, segments } = { reorder: 0, segments: 0 },
): Row {
  const { rateBitsPerS } = links[link];
  const reorderDelayUs = (segments * FRAME_BYTES * 8e6) / rateBitsPerS;
  const impaired = { ...links[link], loss, reorder, reorderDelayUs };
  const hosts = new TestHosts({
    link: { buffers: 4096, both: { ...links[link], queueFrames: 2000, seed: SEED } },
    tcp: { congestion },
    checked: false,
  });
  const { a, b } = hosts;
  const queues = hosts.connect();
  Object.assign(hosts.link.aToB.options, impaired);
  Object.assign(hosts.link.bToA.options, impaired);
  let received = 0;
  const pop = () =>
    a.when(a.libos.pop(queues.a), ({ sga, error }) => {
      if (sga === null) throw new Error(`the stream ended: ${error}`);
      received += sga.byteLength;
      a.libos.free(sga);
      pop();
    });
  const push = () => {
    const sga = b.libos.alloc(PUSH_BYTES);
    b.when(b.libos.push(queues.b, sga), (completion) => {
      if (completion.error !== null) throw new Error(`push: ${completion.error}`);
      b.libos.free(completion.sga!);
      push();
    });
  };
  for (let i = 0; i < 64; i++) pop();
  for (let i = 0; i < 16; i++) push();
  hosts.run(2 * links[link].delayUs * WARM_UP_ROUND_TRIPS);
  received = 0;
  const startUs = hosts.nowUs;
  hosts.run(ROW_US, () => received >= ROW_BYTES, 1e7);
  const elapsedUs = hosts.nowUs - startUs;
  const { counters } = b.stack.tcp;
  const { retransmitted, segmentsSent, fastRecoveries } = counters;
  return {
    link,
    congestion,
    loss,
    reorder,
    reorderSegments: segments,
    goodputMbps: rounded((received * 8) / elapsedUs),
    retransmittedPercent: rounded((100 * retransmitted) / segmentsSent),
    fastRecoveries,
    timeouts: counters.retransmissionTimeouts,
    tailLossProbes: counters.tailLossProbes,
    needless: counters.needlessRecoveries,
  };
}

/** To four digits. */
function rounded(value: number): number {
  return Number(value.toPrecision(4));
}

function table(rows: readonly Row[]): string {
  return `[\n${rows.map((row) => `  ${JSON.stringify(row)}`).join(',\n')}\n]\n`;
}

/** What is recorded, if the measured rows hardly differ from it. */
function recordedIfClose(rows: readonly Row[]): string | null {
  let text: string;
  try {
    text = readFileSync(FILE, 'utf8');
  } catch {
    return null;
  }
  const recorded: Row[] = JSON.parse(text);
  const close = rows.every((row, index) => {
    const before = recorded[index] as Row | undefined;
    if (before === undefined || nameOf(before) !== nameOf(row)) return false;
    return Math.abs(row.goodputMbps - before.goodputMbps) <= TOLERANCE * before.goodputMbps;
  });
  return close && recorded.length === rows.length ? text : null;
}

function nameOf({ link, congestion, loss, reorder, reorderSegments }: Row): string {
  return [link, congestion, loss, reorder, reorderSegments].join();
}

function lineRateMbps(link: LinkName): number {
  return (links[link].rateBitsPerS / 1e6) * (SEGMENT_BYTES / FRAME_BYTES);
}

describe('the throughput of one connection', () => {
  const rows: Row[] = [];
  const find = (link: LinkName, congestion: CongestionControlName, loss: number) =>
    rows.find(
      (row) =>
        row.link === link && row.congestion === congestion && row.loss === loss && row.reorderSegments === 0,
    )!;

  beforeAll(() => {
    for (const link of Object.keys(links) as LinkName[]) {
      for (const congestion of controls) {
        for (const loss of losses) rows.push(measure(link, congestion, loss));
        for (const reordering of reorders) rows.push(measure(link, congestion, 0, reordering));
      }
    }
  }, 60_000);

  it('is what was recorded', async () => {
    await expect(recordedIfClose(rows) ?? table(rows)).toMatchFileSnapshot(FILE);
  });

  it.each(Object.keys(links) as LinkName[])('is the whole of a link that loses nothing: %s', (link) => {
    for (const congestion of controls) {
      const { goodputMbps, retransmittedPercent } = find(link, congestion, 0);
      expect(goodputMbps).toBeGreaterThan(0.97 * lineRateMbps(link));
      expect(retransmittedPercent).toBe(0);
    }
  });

  it.each(Object.keys(links) as LinkName[])(
    'is nearly the whole where 5 %% overtake each other: %s',
    (link) => {
      for (const congestion of controls) {
        const row = rows.find(
          (row) => row.link === link && row.congestion === congestion && row.reorder === 0.05,
        )!;
        expect(row.goodputMbps).toBeGreaterThan(0.95 * lineRateMbps(link));
        // No reduction stays that was needless.
        expect(row.needless).toBe(row.fastRecoveries + row.timeouts);
      }
    },
  );

  it.each(Object.keys(links) as LinkName[])('falls with the loss: %s', (link) => {
    for (const congestion of controls) {
      const goodputs = losses.map((loss) => find(link, congestion, loss).goodputMbps);
      for (let i = 1; i < goodputs.length; i++) expect(goodputs[i]).toBeLessThan(1.02 * goodputs[i - 1]);
    }
  });

  it.each(Object.keys(links) as LinkName[])('of NewReno is what Mathis et al. foretell: %s', (link) => {
    const roundTripUs = 2 * links[link].delayUs;
    for (const loss of [0.001, 0.005, 0.01]) {
      const foretold = ((SEGMENT_BYTES * 8) / roundTripUs) * Math.sqrt(3 / 2 / loss);
      const { goodputMbps } = find(link, 'newreno', loss);
      expect(goodputMbps).toBeGreaterThan(0.4 * Math.min(foretold, lineRateMbps(link)));
      expect(goodputMbps).toBeLessThan(1.6 * foretold);
    }
  });
});

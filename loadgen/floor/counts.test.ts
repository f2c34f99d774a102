import fc from 'fast-check';
import { decodeFromCompressedBase64 } from 'hdr-histogram-js';
import { describe, expect, it } from 'vitest';
import { packSlices, slicesFormat, unpackSlices } from '../../results/formats/index.ts';
import { outcomeOfCounts } from './counts.ts';

const HEAD = 'tsc_hz 2000000000\nversion dpdk 22.11.11\nhelper real_time\nearly_ns 2000000\n';
const READ = 'reading 100 150 112.4 98.1 45000 480.1 481.2\n';
const SLICE = 'slice 1000000000 1250000000\n';
const ONE = `${HEAD}${READ}${SLICE}early\n1800 6\nlate\n2000 3\n8000000000 1\n${READ}`;
const outcome = (text: string) => outcomeOfCounts('set', [0, 1], text);

interface MeasuredSlice {
  end_ns: number;
  /** [ticks, count] of round trips. */
  early: [number, number][];
  late: [number, number][];
  isRead: boolean;
}

const times = fc.array(fc.tuple(fc.nat(2 ** 33), fc.integer({ min: 1, max: 50 })), { maxLength: 30 });
const measuredSlices = fc.array(
  fc.record({ end_ns: fc.integer({ min: 1, max: 1e6 }), early: times, late: times, isRead: fc.boolean() }),
  { maxLength: 8 },
);

function textOf(slices: MeasuredSlice[]): string {
  const lines = (part: MeasuredSlice['early']) =>
    part.map(([ticks, count]) => `${ticks} ${count}\n`).join('');
  const texts = slices.map(
    ({ end_ns, early, late, isRead }) =>
      `${isRead ? READ : 'reading 100 150 failed\n'}slice 0 ${end_ns}\nearly\n${lines(early)}late\n${lines(late)}`,
  );
  return `${HEAD}${texts.join('')}${READ}`;
}

describe("a floor's counts", () => {
  it('become what the load generator would have written of these times', () => {
    const { operations, slices, ...others } = outcome(ONE);
    expect(others).toMatchObject({ elapsed_s: 0.25, populate_s: null, versions: { dpdk: '22.11.11' } });
    const [set] = operations;
    expect(set).toMatchObject({
      operation: 'set',
      requests: 10,
      hits: 10,
      misses: 0,
      errors: 0,
      wrong: 0,
      throughput_ops: 40,
      latency_ns: { min: 900, p50: 900, p90: 1000 },
    });
    const histogram = decodeFromCompressedBase64(set.encoded.trim());
    expect(histogram.totalCount).toBe(10);
    // Four seconds, within the histogram's three digits.
    expect(histogram.getValueAtPercentile(100) / 4e9).toBeCloseTo(1, 2);
    expect(set.distribution).toContain('Percentile');
    const probe = {
      start_ns: 100,
      end_ns: 150,
      median_ns: 112.4,
      min_ns: 98.1,
      waited_ns: 45000,
      client_work_ns: 480.1,
      server_work_ns: 481.2,
      server_core: null,
    };
    expect(slices).toMatchObject({
      cores: { client: 1, server: 0 },
      helper: 'real_time',
      unknown: null,
      early_ns: 2e6,
      probes: [probe, probe],
      delayed: 0,
    });
    const [slice] = slices.slices;
    expect(slice).toMatchObject({ start_ns: 1e9, end_ns: 1.25e9 });
    const [{ operation, early, late }] = slice.operations;
    expect(operation).toBe('set');
    expect(early).toEqual({ requests: 6, values_ns: [900], counts: [6] });
    expect(late).toMatchObject({ requests: 4, values_ns: [1000, expect.any(Number)], counts: [3, 1] });
  });

  it('have each round trip in its slice and its part, and in the histogram', () => {
    fc.assert(
      fc.property(measuredSlices, (measured) => {
        const countOf = (part: MeasuredSlice['early']) => part.reduce((sum, [, count]) => sum + count, 0);
        const counted = measured.map(({ early, late }) => [countOf(early), countOf(late)]);
        const requests = counted.flat().reduce((sum, count) => sum + count, 0);
        fc.pre(requests > 0);
        const { operations, slices, elapsed_s } = outcome(textOf(measured));
        expect(operations[0].requests).toBe(requests);
        expect(decodeFromCompressedBase64(operations[0].encoded.trim()).totalCount).toBe(requests);
        expect(elapsed_s * 1e9).toBeCloseTo(
          measured.reduce((sum, { end_ns }) => sum + end_ns, 0),
          3,
        );
        const parts = slices.slices.map((slice) => [slice.operations[0].early, slice.operations[0].late]);
        expect(parts.map((two) => two.map((part) => part.requests))).toEqual(counted);
        for (const { requests: replies, counts, values_ns } of parts.flat()) {
          expect(counts.reduce((sum, count) => sum + count, 0)).toBe(replies);
          expect(values_ns).toEqual([...new Set(values_ns)].sort((a, b) => a - b));
        }
        const read = slices.probes.slice(0, -1).map(({ median_ns }) => median_ns !== null);
        expect(read).toEqual(measured.map(({ isRead }) => isRead));
        const file = { schema: slicesFormat.schema, ...slices };
        expect(unpackSlices(packSlices(file))).toEqual(file);
      }),
    );
  });

  it('say why there are no readings', () => {
    const unknown = 'core 9 is not one that this process may run on';
    const without = ONE.replaceAll(READ, '').replace('helper real_time', `helper none\nunknown ${unknown}`);
    expect(outcome(without).slices).toMatchObject({ helper: null, unknown, probes: [] });
    const late = 'the helper did not get core 0 in time';
    const stopped = ONE.replace('real_time\n', `ordinary\nunknown ${late}\n`).replace(
      READ,
      'reading 1 2 failed\n',
    );
    const failed = {
      start_ns: 1,
      end_ns: 2,
      median_ns: null,
      min_ns: null,
      waited_ns: null,
      client_work_ns: null,
      server_work_ns: null,
      server_core: null,
    };
    const { slices } = outcome(stopped);
    expect(slices).toMatchObject({ helper: 'ordinary', unknown: late, cores: { client: 1, server: 0 } });
    expect(slices.probes[0]).toEqual(failed);
  });

  it.each([
    ['', 'lack tsc_hz'],
    ['tsc_hz fast\n', "lack tsc_hz: they have 'tsc_hz fast' in its place"],
    [ONE.replace(/tsc_hz \d+/, 'tsc_hz 0'), 'lack tsc_hz'],
    ['tsc_hz 1\n', 'lack the version'],
    [ONE.replace('version dpdk', 'dpdk'), 'lack the version'],
    [ONE.replace('real_time', 'late'), 'lack the helper'],
    [ONE.replace('real_time', 'none'), 'lack why there was no helper'],
    [ONE.replace(/early_ns.*\n/, ''), 'lack early_ns'],
    [ONE.replace(READ, ''), "lack a reading: they have 'slice 1000000000 1250000000' in its place"],
    [ONE.slice(0, -READ.length), 'lack a reading'],
    [ONE.slice(0, -13), "lack a reading: they have 'reading 100 150 112.4 98.1 45000' in its place"],
    [ONE.replace('112.4', 'nan'), 'lack a reading'],
    [ONE.replace('112.4', '-112.4'), 'lack a reading'],
    [ONE.replace(SLICE, ''), "lack a slice: they have 'early' in its place"],
    [ONE.replace('early\n', ''), "lack the early round trips of a slice: they have '1800 6'"],
    [ONE.replace('late\n', ''), 'lack the late round trips of a slice'],
    [ONE.replace('1800 6', '20'), "lack the late round trips of a slice: they have '20' in its place"],
    [`${ONE}${READ}`, 'lack a slice'],
    [ONE.replace('1250000000', '1000000000'), "the slices of the floor's window took no time"],
    [`${HEAD}${READ}`, 'no round trip was measured: give a longer --duration-s'],
    [ONE.replaceAll(/^\d+ \d+\n/gm, ''), 'no round trip was measured: give a longer --duration-s'],
  ])('%j is refused', (text, message) => {
    expect(() => outcome(text)).toThrow(
      expect.objectContaining({ code: 'FLOOR_FAILED', message: expect.stringContaining(message) }),
    );
  });
});

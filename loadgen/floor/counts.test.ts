import { decodeFromCompressedBase64 } from 'hdr-histogram-js';
import { describe, expect, it } from 'vitest';
import { outcomeOfCounts } from './counts.ts';

const HEAD = 'tsc_hz 2000000000\nelapsed_ticks 1000000000\ndpdk 22.11.11\n';

describe("a floor's counts", () => {
  it('become what the load generator would have written of these times', () => {
    const outcome = outcomeOfCounts('set', `${HEAD}1800 6\n2000 3\n8000000000 1\n`);
    expect(outcome).toMatchObject({ elapsed_s: 0.5, populate_s: null, versions: { dpdk: '22.11.11' } });
    const [set] = outcome.operations;
    expect(set).toMatchObject({
      operation: 'set',
      requests: 10,
      hits: 10,
      misses: 0,
      errors: 0,
      wrong: 0,
      throughput_ops: 20,
      latency_ns: { min: 900, p50: 900, p90: 1000 },
    });
    const histogram = decodeFromCompressedBase64(set.encoded.trim());
    expect(histogram.totalCount).toBe(10);
    // Four seconds, within the histogram's three digits.
    expect(histogram.getValueAtPercentile(100) / 4e9).toBeCloseTo(1, 2);
    expect(set.distribution).toContain('Percentile');
  });

  it.each([
    ['', 'lack tsc_hz'],
    ['tsc_hz fast\n', 'lack tsc_hz'],
    ['tsc_hz 0\n', 'lack tsc_hz'],
    ['tsc_hz 1\n', 'lack elapsed_ticks'],
    ['tsc_hz 1\nelapsed_ticks -1\n', 'lack elapsed_ticks'],
    ['tsc_hz 1\nelapsed_ticks 0\ndpdk 1\n1800 6\n', 'lack elapsed_ticks'],
    ['tsc_hz 1\nelapsed_ticks 1\n', 'lack the version'],
    ['tsc_hz 1\nelapsed_ticks 1\n1800 6\n', 'lack the version'],
    [`${HEAD}1800 6\n20`, "hold the line '20'"],
    [HEAD, 'no round trip was measured: give a longer --duration-s'],
    [
      HEAD.replace(/elapsed_ticks \d+/, 'elapsed_ticks 0'),
      'no round trip was measured: give a longer --duration-s',
    ],
  ])('%j is refused', (text, message) => {
    expect(() => outcomeOfCounts('get', text)).toThrow(
      expect.objectContaining({ code: 'FLOOR_FAILED', message: expect.stringContaining(message) }),
    );
  });
});

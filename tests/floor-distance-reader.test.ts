/** Readings of the distance beside programs that take none, by a real helper on a real core. */
import { describe, expect, it } from 'vitest';
import { availableCores } from '../experiments/machine/machine.ts';
import { DistanceReader } from '../loadgen/floor/distance-reader.ts';

const [first, second] = availableCores() as [number, number];

/** What so many readings of these cores, the server's and the client's, come to. */
async function readTimes(times: number, cores: [number, number]) {
  const reader = await DistanceReader.start(cores);
  try {
    for (let left = times; left > 0; left--) await reader.read();
    return reader.distance;
  } finally {
    await reader.close();
  }
}

describe('readings of the distance for programs that take none', () => {
  it('are taken when they are asked for, one after the other', async () => {
    const { helper, unknown, probes } = await readTimes(3, [first, second]);
    expect(helper).not.toBeNull();
    expect(unknown).toBeNull();
    expect(probes).toHaveLength(3);
    const times = probes.flatMap(({ start_ns, end_ns }) => [start_ns, end_ns]);
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    expect(Math.abs(Number(process.hrtime.bigint()) - times.at(-1)!)).toBeLessThan(60e9);
    const read = probes.filter(({ median_ns }) => median_ns !== null);
    expect(read.length).toBeGreaterThan(0);
    for (const { median_ns, min_ns, waited_ns } of read) {
      expect(median_ns).toBeGreaterThan(10);
      expect(min_ns).toBeLessThanOrEqual(median_ns!);
      expect(waited_ns).toBeGreaterThan(0);
    }
  });

  it('end after three without the helper, with the reason', async () => {
    // It comes to no core on which the caller waits for it.
    const two = await readTimes(2, [first, first]);
    expect(two.unknown).toBeNull();
    const { helper, unknown, probes } = await readTimes(5, [first, first]);
    expect(helper).not.toBeNull();
    expect(unknown).toBe(`the helper did not get core ${first} in time`);
    expect(probes.map(({ median_ns, min_ns, waited_ns }) => [median_ns, min_ns, waited_ns])).toEqual(
      Array(5).fill([null, null, null]),
    );
  });

  it.each([
    ['server', [999, second]],
    ['client', [first, 999]],
  ] as [string, [number, number]][])(
    'are none where nobody may use the core of the %s',
    async (_side, cores) => {
      const { helper, unknown, probes } = await readTimes(2, cores);
      expect({ helper, probes }).toEqual({ helper: null, probes: [] });
      expect(unknown).toContain('core 999 is not one that this process may run on');
    },
  );
});

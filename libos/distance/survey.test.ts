import { describe, expect, it } from 'vitest';
import { currentCores } from '../affinity.ts';
import { surveyDistance } from './survey.ts';

const [first, second] = currentCores();

describe.runIf(second !== undefined)('a survey', () => {
  it('has a reading every 10 ms, tells of each, and what it costs the server', async () => {
    const told: (number | null)[] = [];
    const survey = await surveyDistance({
      cores: [first, second],
      seconds: 0.5,
      onReading: (_, median_ns) => told.push(median_ns),
    });
    const { at_s, median_ns, min_ns, waited_ns, client_work_ns, server_work_ns, cost_ns } = survey;
    // Fewer where the machine kept it from its core.
    expect(at_s.length).toBeGreaterThan(1);
    expect(at_s.length).toBeLessThanOrEqual(51);
    expect([min_ns.length, waited_ns.length]).toEqual([at_s.length, at_s.length]);
    expect(told).toEqual(median_ns);
    expect(at_s).toEqual(at_s.toSorted((a, b) => a - b));
    const read = at_s.flatMap((_, i) => (median_ns[i] === null ? [] : [{ at: i, median: median_ns[i] }]));
    expect(read.length).toBeGreaterThan(0);
    for (const { at, median } of read) expect(median).toBeGreaterThanOrEqual(min_ns[at] as number);
    for (const work_ns of [client_work_ns, server_work_ns]) {
      expect(work_ns).toHaveLength(at_s.length);
      for (const { at } of read) expect(work_ns[at]).toBeGreaterThan(0);
    }
    expect(cost_ns).toBeGreaterThan(1000);
    expect(cost_ns).toBeLessThan(1e6);
  });

  it('ends early, with what it has', async () => {
    const controller = new AbortController();
    const onReading = () => controller.abort();
    const { signal } = controller;
    const survey = await surveyDistance({ cores: [first, second], seconds: 3600, onReading, signal });
    expect(survey.at_s.length).toBeGreaterThan(0);
    const none = await surveyDistance({ cores: [first, second], seconds: 3600, signal });
    expect(none.at_s.length).toBeLessThan(100);
  });

  it.each([
    [[first, first], `core ${first} has no distance to itself`],
    [[first, 1000], 'core 1000 is not one that this process may run on'],
    [[1000, first], 'core 1000 is not one that this process may run on'],
  ] as const)('of cores %o is refused', async (cores, message) => {
    const refused = surveyDistance({ cores, seconds: 1 });
    await expect(refused).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    await expect(refused).rejects.toThrow(message);
  });
});

/** Reads the slices that a floor has left, and holds them to its result, to their order and to the readings. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { encodeHistogram, LatencyRecorder } from '../loadgen/measurement/recorder.ts';
import { loadResultFormat, type SlicesFile, unpackSlices } from '../results/formats/index.ts';

export const sum = (values: number[]) => values.reduce((total, value) => total + value, 0);

/** Of a floor that measured one operation on `cores`, the server's and the client's. */
export function readSlices(out: string, [server, client]: [number, number]): SlicesFile {
  const file = unpackSlices(readFileSync(join(out, 'slices.json.gz')));
  expect(file).toMatchObject({ cores: { client, server }, unknown: null, delayed: 0 });
  const { elapsed_s, operations } = loadResultFormat.read(readFileSync(join(out, 'result.json'), 'utf8'));
  const [{ operation, requests }] = operations;
  const parts = file.slices.flatMap((slice) => {
    expect(slice.operations).toMatchObject([{ operation }]);
    return slice.operations.flatMap(({ early, late }) => [early, late]);
  });
  for (const part of parts) expect(sum(part.counts)).toBe(part.requests);
  expect(sum(parts.map((part) => part.requests))).toBe(requests);
  const recorder = new LatencyRecorder();
  for (const { values_ns, counts } of parts) {
    for (const [index, value] of values_ns.entries()) {
      for (let left = counts[index]; left > 0; left--) recorder.record(value);
    }
  }
  expect(encodeHistogram(recorder.histogram())).toBe(readFileSync(join(out, `${operation}.hdr`), 'utf8'));
  expect(sum(file.slices.map(({ start_ns, end_ns }) => end_ns - start_ns)) / 1e9).toBeCloseTo(elapsed_s, 6);
  expectReadings(file);
  return file;
}

/** Of a floor that can be cut, whose fastest round trip took `min_ns`. */
export function expectSlicesWithEarly(out: string, cores: [number, number], min_ns: number): void {
  const { slices, early_ns } = readSlices(out, cores);
  expect(early_ns).toBe(2e6);
  expect(slices.length).toBeGreaterThan(1);
  // The last is what those before it have left, of which one may have waited long for a reply.
  for (const { start_ns, end_ns } of slices.slice(0, -1)) expect(end_ns - start_ns).toBeGreaterThan(50e6);
  // So many follow one another before the early part of a slice is over.
  const most = early_ns / min_ns + 1;
  for (const { operations } of slices) expect(operations[0].early.requests).toBeLessThanOrEqual(most);
  expect(sum(slices.map(({ operations }) => operations[0].early.requests))).toBeGreaterThan(0);
  expect(sum(slices.map(({ operations }) => operations[0].late.requests))).toBeGreaterThan(0);
}

function expectReadings({ probes, slices }: SlicesFile): void {
  expect(probes).toHaveLength(slices.length + 1);
  const times = slices.flatMap(({ start_ns, end_ns }, index) => {
    const before = probes[index];
    return [before.start_ns, before.end_ns, start_ns, end_ns];
  });
  times.push(probes.at(-1)!.start_ns, probes.at(-1)!.end_ns);
  expect(times).toEqual(times.toSorted((a, b) => a - b));
  // A line that goes from core to core takes longer than a look at the own cache, and no millisecond.
  const medians = probes.map(({ median_ns }) => median_ns).filter((median) => median !== null);
  expect(medians.length).toBeGreaterThan(0);
  for (const median of medians) {
    expect(median).toBeGreaterThan(10);
    expect(median).toBeLessThan(1e6);
  }
}

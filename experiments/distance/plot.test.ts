import { describe, expect, it } from 'vitest';
import { type Plotted, plot } from './plot.ts';

const scale = { low: 90, high: 550 };
const shape = { seconds: 10, scale, columns: 40, rows: 8 };
const every = (count: number, seconds: number) =>
  Array.from({ length: count }, (_, index) => (index * seconds) / count);

/** The row of each column's highest dot, from the top, or null; four dots to a line. */
function highest(plotted: Plotted): (number | null)[] {
  const lines = plot(plotted)
    .slice(0, plotted.rows)
    .map((line) => line.slice(line.search(/[│┤]/) + 1));
  return Array.from(lines[0], (_, column) => {
    const row = lines.findIndex((line) => line.codePointAt(column) !== 0x2800);
    if (row < 0) return null;
    const bits = lines[row].codePointAt(column)! - 0x2800;
    return 4 * row + [0x09, 0x12, 0x24, 0xc0].findIndex((mask) => bits & mask);
  });
}

describe('the plot', () => {
  it('has time to the right and a logarithmic scale upwards', () => {
    const at_s = every(1000, 10);
    const values = at_s.map((at) => (at < 5 ? 100 : 500));
    const tops = highest({ ...shape, at_s, values });
    const half = tops.length / 2;
    const rowOf = (value: number) => Math.round((1 - Math.log(value / 90) / Math.log(550 / 90)) * 31);
    expect(new Set(tops.slice(0, half - 1))).toEqual(new Set([rowOf(100)]));
    expect(new Set(tops.slice(half + 1))).toEqual(new Set([rowOf(500)]));
  });

  it('names round numbers beside their rows, and both ends of time', () => {
    const lines = plot({ ...shape, at_s: [0], values: [100] });
    const labels = lines.flatMap((line) => /^ *(\d+) ┤/.exec(line)?.[1] ?? []);
    expect(labels).toEqual(['500', '300', '200', '150', '100']);
    expect(lines.at(-1)).toMatch(/^ +0 s +10 s$/);
    expect(lines).toHaveLength(10);
  });

  it('names the ends of a scale that has no such number', () => {
    const lines = plot({ ...shape, scale: { low: 112.4, high: 141 }, at_s: [0], values: [120] });
    expect(lines.flatMap((line) => /^ *(\d+) ┤/.exec(line)?.[1] ?? [])).toEqual(['141', '112']);
  });

  it('draws nothing for a reading that failed, and at the edge what is beyond', () => {
    const tops = highest({ ...shape, at_s: [1, 5, 9], values: [null, 1e6, 1] });
    expect(tops.filter((row) => row !== null)).toEqual([0, 31]);
  });

  it.each([[20], [80], [200]])('fits into %d columns', (columns) => {
    const lines = plot({
      ...shape,
      columns,
      at_s: every(500, 10),
      values: every(500, 1000).map((v) => v + 1),
    });
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(columns);
    expect(Math.max(...lines.map(({ length }) => length))).toBe(columns);
  });
});

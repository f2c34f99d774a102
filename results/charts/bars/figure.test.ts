/** Bars of throughput and of cost: their pieces, and that nothing lies on anything else. */
import { expect, test } from 'vitest';
import type { CostOfSide, Point } from '../../formats/index.ts';
import { report } from '../../test-report.ts';
import { type ChartName, pictureOf } from '../charts.ts';
import { draw } from '../render.ts';
import type { ChartSource } from '../source.ts';
import { overlapping } from '../text-boxes.ts';
import { dejaVuSans } from '../theme/font.ts';
import { paperTheme } from '../theme/theme.ts';
import type { BarPiece } from './panel.ts';

const side = (user_s: number, system_s: number, vain_s: number | null): CostOfSide => ({
  ...{ user_s, system_s, vain_s, voluntary_switches: 1, involuntary_switches: 2 },
  ...{ cycles: null, instructions: null, cache_misses: null },
});

/** The same run, with what it cost. */
async function withCost(cost: (point: Point) => Point['cost']): Promise<ChartSource> {
  const { source } = await report({});
  const points = source.summary.points.map((point) => ({ ...point, cost: cost(point) }));
  return {
    run: source.run,
    looks: source.looks,
    distance: source.distance,
    summary: { ...source.summary, points },
  };
}

const paper = { font: dejaVuSans, fontSizePt: 8, hasTitle: false, patterns: true, logX: null, logY: null };

async function piecesOf(source: ChartSource, chart: ChartName): Promise<BarPiece[]> {
  const theme = paperTheme({ ...paper, widthPt: 240 });
  const drawn = (await draw((sized) => pictureOf(chart, source, sized), theme))!;
  expect(overlapping(drawn.texts).map(([a, b]) => `${a.text} | ${b.text}`)).toEqual([]);
  return drawn.picture.datasets.pieces as BarPiece[];
}

test('the pieces of a bar add up to what a million replies cost, polling in vain apart', async () => {
  const source = await withCost(() => ({
    ...{ replies: 1000, joules: null, unknown: [] },
    ...{ server: side(10, 4, 6), client: side(5, 3, 7) },
  }));
  const pieces = (await piecesOf(source, 'cost')).filter(
    ({ system, panel }) => system === 'redis' && panel === 'GET',
  );
  expect(pieces.map(({ part, value }) => [part, value])).toEqual([
    ["server's own code", 4],
    ['kernel for the server', 4],
    ['server polling in vain', 6],
    ['kernel for the client', 1],
    ['client polling in vain', 7],
  ]);
  expect(pieces.at(-1)?.to).toBe(22);
});

test('a run that knows no cost has no such chart', async () => {
  const source = await withCost(() => null);
  expect(pictureOf('cost', source, paperTheme({ ...paper, widthPt: 240 }))).toBeNull();
});

test('throughput without an axis is a bar for each system', async () => {
  const { source } = await report({});
  const pieces = await piecesOf(source, 'throughput');
  expect(new Set(pieces.map(({ panel }) => panel))).toEqual(new Set(['SET', 'GET']));
  for (const { system, panel, value } of pieces) {
    const point = source.summary.points.find(
      (one) => one.system === system && one.operation === panel.toLowerCase(),
    );
    expect(1000 * value).toBeCloseTo(point?.throughput_ops ?? 0, 6);
  }
});

/** Offered, achieved and completed rates, bad replies and costs, where tables and captions show them. */
import { expect, test } from 'vitest';
import type { CostOfSide, Point } from '../formats/index.ts';
import { point, summary } from '../summary/test-summary.ts';
import { columnNotes, summaryColumns } from './columns.ts';
import { allRates, unmetRates } from './rates.ts';
import { summaryRows } from './rows.ts';

const rates: NonNullable<Point['rates']> = {
  offered_ops: 60_000,
  achieved_ops: 15_123,
  completed_ops: 10_986,
  misses_ops: 0,
  errors_ops: 12.4,
  wrong_ops: 0,
  stale_ops: 0,
  torn_ops: 3,
};
const side: CostOfSide = {
  user_s: 5,
  system_s: 20,
  vain_s: null,
  voluntary_switches: 1e6,
  involuntary_switches: 0,
  cycles: null,
  instructions: null,
  cache_misses: null,
};

/** Of the columns: heads with the cells of the first row. */
function cells(...points: Point[]): Record<string, string> {
  const of = summary(points);
  const [row] = summaryRows(of);
  return Object.fromEntries(summaryColumns(of).map(({ head, cell }) => [head, cell(row).trim()]));
}

test('an open loop beyond capacity has three rates in the table, and errors one of their own', () => {
  const redis = point('redis', [20], { rates, throughput_ops: 15_123 });
  expect(cells(redis)).toMatchObject({
    'offered/s': '60,000',
    'ops/s': '15,123',
    'completed/s': '10,986',
    'errors/s': '12',
    'torn/s': '3',
  });
  expect(cells(redis)).not.toHaveProperty('misses/s');
  const of = summary([redis]);
  expect(columnNotes(of, summaryColumns(of)).join(' ')).toContain('offered/s: requests due in it.');
});

test('a closed loop has the one, and its caption says nothing of rates', () => {
  const closed = summary([point('redis', [20], { rates: { ...rates, offered_ops: null, errors_ops: 0 } })]);
  const heads = summaryColumns(closed).map(({ head }) => head);
  expect(heads).not.toContain('offered/s');
  expect(heads).not.toContain('errors/s');
  expect([...allRates(closed), ...unmetRates(closed)]).toEqual([]);
});

test('a cost has both sides, a dash for one that is not known', () => {
  const cost = { replies: 1000, client: side, joules: null, unknown: [] };
  expect(cells(point('redis', [20], { cost: { ...cost, server: side } }))['core-s/M']).toBe('25.0 + 25.0');
  expect(cells(point('redis', [20], { cost: { ...cost, server: null } }))['core-s/M']).toBe('– + 25.0');
});

test('captions name what was achieved of what was offered, where that is less', () => {
  const met = point('kv', [10], { rates: { ...rates, achieved_ops: 59_900, completed_ops: 59_890 } });
  const both = summary([point('redis', [20], { rates }), met]);
  expect(unmetRates(both)).toEqual(['Achieved of what was offered, per second: redis 15,123 of 60,000.']);
  expect(allRates(both)).toEqual([
    'Requests per second that were offered, achieved and completed: redis 60,000, 15,123, 10,986; ' +
      'kv 60,000, 59,900, 59,890.',
  ]);
});

/** The split in words: of one way past the kernel, and what of its interface is polling where that is known. */
import { expect, test } from 'vitest';
import { pollingSplits, splits } from '../summary/split.ts';
import { point, summary } from '../summary/test-summary.ts';
import { splitInWords } from './split.ts';

const three = [
  point('redis', [40, 40, 40], { label: 'Redis' }),
  point('kv-kernel', [16, 16, 16]),
  point('kv-rdma', [4, 4, 4]),
];
const four = [...three, point('kv-epoll', [34, 34, 34])];
const ofPoints = (points: typeof three) =>
  summary(points, { splits: splits(points), polling_splits: pollingSplits(points) });

test('three parts', () => {
  expect(splitInWords(ofPoints(three))).toEqual([
    "The kernel's interface is 60 % [60 % to 60 %] and its data path 30 % [30 % to 30 %] of the p50 of Redis, by " +
      'kv-kernel and kv-rdma (GET).',
  ]);
  expect(splitInWords(ofPoints([]))).toEqual([]);
});

test('four, in the same sentence, where the group has the libOS that sleeps', () => {
  expect(splitInWords(ofPoints(four))).toEqual([
    "The kernel's interface is 60 % [60 % to 60 %] and its data path 30 % [30 % to 30 %] of the p50 of Redis, by " +
      'kv-kernel and kv-rdma (GET); of these 60 % polling takes off 45 % [45 % to 45 %], and 15 % [15 % to 15 %] is ' +
      'left without it, by kv-epoll.',
  ]);
});

test('that of GET before others', () => {
  const set = four.map((one) => ({ ...one, operation: 'set' as const }));
  expect(splitInWords(ofPoints([...set, ...four]))[0]).toContain('(GET)');
  expect(splitInWords(ofPoints(set))[0]).toContain('(SET); of these');
});

/** Labels that tell systems apart. */
import { expect, test } from 'vitest';
import { labelInGroup } from '../sentences/rows.ts';
import { system } from '../test-synthetic-run.ts';
import { withDistinctLabels } from './distinct-labels.ts';

test('systems that share a label have their groups before it, and where these do not differ their names behind', () => {
  const systems = [
    system('a', { label: 'Redis', group: 'no AOF' }),
    system('b', { label: 'Redis', group: 'AOF always' }),
    system('c', { label: 'kvserver', group: 'no AOF' }),
    system('d', { label: 'mine' }),
    system('e', { label: 'mine' }),
  ];
  const distinct = withDistinctLabels(systems);
  expect(distinct.map(({ label }) => label)).toEqual([
    'no AOF, Redis',
    'AOF always, Redis',
    'kvserver',
    'mine (d)',
    'mine (e)',
  ]);
  expect(distinct.slice(0, 3).map(labelInGroup)).toEqual(['Redis', 'Redis', 'kvserver']);
});

/** The distance of the cores in the caption, below the table, in figure.txt and in the report. */
import { expect, test } from 'vitest';
import { figureOf, report, texts, withoutScripts } from '../test-report.ts';
import { sliced } from '../test-slices.ts';
import type { SyntheticRun } from '../test-synthetic-run.ts';
import { distanceNotes, distanceOfFigure } from './distance.ts';

/** Windows with so many readings of 112 and of 450 ns, latencies that follow them. */
const changing =
  (near: number, far: number, early = 1): SyntheticRun['measured'] =>
  ({ name }) =>
    sliced([...Array<number>(near).fill(112), ...Array<number>(far).fill(450)], {
      latencyOf: (reading_ns) => (name === 'kv-kernel' ? 8000 : 20_000) * (reading_ns < 200 ? 1 : 1.4),
      early,
    });

test('of two states: the one that is compared, the other one, and both in the report', async () => {
  const made = await report({ measured: changing(11, 21) });
  const { summary, words } = made;
  const clause = /At a core distance of 112 ns \(near\), 34\.4 % of the time\./;
  expect(texts(await figureOf(made)).join(' ')).toMatch(clause);
  expect(distanceNotes(summary)).toEqual([
    expect.stringMatching(clause),
    'Other core distances: 450 ns (far), 65.6 % of the time.',
  ]);
  expect(words.join('\n\n')).toMatch(
    /The distance of cores 0 and 1, a cache line's way there and back, was read between slices .* changed: 112 ns \(near\), 34\.4 % of the time; 450 ns \(far\), 65\.6 %\. All latencies are of slices with 112 ns \(near\) at both ends\./,
  );
  const page = withoutScripts(await made.page());
  expect(page).toContain('By distance of the cores');
  expect(page).toMatch(
    /near: 112 ns; far: 450 ns; mixture: all distances\. All else on this page is near: every system/,
  );
  expect(page).toContain('Requests right behind a reading of the distance');
});

test('of one state: its number and no more', async () => {
  const made = await report({ measured: changing(20, 0) });
  const { summary, words } = made;
  expect(texts(await figureOf(made)).join(' ')).toContain('Core distance 112 ns.');
  expect(distanceNotes(summary)).toEqual(['Core distance 112 ns.']);
  expect(words.join('\n\n')).toContain('was 112 ns all of the time.');
  expect(withoutScripts(await made.page())).not.toContain('By distance of the cores');
});

test('a mixture is said to be one, and what is left out as well', async () => {
  const made = await report({
    measured: (subject, ...of) =>
      (subject.name === 'redis' ? changing(0, 20, 1.5) : changing(20, 0))(subject, ...of),
  });
  const { summary, words } = made;
  expect(summary.distance!.chosen).toBeNull();
  expect(texts(await figureOf(made)).join(' ')).toMatch(
    /A mixture of core distances: [\d.]+ % near \(112 ns\), [\d.]+ % far \(450 ns\)\./,
  );
  const text = words.join('\n\n');
  expect(text).toContain(
    'All latencies are of all of the time, since no state has 20 slices in 3 trials of every',
  );
  expect(text).toContain('Requests sent right behind a reading took another time and are left out of Redis');
});

test('an operation that is compared by itself is named, and so is the mixture of the other', async () => {
  const made = await report({
    measured: (subject, target, ...of) =>
      (target.operation === 'get' && subject.name === 'redis' ? changing(0, 21) : changing(21, 0))(
        subject,
        target,
        ...of,
      ),
  });
  const { summary, words } = made;
  expect(summary.distance!.chosen).toBeNull();
  const clauses =
    /SET at a core distance of 112 ns \(near\), 83\.3 % of the time\. GET in a mixture of core distances: 83\.3 % near/;
  expect(distanceNotes(summary).join(' ')).toMatch(clauses);
  expect(texts(await figureOf(made)).join(' ')).toMatch(clauses);
  expect(words.join('\n\n')).toMatch(
    /Latencies of SET are of slices with 112 ns \(near\) at both ends\. Latencies of GET are of all of the time, since no state/,
  );
  expect(withoutScripts(await made.page())).toContain(
    'All else on this page is near for SET and of the mixture for GET: no',
  );
  expect(texts((await made.chart('distance'))!.svg).join(' ')).toContain(
    'All of SET is compared at the state near.',
  );
});

test('unknown is said to be unknown', async () => {
  const { summary } = await report({});
  expect(distanceOfFigure(summary)).toEqual([]);
  expect(distanceNotes(summary)).toEqual(['Core distance unknown: it was not measured.']);
});

/** What a workload says of a distribution of keys that it has at none of its points. */
import { type Axis, ofDistributions, uselessProblem } from '../../results/formats/index.ts';
import { entriesOf, type Placed, type PlacedProblem } from '../written/placed.ts';
import { keyNames } from './key-names.ts';
import type { Config, ConfiguredPoint } from './schema.ts';

/** What has keys drawn. */
export interface DrawnKeys {
  workload: Pick<Config['workload'], 'variants'>;
  axes: readonly Pick<Axis, 'path'>[];
  points: readonly ConfiguredPoint[];
}

type OfDistribution = keyof typeof ofDistributions;

/** Keys of the workload of which no point, and no variant, has a use. */
export function uselessKeys({ workload: { variants = {} }, axes, points }: DrawnKeys): OfDistribution[] {
  if (axes.some(({ path }) => path === 'workload.key_distribution')) return [];
  const drawn = [
    ...points.flatMap(({ workload, systems }) => [workload, ...systems.map((system) => system.workload)]),
    ...Object.values(variants),
  ].map(({ key_distribution }) => key_distribution);
  return (Object.keys(ofDistributions) as OfDistribution[]).filter(
    (key) => !ofDistributions[key].some((distribution) => drawn.includes(distribution)),
  );
}

/** Those that their author wrote. */
export function uselessProblems(written: Placed, drawn: DrawnKeys): PlacedProblem[] {
  const entries = entriesOf(written);
  const workload = entriesOf(entries.get('workload'));
  return uselessKeys(drawn).flatMap((key) => {
    const isAxis = drawn.axes.some(({ path }) => path === `workload.${key}`);
    const place = (workload.get(key) ?? (isAxis ? entries.get('sweep') : undefined))?.place;
    return place ? [{ place, message: uselessProblem(key, keyNames).message }] : [];
  });
}

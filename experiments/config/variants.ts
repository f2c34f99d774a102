/**
 * Variants of a workload: an experiment that compares mixes, such as the six of YCSB, names them under `variants` and
 * says with `variant`, or with an axis of that name, which of them is measured.
 */

import { meanBytes, parseValueSizes } from '../../results/formats/index.ts';
import { suggestion } from './nearest.ts';
import { entriesOf, type Placed, type PlacedProblem, withEntry } from './placed.ts';

/**
 * The workload with what its variant says in the place of its own. One that there is not is a problem, and read as the
 * first of those that there are.
 */
export function withVariant(root: Placed, problems: PlacedProblem[]): Placed {
  const workload = entriesOf(root).get('workload');
  const chosen = entriesOf(workload).get('variant');
  if (!workload || !chosen) return root;
  const variants = entriesOf(entriesOf(workload).get('variants'));
  const name = String(chosen.value);
  if (!variants.has(name)) {
    const message = `no variant is named '${name}'${suggestion(name, [...variants.keys()])}`;
    problems.push({ place: chosen.place, message });
  }
  const variant = variants.get(name) ?? [...variants.values()][0];
  const merged = [...entriesOf(variant)].reduce(
    (result, [key, entry]) => withEntry(result, key, entry),
    workload,
  );
  return withEntry(root, 'workload', merged);
}

/** The mean stands for the size where one number is wanted. */
export function withMeanSize(root: Placed): Placed {
  const workload = entriesOf(root).get('workload');
  const given = entriesOf(workload).get('value_sizes');
  if (!workload || typeof given?.value !== 'string' || entriesOf(workload).has('value_bytes')) return root;
  const sizes = parseValueSizes(given.value);
  const mean = typeof sizes === 'string' ? 1 : Math.max(1, meanBytes(sizes));
  return withEntry(root, 'workload', withEntry(workload, 'value_bytes', { place: given.place, value: mean }));
}

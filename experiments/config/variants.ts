/**
 * Variants of a workload: an experiment that compares mixes, such as the six of YCSB, names them under `variants` and
 * says with `variant`, or with an axis of that name, which of them is measured.
 */

import { meanBytes, parseValueSizes, shapes } from '../../results/formats/index.ts';
import { suggestion } from '../written/nearest.ts';
import { entriesOf, type Placed, type PlacedProblem, withEntry, withKeys } from '../written/placed.ts';
import { notAllowed } from '../written/problems.ts';

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

/** What a shape says besides. One that there is not is left for the schema. */
const OF_SHAPE = ['key_bytes', 'value_bytes', 'value_sizes'];

/** A shape is lengths of keys and values of one name. */
export function withShape(root: Placed, problems: PlacedProblem[]): Placed {
  const workload = entriesOf(root).get('workload');
  const given = entriesOf(workload).get('shape');
  if (!workload || !given) return root;
  const { place, value } = given;
  if (!shapes.some((known) => known === value)) {
    problems.push({ place, message: notAllowed(value, shapes) });
  }
  for (const key of OF_SHAPE) {
    const said = entriesOf(workload).get(key);
    if (said) problems.push({ place: said.place, message: '`shape` says that: leave one of them out' });
  }
  const name = { place, value: shapes.find((known) => known === value) ?? shapes[0] };
  const rest = withKeys(workload, (key) => key !== 'shape' && !OF_SHAPE.includes(key));
  return withEntry(root, 'workload', withEntry(withEntry(rest, 'key_bytes', name), 'value_sizes', name));
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

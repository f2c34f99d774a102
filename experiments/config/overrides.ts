/**
 * `--set workload.value_bytes=1024`: values of the command line, laid upon an experiment as its author wrote
 * it.
 */
import { ExperimentError } from '../errors.ts';
import { suggestion } from '../written/nearest.ts';
import {
  elementsOf,
  entriesOf,
  merge,
  type Place,
  type Placed,
  type PlacedProblem,
  textAt,
  withEntry,
  withKeys,
} from '../written/placed.ts';
import { readInlineYaml } from '../written/yaml-source.ts';
import { saidAxis } from './axis-keys.ts';

export const SWEEP = 'sweep';

/** Behind all files, in the order of the command line. */
const RANK_OF_OVERRIDES = 2 ** 52;

export interface Override {
  path: string[];
  value: Placed;
  place: Place;
}

/** The overrides of a command line; OVERRIDE_INVALID for what is not KEY=VALUE. */
export function readOverrides(settings: readonly string[]): Override[] {
  return settings.map((setting, index) => {
    const equals = setting.indexOf('=');
    const path = setting.slice(0, Math.max(equals, 0)).split('.');
    if (path.includes('')) {
      throw new ExperimentError(
        'OVERRIDE_INVALID',
        `--set ${setting}: write KEY=VALUE, with a key such as workload.value_bytes or systems.redis.label`,
      );
    }
    // The setting itself says which key it is about.
    const place = { at: `--set ${setting}`, path: '', rank: RANK_OF_OVERRIDES + index };
    return { path, place, value: readInlineYaml(setting.slice(equals + 1), place) };
  });
}

/** The experiment with `overrides`: by name in the lists of systems and floors. */
export function applyOverrides(
  root: Placed,
  overrides: readonly Override[],
  problems: PlacedProblem[],
): Placed {
  return overrides.reduce((result, override) => {
    const [list, name, ...rest] = override.path;
    if ((list === 'systems' || list === 'floors') && name !== undefined && rest.length > 0) {
      return withElement(result, list, name, { ...override, path: rest }, problems);
    }
    if (list === SWEEP && name !== undefined) return withAxis(result, override);
    return merge(withoutQuick(result, override.path), nested(override));
  }, root);
}

/**
 * The path of an axis has dots of its own, and a quick run has this axis too. What is said of a whole axis replaces it.
 */
function withAxis(root: Placed, override: Override): Placed {
  const [, ...words] = override.path;
  const entries = entriesOf(root);
  const { axis, inner } = saidAxis(entries.get(SWEEP), words);
  const quick = saidAxis(entriesOf(entries.get('quick')).get(SWEEP), words);
  const kept = withoutQuick(root, [SWEEP, ...quick.axis]);
  const path = [SWEEP, ...axis, ...inner];
  const value = inner.length === 0 || inner[0] === 'values' ? listed(override) : override.value;
  const isPart = inner.length > 0 || value.value === null;
  return isPart ? merge(kept, nested({ ...override, path, value })) : replaced(kept, path, value);
}

/** The mapping with this value at the end of the path, in the place of the one that was there. */
function replaced(placed: Placed, [key, ...rest]: readonly string[], value: Placed): Placed {
  if (key === undefined) return value;
  const inside = entriesOf(placed).get(key) ?? { place: value.place, value: new Map() };
  return withEntry(placed, key, replaced(inside, rest, value));
}

/** Values of an axis: one or several, divided by commas, are a list without brackets too. */
function listed({ value: placed, place }: Override): Placed {
  const { value } = placed;
  if (value === null || typeof value === 'object') return placed;
  const values =
    typeof value === 'string' ? value.split(',').map((text) => readInlineYaml(text, place)) : [placed];
  return { place, value: values };
}

/** A mapping in a mapping, down to the value. */
function nested({ path, value, place }: Override): Placed {
  return path.reduceRight<Placed>((inner, key) => ({ place, value: new Map([[key, inner]]) }), value);
}

/** What the command line says holds for a quick run as well: `quick` no longer says another. */
function withoutQuick(root: Placed, path: readonly string[]): Placed {
  const quick = entriesOf(root).get('quick');
  return quick ? withEntry(root, 'quick', without(quick, path)) : root;
}

function without(placed: Placed, [key, ...rest]: readonly string[]): Placed {
  const entry = key === undefined ? undefined : entriesOf(placed).get(key);
  if (key === undefined || entry === undefined) return placed;
  return rest.length === 0
    ? withKeys(placed, (other) => other !== key)
    : withEntry(placed, key, without(entry, rest));
}

function withElement(
  root: Placed,
  list: 'systems' | 'floors',
  name: string,
  override: Override,
  problems: PlacedProblem[],
): Placed {
  const listed = entriesOf(root).get(list);
  const elements = elementsOf(listed);
  const names = elements.map(nameOf);
  const change = nested(override);
  if (names.includes(name)) {
    const changed = elements.map((element, index) =>
      names[index] === name ? merge(asEntry(element), change) : element,
    );
    return withEntry(root, list, { place: (listed as Placed).place, value: changed });
  }
  if (list === 'floors') {
    // Floors of the library stand in no list until something of them is changed.
    const entry = merge(asEntry({ place: override.place, value: name }), change);
    return withEntry(root, list, { place: listed?.place ?? override.place, value: [...elements, entry] });
  }
  const known = names.filter((candidate) => candidate !== undefined);
  problems.push({ place: override.place, message: `no system is named '${name}'${suggestion(name, known)}` });
  return root;
}

/** What an element of `systems` or `floors` is called: its own name, else that of the library. */
export function nameOf(element: Placed): string | undefined {
  if (typeof element.value === 'string') return element.value;
  return textAt(element, 'name') ?? textAt(element, 'use');
}

function asEntry(element: Placed): Placed {
  const { place, value } = element;
  return typeof value === 'string' ? { place, value: new Map([['use', element]]) } : element;
}

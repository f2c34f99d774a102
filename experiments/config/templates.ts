/** Fills in a template: chooses its variants, and puts the values of its parameters into its texts. */

import {
  mapTexts,
  merge,
  type Place,
  type Placed,
  type PlacedMap,
  type PlacedProblem,
} from '../written/placed.ts';
import { notAllowed } from '../written/problems.ts';
import type { LibraryEntry } from './library.ts';

/**
 * The body of `template` with `given` values, which a user wrote at `place`. Each choice is laid upon the
 * body; then `{parameter}` becomes its value in all texts, and a text that is nothing else becomes the value
 * as it is. Undefined where a value is missing or not allowed, which is in `problems` then.
 */
export function fillTemplate(
  template: LibraryEntry,
  given: PlacedMap,
  place: Place,
  problems: PlacedProblem[],
): Placed | undefined {
  const values = new Map<string, Placed>();
  let { body } = template;
  let isWhole = true;
  for (const [name, parameter] of template.parameters) {
    const value = given.get(name) ?? parameter.default;
    if (value === undefined) {
      const one = parameter.choices ? `: one of ${[...parameter.choices.keys()].join(', ')}` : '';
      problems.push({ place, message: `'${template.name}' needs a value for '${name}'${one}` });
      isWhole = false;
      continue;
    }
    values.set(name, value);
    if (parameter.choices === null) continue;
    const choice = parameter.choices.get(String(value.value));
    if (choice) {
      body = merge(body, choice);
    } else {
      problems.push({
        place: value.place,
        message: notAllowed(value.value ?? null, [...parameter.choices.keys()]),
      });
      isWhole = false;
    }
  }
  if (!isWhole) return undefined;
  return mapTexts(body, (text) => filled(text, values, problems));
}

const parameterPattern = /\{([a-z_]+)\}/g;

function filled(text: string, values: PlacedMap, problems: PlacedProblem[]): Placed['value'] {
  const whole = values.get(text.slice(1, -1));
  if (whole && text === `{${text.slice(1, -1)}}`) return whole.value;
  return text.replace(parameterPattern, (braces, name: string) => {
    const value = values.get(name);
    if (value === undefined) return braces;
    if (typeof value.value !== 'object' || value.value === null) return String(value.value);
    const message = `must be a single value: it stands in the middle of '${text}'`;
    problems.push({ place: value.place, message });
    return braces;
  });
}

/**
 * From an experiment as its author wrote it to one in which every system and floor stands written out. From
 * the lowest layer to the highest: `defaults` of the library's file, `defaults` of the experiment, the
 * template, the library's entry, what the experiment says in place. (`--set` is laid upon the experiment
 * before: overrides.ts.)
 */

import { nearest, suggestion } from '../written/nearest.ts';
import {
  elementsOf,
  entriesOf,
  merge,
  type Placed,
  type PlacedProblem,
  plain,
  textAt,
  withEntry,
  withKeys,
} from '../written/placed.ts';
import { mustBe, unknownKey } from '../written/problems.ts';
import { keysOf } from './authored.ts';
import { checkKeys, type Kind, type Library, type LibraryEntry } from './library.ts';
import { withMessages } from './protocol.ts';
import { fillTemplate } from './templates.ts';
import { withMeanSize, withShape, withVariant } from './variants.ts';
import { splitWords, WordsError } from './words.ts';
import { type WorkloadFiles, withFiles } from './workload-files.ts';

export interface Resolution {
  root: Placed;
  problems: PlacedProblem[];
  /**
   * For each system and floor by name: the library's entries that it is made of, nearest first; none: written
   * out.
   */
  sources: Map<string, LibraryEntry[]>;
}

/** Keys whose text may be one string, split into words. */
const wordKeys = ['start', 'version', 'command'];
const singular: Record<Kind, string> = { systems: 'system', floors: 'floor' };

/** `isSwept`: at a point of a sweep, where floors are left out that cannot be compared. */
export function resolveExperiment(
  root: Placed,
  library: Library,
  files: WorkloadFiles,
  isSwept = false,
): Resolution {
  const resolver = new Resolver(library, entriesOf(root).get('defaults'), isSwept);
  return resolver.experiment(root, files);
}

/** One entry of the library by itself, as an experiment that names it would have it. */
export function resolveNamed(kind: Kind, name: Placed, library: Library): Resolution {
  const resolver = new Resolver(library, undefined);
  return { root: resolver.entry(kind, name) ?? name, problems: resolver.problems, sources: resolver.sources };
}

class Resolver {
  readonly problems: PlacedProblem[] = [];
  readonly sources = new Map<string, LibraryEntry[]>();
  readonly #library: Library;
  readonly #defaults: Placed | undefined;
  readonly #isSwept: boolean;

  constructor(library: Library, defaults: Placed | undefined, isSwept = false) {
    this.#library = library;
    this.#isSwept = isSwept;
    this.#defaults = defaults;
    if (defaults) checkKeys(defaults, keysOf.defaults, this.problems);
  }

  experiment(written: Placed, files: WorkloadFiles): Resolution {
    const known = withFiles(
      withKeys(written, (key) => key !== 'defaults'),
      files,
      this.problems,
    );
    const shaped = withShape(withVariant(known, this.problems), this.problems);
    let root = withMessages(withMix(withMeanSize(shaped)));
    const listed = entriesOf(root).get('systems');
    if (Array.isArray(listed?.value)) {
      const systems = listed.value.flatMap((element) => this.entry('systems', element) ?? []);
      const measured = this.#floors(root, systems);
      root = withEntry(root, 'systems', { place: listed.place, value: measured.systems });
      root = withEntry(root, 'floors', {
        place: entriesOf(root).get('floors')?.place ?? listed.place,
        value: measured.floors,
      });
    }
    return { root, problems: this.problems, sources: this.sources };
  }

  /**
   * A system or floor written out; undefined where that cannot be, for reasons that are in `problems` now.
   */
  entry(kind: Kind, element: Placed): Placed | undefined {
    const { place, value } = element;
    if (typeof value === 'string') {
      return this.entry(kind, { place, value: new Map([['use', element]]) });
    }
    if (!(value instanceof Map)) {
      this.problems.push({
        place,
        message: mustBe(`the name of a ${singular[kind]}, or a mapping`, value ?? null),
      });
      return undefined;
    }
    return this.#used(kind, element);
  }

  /** Follows `use` from entry to entry; what is nearer to the experiment is laid upon what is farther. */
  #used(kind: Kind, element: Placed): Placed | undefined {
    const chain: LibraryEntry[] = [];
    const allowed = new Set(keysOf[kind]);
    let defaults: Placed | undefined;
    let layer = withKeys(element, (key) => key !== 'use');
    let use = entriesOf(element).get('use');
    while (use) {
      const entry = this.#lookUp(kind, use, chain);
      if (!entry) return undefined;
      chain.push(entry);
      if (entry.defaults) defaults = defaults ? merge(entry.defaults, defaults) : entry.defaults;
      const given = withKeys(layer, (key) => entry.parameters.has(key));
      layer = withKeys(layer, (key) => !entry.parameters.has(key));
      const body = fillTemplate(entry, entriesOf(given), element.place, this.problems);
      if (!body) return undefined;
      for (const key of entry.parameters.keys()) allowed.add(key);
      layer = merge(
        withKeys(body, (key) => key !== 'use'),
        layer,
      );
      use = entriesOf(body).get('use');
    }
    layer = this.#knownKeys(layer, [...allowed]);
    const named = this.#named(element, layer, chain[0]?.name);
    this.sources.set(textAt(named, 'name') ?? '', chain);
    return this.#words(this.#withDefaults(kind, named, defaults));
  }

  /**
   * Reports unknown keys; each is then read as the one that was meant, which is not reported as missing too.
   */
  #knownKeys(layer: Placed, allowed: readonly string[]): Placed {
    const known = withKeys(layer, (key) => allowed.includes(key));
    return [...entriesOf(layer)].reduce((result, [key, entry]) => {
      if (allowed.includes(key)) return result;
      this.problems.push({ place: entry.place, message: unknownKey(key, allowed) });
      const meant = nearest(key, allowed);
      return meant === null || entriesOf(result).has(meant) ? result : withEntry(result, meant, entry);
    }, known);
  }

  #lookUp(kind: Kind, use: Placed, chain: readonly LibraryEntry[]): LibraryEntry | undefined {
    const { place, value } = use;
    const entries = this.#library[kind];
    const last = chain.at(-1);
    // An entry that replaces another is made of that one where it uses its own name.
    const entry = last?.replaced && value === last.name ? last.replaced : entries.get(String(value));
    if (!entry) {
      const names = [...entries.keys()];
      const message = `no ${singular[kind]} of the library is named '${String(value)}'${suggestion(String(value), names)}`;
      this.problems.push({ place, message });
      return undefined;
    }
    if (!chain.includes(entry)) return entry;
    const circle = [...chain.slice(chain.indexOf(entry)), entry].map(({ name }) => name).join(' -> ');
    this.problems.push({ place, message: `\`use\` goes in a circle: ${circle}` });
    return undefined;
  }

  /** A name is that of the library unless another is given, which is then in the label too. */
  #named(element: Placed, layer: Placed, used: string | undefined): Placed {
    if (used === undefined) return layer;
    const written = entriesOf(element);
    const name = textAt(layer, 'name');
    if (name === undefined && !entriesOf(layer).has('name')) {
      return withEntry(layer, 'name', { place: element.place, value: used });
    }
    const label = textAt(layer, 'label');
    if (written.has('label') || label === undefined || name === used) return layer;
    return withEntry(layer, 'label', { place: element.place, value: `${label} (${name})` });
  }

  #withDefaults(kind: Kind, entry: Placed, ofLibrary: Placed | undefined): Placed {
    if (kind === 'floors') return entry;
    const layers = [ofLibrary, this.#defaults].filter((layer) => layer !== undefined);
    const [first, ...others] = layers.map((layer) => withKeys(layer, (key) => keysOf.defaults.includes(key)));
    return first ? merge(others.reduce(merge, first), entry) : entry;
  }

  /** Command lines as lists of words, and `floor` as a list of names. */
  #words(entry: Placed): Placed {
    let result = entry;
    for (const [key, { place, value }] of entriesOf(entry)) {
      if (typeof value !== 'string') continue;
      if (key === 'floor') result = withEntry(result, key, { place, value: [{ place, value }] });
      if (!wordKeys.includes(key)) continue;
      try {
        const words = splitWords(value).map((word) => ({ place, value: word }));
        result = withEntry(result, key, { place, value: words });
      } catch (error) {
        if (!(error instanceof WordsError)) throw error;
        this.problems.push({ place, message: error.message });
        result = withEntry(result, key, { place, value: [{ place, value }] });
      }
    }
    return result;
  }

  /** The floors that systems name, each once: those of the experiment itself, else of the library. */
  #floors(root: Placed, systems: Placed[]): { systems: Placed[]; floors: Placed[] } {
    const listed = elementsOf(entriesOf(root).get('floors'));
    const own = listed.flatMap((element) => this.entry('floors', element) ?? []);
    const names = new Map<string, Placed>();
    for (const system of systems) {
      for (const name of elementsOf(entriesOf(system).get('floor'))) {
        if (typeof name.value === 'string' && !names.has(name.value)) names.set(name.value, name);
      }
    }
    const ownNames = own.map((floor) => textAt(floor, 'name'));
    for (const floor of own) {
      const name = textAt(floor, 'name');
      if (name === undefined || names.has(name)) continue;
      const message = `no system has this floor: write \`floor: ${name}\` at one, or leave it out`;
      this.problems.push({ place: entriesOf(floor).get('name')?.place ?? floor.place, message });
    }
    const known = [...ownNames.filter((name) => name !== undefined), ...this.#library.floors.keys()];
    const fromLibrary: Placed[] = [];
    for (const [name, { place }] of names) {
      if (ownNames.includes(name) || listed.length > own.length) continue;
      if (!this.#library.floors.has(name)) {
        this.problems.push({ place, message: `no floor is named '${name}'${suggestion(name, known)}` });
      } else if (oneAtATime(root)) {
        fromLibrary.push(this.entry('floors', { place, value: name }) ?? { place, value: undefined });
      }
    }
    const all = this.#isSwept && !oneAtATime(root) ? [] : [...own, ...fromLibrary];
    const floors = all.map((floor) => withCores(floor, systems));
    const measured = new Set(floors.map((floor) => textAt(floor, 'name')));
    return {
      floors,
      systems: oneAtATime(root) ? systems : systems.map((system) => onlyFloors(system, measured)),
    };
  }
}

/** Weights of a mix, with no list of operations, measure the mix. */
function withMix(root: Placed): Placed {
  const workload = entriesOf(root).get('workload');
  const mix = entriesOf(workload).get('mix');
  if (!workload || !mix || entriesOf(workload).has('operations')) return root;
  const { place } = mix;
  return withEntry(
    root,
    'workload',
    withEntry(workload, 'operations', { place, value: [{ place, value: 'mix' }] }),
  );
}

/**
 * Whether a floor can be compared with the bars: a floor is one request at a time, sent when the last is
 * answered.
 */
function oneAtATime(root: Placed): boolean {
  const workload = entriesOf(root).get('workload');
  const value = (key: string): unknown => {
    const placed = entriesOf(workload).get(key);
    return placed && plain(placed);
  };
  const bulk = value('bulk') as { clients?: unknown } | undefined;
  const isAlone = bulk === undefined || bulk.clients === 0;
  const isClosed = value('open_loop') === undefined;
  return (value('clients') ?? 1) === 1 && (value('pipeline') ?? 1) === 1 && isClosed && isAlone;
}

function onlyFloors(system: Placed, names: ReadonlySet<string | undefined>): Placed {
  const floor = entriesOf(system).get('floor');
  if (!floor) return system;
  const value = elementsOf(floor).filter((name) => names.has(String(name.value)));
  return withEntry(system, 'floor', { place: floor.place, value });
}

/** A floor without cores has those of the first system that it serves, and of that system's client, or its choice. */
function withCores(floor: Placed, systems: readonly Placed[]): Placed {
  const name = textAt(floor, 'name');
  const served = systems.find((system) =>
    elementsOf(entriesOf(system).get('floor')).some(({ value }) => value === name),
  );
  if (!served || !(floor.value instanceof Map) || floor.value.has('cores')) return floor;
  const chosen = entriesOf(served).get('cores');
  if (chosen) return withEntry(floor, 'cores', chosen);
  const client = entriesOf(entriesOf(served).get('client')).get('core');
  const server = elementsOf(entriesOf(served).get('server_cores'));
  const cores = [
    ...server,
    ...(client && !server.some(({ value }) => value === client.value) ? [client] : []),
  ];
  return withEntry(floor, 'cores', { place: floor.place, value: cores });
}

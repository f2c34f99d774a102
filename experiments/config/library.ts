/**
 * The library of systems and floors that experiments name: experiments/systems/*.yaml, and `systems.yaml`
 * beside an experiment, where its author adds his own. This file reads their structure; resolve.ts says what
 * follows.
 */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { ownCheckout } from '../machine/checkout.ts';
import {
  entriesOf,
  type Placed,
  type PlacedMap,
  type PlacedProblem,
  textAt,
  withKeys,
} from '../written/placed.ts';
import { mustBe, unknownKey } from '../written/problems.ts';
import { readYaml, shown } from '../written/yaml-source.ts';
import { type Keys, keysOf } from './authored.ts';
import { hostPlaceholders } from './host-placeholders.ts';
import { FOLDER_PLACEHOLDER, floorPlaceholders, systemPlaceholders } from './placeholders.ts';

/** What an entry is for. Systems have their names to themselves, and floors theirs. */
export type Kind = 'systems' | 'floors';

/** A hole of a template. */
export interface Parameter {
  about: string | null;
  /** What stands for it where it is not given; undefined: it must be given. */
  default: Placed | undefined;
  /** The values that it may have, each with what it adds to the template; null: any value. */
  choices: PlacedMap | null;
}

export interface LibraryEntry {
  name: string;
  /** One line for `bypassbench systems`. */
  about: string | null;
  /** Its system keys, and `use`. */
  body: Placed;
  /** A template is an entry with parameters. */
  parameters: ReadonlyMap<string, Parameter>;
  /** The `defaults:` of its file. */
  defaults: Placed | undefined;
  /** Relative to this checkout, or the name of the author's own file. */
  file: string;
  /** The entry of the same name that this one stands for. */
  replaced: LibraryEntry | null;
}

export interface Library {
  systems: Map<string, LibraryEntry>;
  floors: Map<string, LibraryEntry>;
  problems: PlacedProblem[];
}

/** The author's own file, in the folder of an experiment. */
export const OWN_FILE = 'systems.yaml';
export const libraryFolder = path.join(ownCheckout, 'experiments', 'systems');

let shippedLibrary: Readonly<Library> | null = null;

/** Read once: `bypassbench list` reads all experiments several times. Nobody changes an entry. */
function readShipped(): Readonly<Library> {
  const library: Library = { systems: new Map(), floors: new Map(), problems: [] };
  const shipped = readdirSync(libraryFolder)
    .filter((name) => name.endsWith('.yaml'))
    .sort();
  for (const [index, name] of shipped.entries()) addFile(library, path.join(libraryFolder, name), index + 2);
  return library;
}

/** The library that ships, and what stands beside an experiment in `folder` (null: nothing). */
export function readLibrary(folder: string | null): Library {
  shippedLibrary ??= readShipped();
  const { systems, floors, problems } = shippedLibrary;
  const library = { systems: new Map(systems), floors: new Map(floors), problems: [...problems] };
  if (folder !== null) addFile(library, path.join(folder, OWN_FILE), 1);
  return library;
}

function addFile(library: Library, file: string, ordinal: number): void {
  const text = readIfThere(file);
  if (text === null) return;
  const { root, problems } = readYaml(shown(file), text, ordinal);
  library.problems.push(...problems);
  if (problems.length > 0) return;
  if (!(root.value instanceof Map)) {
    library.problems.push({ place: root.place, message: `must be ${MAPPING} with ${fileKeys.join(', ')}` });
    return;
  }
  checkKeys(root, fileKeys, library.problems);
  const defaults = root.value.get('defaults');
  if (defaults) checkKeys(defaults, keysOf.defaults, library.problems);
  const inCheckout = path.relative(ownCheckout, path.resolve(file));
  const name = inCheckout.startsWith('..') ? path.basename(file) : inCheckout;
  for (const kind of ['systems', 'floors'] as const) {
    const entries = root.value.get(kind);
    if (entries && !(entries.value instanceof Map)) {
      library.problems.push({
        place: entries.place,
        message: `must be ${MAPPING}: a name, and what it stands for`,
      });
    }
    for (const [key, entry] of entriesOf(entries)) {
      addEntry(library, kind, readEntry(library, kind, { name: key, entry, defaults, file: name }), entry);
    }
  }
}

const MAPPING = 'a mapping (key: value)';
const fileKeys = ['defaults', 'systems', 'floors'];
const ownKeys = ['about', 'parameters', 'replaces'];

function addEntry(library: Library, kind: Kind, read: LibraryEntry, entry: Placed): void {
  const present = library[kind].get(read.name) ?? null;
  const replaces = entriesOf(entry).get('replaces');
  const what = kind === 'systems' ? 'system' : 'floor';
  if (present && replaces === undefined) {
    const message =
      `a ${what} of this name is in ${present.file} already: choose another name, or say ` +
      `\`replaces: ${read.name}\` to put this one in its place`;
    library.problems.push({ place: entry.place, message });
    return;
  }
  if (replaces && replaces.value !== read.name) {
    library.problems.push({ place: replaces.place, message: `must be ${read.name}, the entry's own name` });
  } else if (replaces && !present) {
    library.problems.push({
      place: replaces.place,
      message: `there is no ${what} '${read.name}' to replace`,
    });
  }
  library[kind].set(read.name, { ...read, replaced: present });
}

interface RawEntry {
  name: string;
  entry: Placed;
  defaults: Placed | undefined;
  file: string;
}

function readEntry({ problems }: Library, kind: Kind, raw: RawEntry): LibraryEntry {
  const { name, entry, defaults, file } = raw;
  if (!(entry.value instanceof Map)) problems.push({ place: entry.place, message: `must be ${MAPPING}` });
  const parameters = new Map<string, Parameter>();
  const reserved: readonly string[] = [
    ...systemPlaceholders,
    ...hostPlaceholders,
    ...floorPlaceholders,
    FOLDER_PLACEHOLDER,
  ];
  for (const [key, parameter] of entriesOf(entriesOf(entry).get('parameters'))) {
    checkKeys(parameter, keysOf.parameter, problems);
    if (reserved.includes(key)) {
      problems.push({
        place: parameter.place,
        message: `{${key}} is filled in at run time: choose another name`,
      });
    }
    const choices = entriesOf(parameter).get('choices');
    for (const choice of entriesOf(choices).values()) checkKeys(choice, keysOf[kind], problems);
    parameters.set(key, {
      about: textAt(parameter, 'about') ?? null,
      default: entriesOf(parameter).get('default'),
      choices: choices ? entriesOf(choices) : null,
    });
  }
  const about = textAt(entry, 'about') ?? null;
  const body = withKeys(entry, (key) => !ownKeys.includes(key));
  return { name, about, body, parameters, defaults, file, replaced: null };
}

/** Says of each unknown key of a mapping which one was meant; says of anything else that it is no mapping. */
export function checkKeys(placed: Placed, allowed: Keys, problems: PlacedProblem[]): void {
  if (!(placed.value instanceof Map)) {
    problems.push({ place: placed.place, message: mustBe(MAPPING, placed.value ?? null) });
  }
  for (const [key, { place }] of entriesOf(placed)) {
    if (!allowed.includes(key)) problems.push({ place, message: unknownKey(key, allowed) });
  }
}

function readIfThere(file: string): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

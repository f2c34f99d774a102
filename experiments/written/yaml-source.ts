/** Reads a YAML file into values that know their lines. */
import path from 'node:path';
import { type Alias, isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument } from 'yaml';
import { extended, type Place, type Placed, type PlacedProblem, type Scalar } from './placed.ts';

/** More than the characters of any config: ranks of one file never reach those of the next. */
const RANKS_PER_FILE = 2 ** 32;
/** Of one file, with what its aliases stand for: more than any has that a person wrote. */
const VALUES_MAX = 100_000;

/** A file's name in messages: from the working folder where it lies below it. */
export function shown(file: string): string {
  const fromHere = path.relative('', file);
  return fromHere.startsWith('..') ? path.resolve(file) : fromHere;
}

/** Why a file cannot be read: `does not exist`. */
export function whyUnreadable({ code }: NodeJS.ErrnoException): string {
  return code === 'EISDIR' ? 'is a folder' : code === 'EACCES' ? 'is not readable' : 'does not exist';
}

export interface YamlSource {
  root: Placed;
  /** What keeps the file from being YAML; `root` means nothing unless this is empty. */
  problems: PlacedProblem[];
}

/** `file` is the name that messages show, `ordinal` its turn in them (0 for the experiment's own file). */
export function readYaml(file: string, text: string, ordinal: number): YamlSource {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const placeOf = (offset: number, path: string): Place => {
    const { line, col } = lines.linePos(offset);
    return { at: `${file}:${line}:${col}`, path, rank: ordinal * RANKS_PER_FILE + offset };
  };
  const problems = document.errors.map((error) => ({
    place: placeOf(error.pos[0], ''),
    message: `not valid YAML: ${error.message}`,
  }));
  if (problems.length > 0) return { root: { place: placeOf(0, ''), value: undefined }, problems };

  /** Aliases that are being followed. */
  const followed = new Set<unknown>();
  let values = 0;
  const follow = (alias: Alias, path: string, keyOffset?: number): Placed => {
    const target = alias.resolve(document);
    const place = placeOf(keyOffset ?? alias.range?.[0] ?? 0, path);
    const refuse = (message: string): Placed => {
      problems.push({ place, message });
      return { place, value: null };
    };
    if (followed.has(target)) return refuse(`*${alias.source} stands within what it stands for`);
    if (values > VALUES_MAX) return refuse(`*${alias.source}: aliases of aliases make too much of this file`);
    followed.add(target);
    const result = read(target, path, keyOffset);
    followed.delete(target);
    return result;
  };
  const read = (target: unknown, path: string, keyOffset?: number): Placed => {
    if (isAlias(target)) return follow(target, path, keyOffset);
    values++;
    const start = keyOffset ?? (target as { range?: [number] } | undefined)?.range?.[0] ?? 0;
    const place = placeOf(start, path);
    if (isMap(target)) {
      const entries = target.items.map(({ key, value }): [string, Placed] => {
        const name = isScalar(key) ? String(key.value) : String(key);
        const offset = (key as { range?: [number] }).range?.[0];
        if (name === '__proto__') {
          // Of an object it is none, and would be lost.
          problems.push({
            place: placeOf(offset ?? 0, extended(path, [name])),
            message: 'no key can be called so',
          });
        }
        return [name, read(value, extended(path, [name]), offset)];
      });
      return { place, value: new Map(entries) };
    }
    if (isSeq(target)) {
      return { place, value: target.items.map((item, index) => read(item, extended(path, [index]))) };
    }
    return { place, value: isScalar(target) ? (target.value as Scalar) : null };
  };
  return { root: read(document.contents, ''), problems };
}

/** What follows the `=` of `--set`: a value as YAML has it in one line. */
export function readInlineYaml(text: string, place: Place): Placed {
  const { root, problems } = readYaml('', text, 0);
  return problems.length > 0 ? { place, value: text } : at(place, root);
}

function at(place: Place, { value }: Placed): Placed {
  if (Array.isArray(value)) return { place, value: value.map((element) => at(place, element)) };
  if (value instanceof Map)
    return { place, value: new Map([...value].map(([key, entry]) => [key, at(place, entry)])) };
  return { place, value };
}

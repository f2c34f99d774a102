/** Reads a YAML file into values that know their lines. */
import { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument } from 'yaml';
import { extended, type Place, type Placed, type PlacedProblem, type Scalar } from './placed.ts';

/** More than the characters of any config: ranks of one file never reach those of the next. */
const RANKS_PER_FILE = 2 ** 32;

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

  const read = (node: unknown, path: string, keyOffset?: number): Placed => {
    const target = isAlias(node) ? node.resolve(document) : node;
    const start = keyOffset ?? (target as { range?: [number] } | undefined)?.range?.[0] ?? 0;
    const place = placeOf(start, path);
    if (isMap(target)) {
      const entries = target.items.map(({ key, value }): [string, Placed] => {
        const name = isScalar(key) ? String(key.value) : String(key);
        const offset = (key as { range?: [number] }).range?.[0];
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

/** The project's own source files and their imports, as text: what the tests of structure and style look at. */
import { readdirSync, readFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { dirname, join, relative } from 'node:path';

export const root = join(import.meta.dirname, '..');
export const parts = ['libos', 'kvserver', 'loadgen', 'experiments', 'results', 'bin', 'scripts', 'examples'];

export interface Import {
  from: string;
  /** A path in the project, or the name of a package. */
  to: string;
  /** Erased before the program runs: it makes no circle at run time. */
  typeOnly: boolean;
  /** Loaded when it is asked for: by import(), or as the module of a thread. */
  deferred: boolean;
}

/** Paths, relative to the project, of the files below `dir` whose names match. */
export function filesBelow(dir: string, names: RegExp): string[] {
  return readdirSync(join(root, dir), { recursive: true, encoding: 'utf8' })
    .filter((name) => names.test(name) && !/(^|\/)(build|cache|node_modules)\//.test(name))
    .map((name) => join(dir, name));
}

export function read(file: string): string {
  return readFileSync(join(root, file), 'utf8');
}

/** Tests, and what only they import. */
export const isTest = (file: string): boolean =>
  /\.test\.ts$|\/test-[a-z-]+\.ts$|\/conformance\/mutants\/|^tests\//.test(file);

const specifier = /(?:\bfrom\s*|\bimport\s*\(?\s*)['"]([^'"\s()]+)['"]|new URL\(\s*['"]([^'"\s()]+)['"],/g;

const specifierAtStart = /(?:\bfrom\s*|\bimport\s*)['"]([^'"\s()]+)['"]/g;

/** A URL is relative to its file, with or without the leading dot. */
const specifiers = (code: string): string[] =>
  [...code.matchAll(specifier)].map(([, name, url]) => name ?? (url.startsWith('.') ? url : `./${url}`));

export const withoutComments = (code: string): string =>
  code.replace(/\/\*[\s\S]*?\*\//g, '').replace(/^\s*\/\/.*$/gm, '');

export function importsOf(from: string): Import[] {
  const text = read(from);
  const running = new Set(
    specifiers(withoutComments(from.endsWith('.ts') ? stripTypeScriptTypes(text) : text)),
  );
  const atStart = new Set([...withoutComments(text).matchAll(specifierAtStart)].map(([, name]) => name));
  return specifiers(withoutComments(text)).map((name) => ({
    from,
    to: name.startsWith('.') ? relative(root, join(root, dirname(from), name)) : name,
    typeOnly: !running.has(name),
    deferred: !atStart.has(name),
  }));
}

/** Each circle once for each way that a depth-first search enters it: `a -> b -> a`. */
export function circlesOf(imports: readonly Import[]): string[] {
  const next = new Map<string, string[]>();
  for (const { from, to } of imports) next.set(from, [...(next.get(from) ?? []), to]);
  const done = new Set<string>();
  const circles: string[] = [];
  const visit = (file: string, path: string[]): void => {
    if (path.includes(file)) circles.push([...path.slice(path.indexOf(file)), file].join(' -> '));
    if (done.has(file) || path.includes(file)) return;
    for (const to of next.get(file) ?? []) visit(to, [...path, file]);
    done.add(file);
  };
  for (const file of next.keys()) visit(file, []);
  return circles;
}

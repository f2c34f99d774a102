/** Holds the directions of docs/architecture.md: who may import whom, no circles, nothing that does not exist. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { builtinModules, stripTypeScriptTypes } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const parts = ['libos', 'kvserver', 'loadgen', 'experiments', 'results', 'bin', 'scripts'];

/** What a file of a part may import from the other parts; anything else that crosses is forbidden. */
const doors: Record<string, RegExp> = {
  libos: /^$/,
  kvserver: /^libos\/index\.ts$/,
  loadgen: /^libos\/index\.ts$/,
  experiments: /^results\/index\.ts$/,
  results: /^$/,
  bin: /\/command\.ts$|^results\/commands\//,
  scripts: /^(libos|results|experiments)\/index\.ts$|\/command\.ts$/,
};

const backend = /^libos\/(kernel|rdma|dpdk)\//;
/** These pick a backend, or examine them. */
const knowsBackends = /^libos\/(index|command)\.ts$/;
const starters = /^(node:)?(child_process|worker_threads|net|cluster)$|^(execa|koffi)$/;

interface Import {
  from: string;
  to: string;
  /** Erased before the program runs: it makes no circle at run time. */
  typeOnly: boolean;
}

function sources(dir: string): string[] {
  return readdirSync(join(root, dir), { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(ts|mjs)$/.test(name))
    .map((name) => join(dir, name));
}

const specifier = /(?:\bfrom\s*|\bimport\s*\(?\s*)['"]([^'"\s()]+)['"]|new URL\(\s*['"]([^'"\s()]+)['"],/g;
/** A URL is relative to its file, with or without the leading dot. */
const specifiers = (code: string) =>
  [...code.matchAll(specifier)].map(([, name, url]) => name ?? (url.startsWith('.') ? url : `./${url}`));
const withoutComments = (code: string) => code.replace(/\/\*[\s\S]*?\*\//g, '').replace(/^\s*\/\/.*$/gm, '');

const files = parts.flatMap(sources);
const imports: Import[] = files.flatMap((from) => {
  const text = readFileSync(join(root, from), 'utf8');
  const running = new Set(
    specifiers(withoutComments(from.endsWith('.ts') ? stripTypeScriptTypes(text) : text)),
  );
  return specifiers(withoutComments(text)).map((name) => ({
    from,
    to: name.startsWith('.') ? relative(root, join(root, dirname(from), name)) : name,
    typeOnly: !running.has(name),
  }));
});
const isTest = (file: string) => /\.test\.ts$|\/test-[a-z-]+\.ts$|\/conformance\//.test(file);
const show = ({ from, to }: Import) => `${from} -> ${to}`;
const partOf = (file: string) => file.split('/')[0];

describe('imports', () => {
  it('finds the imports at all', () => {
    expect(files.length).toBeGreaterThan(40);
    expect(imports.map(show)).toContain('libos/index.ts -> libos/core.ts');
    expect(imports.map(show)).toContain('libos/datapath.ts -> libos/datapath-thread.ts');
  });

  it('cross from part to part only through the doors', () => {
    const crossing = imports.filter(
      ({ from, to }) => parts.includes(partOf(to)) && partOf(to) !== partOf(from),
    );
    expect(crossing.filter(({ from, to }) => !doors[partOf(from)].test(to)).map(show)).toEqual([]);
  });

  it('keep backends apart, and out of what they share', () => {
    const toBackend = imports.filter(({ from, to }) => backend.test(to) && !knowsBackends.test(from));
    const wrong = toBackend.filter(({ from, to }) => backend.exec(from)?.[1] !== backend.exec(to)?.[1]);
    expect(wrong.map(show)).toEqual([]);
  });

  it('keep results and inet free of processes, threads, sockets and foreign calls', () => {
    const pure = imports.filter(({ from }) => /^(results|libos\/inet)\//.test(from) && !isTest(from));
    expect(pure.filter(({ to }) => starters.test(to)).map(show)).toEqual([]);
  });

  it('lead to files that exist and to packages that package.json names', () => {
    const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
    const shipped = Object.keys(manifest.dependencies);
    const known = new Set([...shipped, ...Object.keys(manifest.devDependencies)]);
    const missing = imports.filter(({ from, to }) => {
      if (to.startsWith('node:') || builtinModules.includes(to)) return false;
      const name = to.startsWith('@') ? to.split('/').slice(0, 2).join('/') : to.split('/')[0];
      if (parts.includes(partOf(to))) return !existsSync(join(root, to));
      return !(isTest(from) ? known.has(name) : shipped.includes(name));
    });
    expect(missing.map(show)).toEqual([]);
  });

  it('make no circles', () => {
    const next = new Map<string, string[]>();
    for (const { from, to, typeOnly } of imports) {
      if (!typeOnly) next.set(from, [...(next.get(from) ?? []), to]);
    }
    const done = new Set<string>();
    const circles: string[] = [];
    const visit = (file: string, path: string[]) => {
      if (path.includes(file)) circles.push([...path.slice(path.indexOf(file)), file].join(' -> '));
      if (done.has(file) || path.includes(file)) return;
      for (const to of next.get(file) ?? []) visit(to, [...path, file]);
      done.add(file);
    };
    for (const file of files) visit(file, []);
    expect(circles).toEqual([]);
  });
});

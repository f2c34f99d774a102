/** Holds the directions of docs/architecture.md: who may import whom, no circles, nothing that does not exist. */
import { existsSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { backends } from '../libos/index.ts';
import { circlesOf, filesBelow, type Import, importsOf, isTest, parts, read, root } from './source-tree.ts';

/** What a file of a part may import from the other parts; anything else that crosses is forbidden. */
const doors: Record<string, RegExp> = {
  // As from outside: by the name of the package.
  examples: /^$/,
  libos: /^$/,
  kvserver: /^libos\/index\.ts$/,
  loadgen:
    /^(libos|results\/formats)\/index\.ts$|^results\/formats\/(lists|arrival-patterns|value-sizes|key-sizes|command-text|operations|load-checks|generators)\.ts$/,
  experiments: /^(libos|results|results\/formats)\/index\.ts$/,
  results: /^$/,
  bin: /\/command\.ts$|^(results|experiments)\/commands\//,
  scripts:
    /^(libos|loadgen|results|results\/formats|experiments)\/index\.ts$|\/command\.ts$|^kvserver\/(frontend|redis\/engine)\.ts$/,
};

const backend = new RegExp(`^libos/(${backends.join('|')})/`);
/** The registry, and who makes wrong backends of them. */
const knowsBackends = /^libos\/backends\.ts$|^libos\/conformance\/mutants\//;
const starters = /^(node:)?(child_process|worker_threads|net|cluster)$|^(execa|koffi)$/;

/** The layers of a part, from the ground up: a file imports, types included, from its own layer and those before it. */
const layers: Record<string, RegExp[]> = {
  loadgen: [
    /^loadgen\/(errors|arguments|former-flags|missing-flags|progress-bar)\.ts$/,
    /^loadgen\/workload\//,
    /^loadgen\/connections\//,
    /^loadgen\/loops\//,
    /^loadgen\/measurement\//,
    /^loadgen\/(floor|calibrate|trace|redis-benchmark|memtier|meter)\//,
    /^loadgen\/(command|index)\.ts$/,
    /^loadgen\/knee\//,
  ],
  experiments: [
    /^experiments\/errors\.ts$/,
    /^experiments\/(machine|wire|written)\//,
    /^experiments\/lab\//,
    /^experiments\/agent\//,
    /^experiments\/config\//,
    /^experiments\/trial\//,
    /^experiments\//,
  ],
  results: [
    /^results\/errors\.ts$/,
    /^results\/formats\//,
    /^results\/text\//,
    /^results\/run\//,
    /^results\/summary\//,
    /^results\/sentences\//,
    /^results\/charts\//,
    /^results\/claims\//,
    /^results\/compare\//,
    /^results\/export\//,
    /^results\/terminal\//,
    /^results\/page\//,
    /^results\/(run-report|write-report|all-report|index)\.ts$/,
    /^results\/plot\//,
    /^results\/bundle\//,
    /^results\/commands\//,
  ],
};

function layerOf(file: string): number {
  const layer = layers[partOf(file)].findIndex((files) => files.test(file));
  if (layer < 0) throw new Error(`${file} is in none of the layers of ${partOf(file)}`);
  return layer;
}

const files = parts.flatMap((part) => filesBelow(part, /\.(ts|mjs)$/));
const imports = files.flatMap(importsOf);
const show = ({ from, to }: Import) => `${from} -> ${to}`;
const partOf = (file: string) => file.split('/')[0];

/** These files and all that they load: as they start, or ever. */
function reachedFrom(start: string[], when: 'at start' | 'ever'): string[] {
  const reached = new Set(start);
  for (const file of reached) {
    for (const { from, to, typeOnly, deferred } of imports) {
      if (from === file && !typeOnly && (when === 'ever' || !deferred)) reached.add(to);
    }
  }
  return [...reached];
}

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

  it('let the examples know the door of libos alone', () => {
    const ofExamples = imports.filter(({ from }) => from.startsWith('libos/examples/') && !isTest(from));
    expect(ofExamples.map(({ to }) => to)).toContain('libos/index.ts');
    const wrong = ofExamples.filter(({ to }) => !/^libos\/(index\.ts$|examples\/)|^commander$/.test(to));
    expect(wrong.map(show)).toEqual([]);
  });

  it('let the template of a backend know the door for backends alone', () => {
    const ofTemplate = imports.filter(({ from }) => from.startsWith('examples/'));
    expect(ofTemplate.map(({ to }) => to)).toContain('bypassbench/backend-api');
    const wrong = ofTemplate.filter(({ to }) => !/^bypassbench\/backend-api$|^node:|^examples\//.test(to));
    expect(wrong.map(show)).toEqual([]);
  });

  it('keep results and inet free of processes, threads, sockets and foreign calls', () => {
    const pure = imports.filter(({ from }) => /^(results|libos\/inet)\//.test(from) && !isTest(from));
    expect(pure.filter(({ to }) => starters.test(to)).map(show)).toEqual([]);
  });

  it('keep the file formats a leaf: of this project they know themselves only', () => {
    const ofFormats = imports.filter(({ from }) => from.startsWith('results/formats/') && !isTest(from));
    const wrong = ofFormats.filter(({ to }) => !/^results\/formats\/|^node:|^zod$/.test(to));
    expect(wrong.map(show)).toEqual([]);
  });

  it("keep the checking of files out of the load generator's threads", () => {
    const threads = ['measurement/generator', 'calibrate/client', 'calibrate/null-server'];
    const reached = reachedFrom(
      threads.map((name) => `loadgen/${name}.ts`),
      'ever',
    );
    expect(reached).toContain('libos/core.ts');
    expect(reached).toContain('results/formats/lists.ts');
    expect(reached.filter((file) => file === 'zod' || file === 'results/formats/index.ts')).toEqual([]);
  });

  it.each([
    'loadgen/command',
    'loadgen/measurement/generator',
    'kvserver/command',
    'experiments/commands/run',
  ])('load neither the TCP stack nor other backends as %s starts', (name) => {
    const reached = reachedFrom([`${name}.ts`], 'at start');
    expect(reached).toContain('libos/core.ts');
    const makers =
      /^libos\/(inet\/(?!devices\/|tcp\/options\.ts)|(rdma|dpdk|xdp)\/(create|transport|device)\.ts|frames\/(inet-backend|glue-device)\.ts)/;
    expect(reached.filter((file) => makers.test(file))).toEqual([]);
    expect(reachedFrom([`${name}.ts`], 'ever')).toContain('libos/inet/stack.ts');
  });

  it('lead to files that exist and to packages that package.json names', () => {
    const manifest = JSON.parse(read('package.json'));
    const shipped = Object.keys(manifest.dependencies);
    shipped.push(manifest.name);
    const known = new Set([...shipped, ...Object.keys(manifest.devDependencies)]);
    const missing = imports.filter(({ from, to }) => {
      if (to.startsWith('node:') || builtinModules.includes(to)) return false;
      const name = to.startsWith('@') ? to.split('/').slice(0, 2).join('/') : to.split('/')[0];
      if (parts.includes(partOf(to))) return !existsSync(join(root, to));
      return !(isTest(from) ? known.has(name) : shipped.includes(name));
    });
    expect(missing.map(show)).toEqual([]);
  });

  it.each(Object.keys(layers))('lead down the layers of %s', (part) => {
    const inside = imports.filter(
      ({ from, to }) => partOf(from) === part && partOf(to) === part && !isTest(from),
    );
    expect(inside.length).toBeGreaterThan(20);
    expect(inside.filter(({ from, to }) => layerOf(from) < layerOf(to)).map(show)).toEqual([]);
  });

  it('make no circles of types, but in the rest of libos', () => {
    const inside = imports.filter(({ from }) =>
      /^(kvserver|loadgen|experiments|results|libos\/inet)\//.test(from),
    );
    expect(circlesOf(inside)).toEqual([]);
  });

  it('make no circles', () => {
    expect(circlesOf(imports.filter(({ typeOnly }) => !typeOnly))).toEqual([]);
  });
});

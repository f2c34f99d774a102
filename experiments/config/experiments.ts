/** The experiments that ship, which are named without folder and suffix: `redis-figure`, `valkey`. */
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { ExperimentError } from '../errors.ts';
import { ownCheckout } from '../machine/checkout.ts';
import { nearest } from '../written/nearest.ts';

const folders = ['experiments', path.join('experiments', 'examples')].map((folder) =>
  path.join(ownCheckout, folder),
);

/** As a reader wants them: papers' figures first, what goes beyond them behind. Those that are not here come last. */
const wanted = [
  ...['redis-figure', 'redis-throughput', 'redis-aof', 'echo', 'netpipe', 'netpipe-one-way', 'relay'],
  ...['latency-load', 'value-size', 'connections', 'pipelining', 'ycsb', 'mixed', 'generators', 'redis-wire'],
];

/** Their files by name. */
export function shippedExperiments(): Map<string, string> {
  return new Map(folders.flatMap(experimentsIn));
}

/** Those that `bypassbench run all` runs: without the examples. */
export function mainExperiments(): Map<string, string> {
  return new Map(experimentsIn(folders[0]));
}

function experimentsIn(folder: string): [string, string][] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.yaml'))
    .map((name): [string, string] => [path.basename(name, '.yaml'), path.join(folder, name)])
    .sort(([a], [b]) => placeOf(a) - placeOf(b) || (a < b ? -1 : 1));
}

function placeOf(name: string): number {
  const place = wanted.indexOf(name);
  return place < 0 ? wanted.length : place;
}

/** The file of an experiment that ships, or `named` itself where it is a path. CONFIG_NOT_FOUND: neither. */
export function findExperiment(named: string): string {
  const shipped = shippedExperiments();
  const file = shipped.get(named);
  if (file !== undefined) return file;
  if (existsSync(named) || /[/.]/.test(named)) return named;
  const meant = nearest(named, [...shipped.keys()]);
  throw new ExperimentError(
    'CONFIG_NOT_FOUND',
    `no experiment that ships is named '${named}'${meant === null ? '.' : `: did you mean '${meant}'?`} ` +
      `There are ${[...shipped.keys()].join(', ')}; any other is named by its file`,
  );
}

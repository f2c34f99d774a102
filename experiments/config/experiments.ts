/** The experiments that ship, which are named without folder and suffix: `redis-figure`, `valkey`. */
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { ExperimentError } from '../errors.ts';
import { ownCheckout } from '../machine/checkout.ts';
import { nearest } from './nearest.ts';

const folders = ['experiments', path.join('experiments', 'examples')].map((folder) =>
  path.join(ownCheckout, folder),
);

/** Their files by name. */
export function shippedExperiments(): Map<string, string> {
  const files = folders.flatMap((folder) =>
    readdirSync(folder)
      .filter((name) => name.endsWith('.yaml'))
      .sort()
      .map((name): [string, string] => [path.basename(name, '.yaml'), path.join(folder, name)]),
  );
  return new Map(files);
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

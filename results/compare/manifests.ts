/** What two runs were: where their manifests differ. */
import { type Manifest, THIS_MACHINE } from '../formats/index.ts';
import { settingsOf, VERSION_OF } from '../summary/host-changes.ts';

/** `before` and `after` as text; null where that manifest has nothing at this path. */
export interface ManifestDifference {
  path: string;
  before: string | null;
  after: string | null;
}

/** These differ between any two runs: when they were, the command line with its folder, what was read beforehand. */
const alwaysDiffer = ['started_at', 'finished_at', 'command', 'distances'];

/**
 * The paths whose values differ, in the order of the manifest: `machine.kernel`, `systems.redis.server_cores`.
 * Elements of a list that have names go by them, so that one system more does not make all behind it differ.
 */
export function manifestDifferences(first: Manifest, second: Manifest): ManifestDifference[] {
  const keep = (manifest: Manifest): Record<string, unknown> => ({
    ...Object.fromEntries(Object.entries(manifest).filter(([key]) => !alwaysDiffer.includes(key))),
    hosts: hostsBefore(manifest),
  });
  return differences('', keep(first), keep(second));
}

/** Their settings as each run found them. What `machine`, `versions` and `backends` say already is left out. */
function hostsBefore({ hosts, machine }: Manifest): Record<string, Record<string, string>> {
  const { load_average_1m: _, ...same } = machine;
  const isTold = ({ load_average_1m: _load, ...other }: Manifest['machine']): boolean =>
    JSON.stringify(other) === JSON.stringify(same);
  return Object.fromEntries(
    hosts.map(({ name, before }) => {
      const ofMachine = settingsOf({ ...before, nics: [], versions: {} });
      ofMachine.delete('clock source');
      const isKnown = (key: string): boolean =>
        (isTold(before.machine) && ofMachine.has(key)) ||
        (name === THIS_MACHINE && key.startsWith(VERSION_OF));
      return [name, Object.fromEntries([...settingsOf(before)].filter(([key]) => !isKnown(key)))];
    }),
  );
}

function differences(path: string, before: unknown, after: unknown): ManifestDifference[] {
  const [inBefore, inAfter] = [children(before), children(after)];
  if (inBefore && inAfter) {
    const keys = new Set([...Object.keys(inBefore), ...Object.keys(inAfter)]);
    return [...keys].flatMap((key) =>
      differences(path === '' ? key : `${path}.${key}`, own(inBefore, key), own(inAfter, key)),
    );
  }
  const [textBefore, textAfter] = [show(before, after), show(after, before)];
  return textBefore === textAfter ? [] : [{ path, before: textBefore, after: textAfter }];
}

/** What can be compared part by part: a mapping, or a list whose elements all have names of their own. */
function children(value: unknown): Record<string, unknown> | null {
  if (typeof value !== 'object' || value === null) return null;
  if (!Array.isArray(value)) return value as Record<string, unknown>;
  const names = value.map((element) => (element as { name?: unknown } | null)?.name);
  const named = names.every((name) => typeof name === 'string') && new Set(names).size === names.length;
  return named && names.length > 0
    ? Object.fromEntries(value.map((element, index) => [names[index], element]))
    : null;
}

function own(parent: Record<string, unknown>, key: string): unknown {
  return Object.hasOwn(parent, key) ? parent[key] : undefined;
}

/**
 * Where only one manifest has a whole system, that it does says enough; not so where the other says that it
 * has none.
 */
function show(value: unknown, other: unknown): string | null {
  if (value === undefined) return null;
  if (children(value) && other !== null) return '{…}';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

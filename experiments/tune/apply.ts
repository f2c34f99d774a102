/** Makes the changes of a plan, and takes them back; each is read back. */
import { closeSync, constants, openSync, writeSync } from 'node:fs';
import path from 'node:path';
import { execa } from 'execa';
import { ExperimentError } from '../errors.ts';
import { askEthtool, ethtoolSettings, whyNot } from '../machine/ethtool.ts';
import { KernelFiles } from '../machine/kernel-files.ts';
import {
  lockRecord,
  merged,
  type RecordedChange,
  readRecord,
  removeRecord,
  type TuneRecord,
  writeRecord,
} from './record.ts';
import type { SettingName, TuneChange, TunedSetting, TuneOutcome } from './settings.ts';

/**
 * Changes what differs. What was set before keeps its first value in the record, however often this is done. What
 * cannot be changed is told, and the rest is changed. `root` is where /proc, /sys and /run are.
 */
export function applySettings(settings: readonly TunedSetting[], root = '/'): Promise<TuneOutcome[]> {
  return locked(root, () => apply(settings, root));
}

async function apply(settings: readonly TunedSetting[], root: string): Promise<TuneOutcome[]> {
  const wanted = settings.flatMap(({ name, changes }) => changes.map((change) => ({ name, change })));
  const known = readRecord(root);
  const before = known === 'stale' || known === null ? null : known;
  if (wanted.length > 0) {
    const applied_at = before?.applied_at ?? new Date().toISOString();
    await writeRecord(root, merged(before?.changes ?? [], wanted), applied_at);
  }
  const failures = await makeAll(wanted, root);
  return outcomesOf(wanted, failures);
}

/**
 * Sets back what applySettings has changed, the last first; `only`: of these settings. What cannot be set back stays in
 * the record. Throws TUNE_NOT_APPLIED where there is nothing to set back.
 */
export function restoreSettings(only: readonly SettingName[] | null, root = '/'): Promise<TuneOutcome[]> {
  return locked(root, () => restore(only, root));
}

async function restore(only: readonly SettingName[] | null, root: string): Promise<TuneOutcome[]> {
  const known = readRecord(root);
  if (known === 'stale') {
    removeRecord(root);
    throw new ExperimentError(
      'TUNE_NOT_APPLIED',
      'what was set was set before the last boot, which has undone it: there is nothing to set back',
    );
  }
  const asked = (known?.changes ?? []).filter(({ name }) => only === null || only.includes(name));
  if (known === null || asked.length === 0) {
    throw new ExperimentError(
      'TUNE_NOT_APPLIED',
      'nothing of that is set by `bypassbench tune --apply` there',
    );
  }
  const back = asked.map(reversed).toReversed();
  const failures = await makeAll(back, root);
  const failed = asked.filter((_, index) => failures.has(back.length - 1 - index));
  const left = known.changes.filter((one) => !asked.includes(one) || failed.includes(one));
  if (left.length === 0) removeRecord(root);
  else await writeRecord(root, left, known.applied_at);
  return outcomesOf(back, failures);
}

async function locked<T>(root: string, act: () => Promise<T>): Promise<T> {
  const lock = lockRecord(root);
  try {
    return await act();
  } finally {
    lock.release();
  }
}

/** When it was first done since the last boot; null where it was not. */
export function appliedAt(root = '/'): string | null {
  const known: TuneRecord | 'stale' | null = readRecord(root);
  return known === null || known === 'stale' ? null : known.applied_at;
}

function reversed({ name, change }: RecordedChange): RecordedChange {
  const { was, value } = change;
  return { name, change: { ...change, was: value, value: was } as TuneChange };
}

/** By index: why a change was not made. */
async function makeAll(changes: readonly RecordedChange[], root: string): Promise<Map<number, string>> {
  const failures = new Map<number, string>();
  for (const [index, { change }] of changes.entries()) {
    const why = change.kind === 'file' ? writeValue(change, root) : await setCoalescing(change);
    if (why !== null) failures.set(index, why);
  }
  return failures;
}

function outcomesOf(
  changes: readonly RecordedChange[],
  failures: ReadonlyMap<number, string>,
): TuneOutcome[] {
  const numbered = changes.map((one, index) => ({ ...one, why: failures.get(index) }));
  return [...Map.groupBy(numbered, ({ name }) => name)].map(([name, of]) => ({
    name,
    done: of.filter(({ why }) => why === undefined).length,
    failed: of.flatMap(({ why }) => why ?? []),
  }));
}

/** Interrupts that the kernel has spread over cores for their driver (managed), such as those of disks. */
const PLACED = ': the kernel places this one itself; isolcpus=managed_irq keeps such from isolated cores';

/** Why not, or null. */
function writeValue({ file, value }: Extract<TuneChange, { kind: 'file' }>, root: string): string | null {
  const files = new KernelFiles(root);
  // What could not be changed is as it was, when it is set back.
  if (files.chosen(file) === value) return null;
  try {
    // A file of the kernel is there, or not to be made.
    const fd = openSync(path.join(root, file), constants.O_WRONLY | constants.O_TRUNC);
    try {
      writeSync(fd, value);
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    const isPlaced = file.startsWith('proc/irq/') && ['EPERM', 'EIO'].includes(code);
    return `/${file} cannot be set to ${value} (${code})${isPlaced ? PLACED : ''}`;
  }
  const is = files.chosen(file);
  if (is === value) return null;
  const remedy = file.endsWith('/nr_hugepages') ? ': memory is in pieces; ask right after a boot' : '';
  return `/${file} was set to ${value} and is ${is}${remedy}`;
}

async function setCoalescing(change: Extract<TuneChange, { kind: 'coalescing' }>): Promise<string | null> {
  const { interface: name, value } = change;
  const words = Object.entries(value).flat();
  const set = await execa('ethtool', ['-C', name, ...words], { reject: false, stdin: 'ignore' });
  if (set.failed) return `ethtool -C ${name} ${words.join(' ')}: ${whyNot(`${set.stderr}`)}`;
  const told = await askEthtool('-c', name);
  const is = 'text' in told ? ethtoolSettings(told.text) : {};
  const other = Object.entries(value).filter(([key, wanted]) => is[key] !== wanted);
  return other.length === 0
    ? null
    : `${name}: ${other.map(([key, wanted]) => `${key} was set to ${wanted} and is ${is[key]}`).join(', ')}`;
}

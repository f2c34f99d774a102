/**
 * What settings were before --apply, for --restore. It lies in /run, which is memory: settings and record end together
 * with a reboot. Where /run is a disk, the id of the boot tells.
 */
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { replaceFile } from '../../results/formats/index.ts';
import { ExperimentError } from '../errors.ts';
import { KernelFiles } from '../machine/kernel-files.ts';
import { lockFolder } from '../machine/linux.ts';
import { change, settingNames, type TuneChange } from './settings.ts';

const FILE = 'run/bypassbench/tune.json';

const record = z.strictObject({
  schema: z.literal('bypassbench.tune/1'),
  boot_id: z.string(),
  applied_at: z.string(),
  /** Each with the value that it had before it was first changed. */
  changes: z.array(z.strictObject({ name: z.enum(settingNames), change })),
});
export type TuneRecord = z.infer<typeof record>;
export type RecordedChange = TuneRecord['changes'][number];

/** Null where nothing is set; `stale` where a reboot has undone it since. Throws TUNE_RECORD_DAMAGED. */
export function readRecord(root: string): TuneRecord | 'stale' | null {
  let text: string;
  try {
    text = readFileSync(path.join(root, FILE), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
  const read = record.safeParse(parsed(text));
  if (!read.success) {
    const remedy = 'set back by hand what was set (or reboot), and remove it';
    throw new ExperimentError(
      'TUNE_RECORD_DAMAGED',
      `/${FILE}, which says what settings were, is damaged: ${remedy}`,
    );
  }
  return read.data.boot_id === bootId(root) ? read.data : 'stale';
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** Nobody else sets anything there until `release` is called. Throws TUNE_AT_WORK where somebody does. */
export function lockRecord(root: string): { release(): void } {
  const folder = path.join(root, path.dirname(FILE));
  mkdirSync(folder, { recursive: true });
  const lock = lockFolder(folder);
  if (lock === null)
    throw new ExperimentError('TUNE_AT_WORK', 'another bypassbench tune is at work there: wait for it');
  return lock === 'unknown' ? { release: () => {} } : lock;
}

/** Before anything is changed, so that it can be set back whenever this process is killed. */
export async function writeRecord(
  root: string,
  changes: RecordedChange[],
  applied_at: string,
): Promise<void> {
  const file = path.join(root, FILE);
  const whole: TuneRecord = { schema: 'bypassbench.tune/1', boot_id: bootId(root), applied_at, changes };
  await replaceFile(file, `${JSON.stringify(whole, null, 2)}\n`);
}

export function removeRecord(root: string): void {
  rmSync(path.join(root, FILE));
}

function bootId(root: string): string {
  return new KernelFiles(root).read('proc/sys/kernel/random/boot_id') ?? 'unknown';
}

/** Of one thing: what it was first, and what it is to be now. */
export function merged(known: readonly RecordedChange[], now: readonly RecordedChange[]): RecordedChange[] {
  const all = new Map(known.map((one) => [keyOf(one.change), one]));
  for (const one of now) {
    const before = all.get(keyOf(one.change));
    all.set(keyOf(one.change), before ? { ...one, change: withFirst(before.change, one.change) } : one);
  }
  return [...all.values()];
}

function keyOf(of: TuneChange): string {
  return of.kind === 'file' ? of.file : `ethtool ${of.interface}`;
}

function withFirst(first: TuneChange, now: TuneChange): TuneChange {
  if (first.kind === 'file' && now.kind === 'file') return { ...now, was: first.was };
  if (first.kind === 'coalescing' && now.kind === 'coalescing') {
    return { ...now, was: { ...now.was, ...first.was }, value: { ...first.value, ...now.value } };
  }
  return now;
}

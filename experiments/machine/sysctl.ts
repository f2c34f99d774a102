/**
 * Settings of the kernel (sysctl(8)) for the time of a trial. What they were is written down before they are changed,
 * in the folder of the runner, so that the next run can set them back when this one is killed.
 */
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';

/** In the folder of the runner: name and former value of each. */
const RECORD = 'sysctl.json';
const record = z.record(z.string(), z.string());

/**
 * Sets them; `folder` is the runner's. Throws where one cannot be set; those before it are, until restoreSysctls.
 */
export function setSysctls(
  values: Readonly<Record<string, string>>,
  folder: string,
  root = '/proc/sys',
): void {
  const former = Object.fromEntries(
    Object.keys(values).map((name) => [name, readFileSync(fileOf(name, root), 'utf8').trim()]),
  );
  const file = path.join(folder, RECORD);
  // As a whole or not at all: it may be read by whoever comes behind a runner that was killed.
  writeFileSync(`${file}.new`, JSON.stringify(former));
  renameSync(`${file}.new`, file);
  for (const [name, value] of Object.entries(values)) writeFileSync(fileOf(name, root), value);
}

/**
 * Sets back what a runner with this folder has changed; returns which, as `net.core.busy_poll=0`. Throws, having set
 * back what it could, where one cannot be: its interface may be gone.
 */
export function restoreSysctls(folder: string, root = '/proc/sys'): string[] {
  const file = path.join(folder, RECORD);
  if (!existsSync(file)) return [];
  const former = record.parse(JSON.parse(readFileSync(file, 'utf8')));
  const restored: string[] = [];
  const failed: string[] = [];
  for (const [name, value] of Object.entries(former)) {
    try {
      // What could not be set has its value still, and setting it back would fail again.
      if (readFileSync(fileOf(name, root), 'utf8').trim() === value) continue;
      writeFileSync(fileOf(name, root), value);
      restored.push(`${name}=${value}`);
    } catch (error) {
      failed.push(`${name} cannot be set back to ${value}: ${(error as Error).message}`);
    }
  }
  rmSync(file);
  if (failed.length > 0) throw new Error(failed.join('; '));
  return restored;
}

function fileOf(name: string, root: string): string {
  return path.join(root, ...name.split('.'));
}

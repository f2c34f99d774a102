/**
 * Settings of the kernel (sysctl(8)) for the time of a trial. What they were is written down before they are changed,
 * in the folder of the runner, so that the next run can set them back when this one is killed.
 */
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
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
  writeFileSync(path.join(folder, RECORD), JSON.stringify(former));
  for (const [name, value] of Object.entries(values)) writeFileSync(fileOf(name, root), value);
}

/** Sets back what a runner with this folder has changed; returns which, as `net.core.busy_poll=0`. */
export function restoreSysctls(folder: string, root = '/proc/sys'): string[] {
  const file = path.join(folder, RECORD);
  if (!existsSync(file)) return [];
  const changed = Object.entries(record.parse(JSON.parse(readFileSync(file, 'utf8'))))
    // What could not be set has its value still, and setting it back would fail again.
    .filter(([name, value]) => readFileSync(fileOf(name, root), 'utf8').trim() !== value);
  for (const [name, value] of changed) writeFileSync(fileOf(name, root), value);
  rmSync(file);
  return changed.map(([name, value]) => `${name}=${value}`);
}

function fileOf(name: string, root: string): string {
  return path.join(root, ...name.split('.'));
}

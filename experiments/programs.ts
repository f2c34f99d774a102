/** Which programs an experiment needs, and which of them this machine lacks. */
import { accessSync, constants } from 'node:fs';
import path from 'node:path';
import { ExperimentError } from './errors.ts';
import { ownCommand } from './machine.ts';
import { launchers } from './process.ts';
import type { System } from './schema.ts';

/**
 * Why some systems cannot be run here, by the name of the system. The others are measured all the same, so that
 * one missing server does not cost the whole figure. Without a single system that can be run, or without the
 * programs that start any of them, there is nothing to do: PROGRAM_MISSING.
 */
export function missingPrograms(systems: readonly System[]): Map<string, string> {
  for (const binary of launchers) {
    if (!isOnPath(binary)) {
      throw new ExperimentError(
        'PROGRAM_MISSING',
        `${binary} is not on the PATH: install the package util-linux`,
      );
    }
  }
  const reasons = new Map<string, string>();
  for (const { name, requires, start } of systems) {
    const needed = [
      ...requires,
      ...(requires.some(({ binary }) => binary === start[0]) ? [] : [{ binary: start[0] }]),
    ];
    const missing = needed.filter(({ binary }) => binary !== ownCommand && !isOnPath(binary));
    if (missing.length > 0) reasons.set(name, `${name} cannot be run: ${missing.map(remedy).join('; ')}`);
  }
  if (reasons.size === systems.length) {
    throw new ExperimentError('PROGRAM_MISSING', [...reasons.values()].join('\n'));
  }
  return reasons;
}

function remedy({ binary, package: debianPackage }: { binary: string; package?: string }): string {
  const install = debianPackage
    ? `install the Debian package ${debianPackage}`
    : 'install it, or correct the config';
  return `${binary} is not on the PATH (${install}, or leave the system out with --only)`;
}

function isOnPath(binary: string): boolean {
  const folders = binary.includes('/') ? [''] : (process.env.PATH ?? '').split(path.delimiter);
  return folders.some((folder) => {
    try {
      accessSync(path.join(folder, binary), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

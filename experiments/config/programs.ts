/** Which programs an experiment needs, and which of them this machine lacks. */
import { accessSync, constants } from 'node:fs';
import path from 'node:path';
import { ExperimentError } from '../errors.ts';
import { OWN_COMMAND } from '../machine/checkout.ts';
import { launchers } from '../machine/process.ts';
import type { ConfiguredFloor as Floor, ConfiguredSystem as System } from './schema.ts';

/**
 * Why some systems and floors cannot be run here, by name. The others are measured all the same, so that one
 * missing server does not cost the whole figure. Without a single system that can be run, or without the
 * programs that start any of them, there is nothing to do: PROGRAM_MISSING.
 */
export function missingPrograms(systems: readonly System[], floors: readonly Floor[]): Map<string, string> {
  for (const binary of launchers) {
    if (!isOnPath(binary)) {
      throw new ExperimentError(
        'PROGRAM_MISSING',
        `${binary} is not on the PATH: install the package util-linux`,
      );
    }
  }
  const reasons = new Map<string, string>();
  for (const { name, requires, start } of systems) noteMissing(reasons, name, requires, start[0]);
  if (reasons.size === systems.length) {
    throw new ExperimentError('PROGRAM_MISSING', [...reasons.values()].join('\n'));
  }
  for (const { name, requires, command } of floors) noteMissing(reasons, name, requires, command[0]);
  return reasons;
}

function noteMissing(
  reasons: Map<string, string>,
  name: string,
  requires: System['requires'],
  program: string,
): void {
  const missing = neededPrograms(requires, program).filter(({ binary }) => !isOnPath(binary));
  if (missing.length > 0) reasons.set(name, `${name} cannot be run: ${missing.map(remedy).join('; ')}`);
}

export interface NeededProgram {
  binary: string;
  /** Debian package that has it, where somebody said it. */
  package?: string;
}

/** What must be on the PATH for a command line that starts with `program`. */
export function neededPrograms(requires: System['requires'], program: string): NeededProgram[] {
  const own = program === OWN_COMMAND || requires.some(({ binary }) => binary === program);
  return own ? requires : [...requires, { binary: program }];
}

function remedy({ binary, package: debianPackage }: NeededProgram): string {
  const install = debianPackage
    ? `install the Debian package ${debianPackage}`
    : 'install it, or correct the config';
  return `${binary} is not on the PATH (${install}, or leave the system out with --only)`;
}

export function isOnPath(binary: string): boolean {
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

/** Which programs an experiment needs, and which of them this machine lacks. */
import { accessSync, constants } from 'node:fs';
import path from 'node:path';
import { ExperimentError } from '../errors.ts';
import { type Product, whyNotBuilt } from '../machine/built.ts';
import { commandPath, OWN_COMMAND, ownCheckout } from '../machine/checkout.ts';
import { availableCores } from '../machine/machine.ts';
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
  for (const system of systems) {
    const { name, requires, start, checkout } = system;
    // What another checkout has built is known when that has been set up: then its server says so.
    const inOwn = requires.filter((needed) => checkout === undefined || !('built' in needed));
    noteMissing(reasons, name, neededPrograms(inOwn, start[0]));
  }
  if (systems.length > 0 && reasons.size === systems.length) {
    throw new ExperimentError('PROGRAM_MISSING', [...reasons.values()].join('\n'));
  }
  for (const { name, requires, command } of floors) {
    noteMissing(reasons, name, neededPrograms(requires, command[0]));
  }
  return reasons;
}

function noteMissing(reasons: Map<string, string>, name: string, needed: NeededProgram[]): void {
  const missing = needed.flatMap(({ missing }) => missing ?? []);
  if (missing.length > 0) {
    reasons.set(name, `${name} cannot be run: ${missing.join('; ')}`);
  }
}

const LEAVE_OUT = 'leave the system out with --only';

export interface NeededProgram {
  /** With the Debian package that has it, where somebody said it. */
  what: string;
  /** A clause with the remedy; null where it is here. */
  missing: string | null;
}

type Requires = System['requires'];

/** What must be here for a command line that starts with `program`. */
export function neededPrograms(requires: Requires, program: string): NeededProgram[] {
  const own =
    program === OWN_COMMAND || requires.some((needed) => 'binary' in needed && needed.binary === program);
  return [...requires, ...(own ? [] : [{ binary: program, package: null }])].map((needed) =>
    'cores' in needed
      ? ofCores(needed.cores)
      : 'built' in needed
        ? ofBuild(needed.built)
        : 'wire' in needed
          ? { what: `a wire (wire: ${needed.wire})`, missing: null }
          : onPath(needed.binary, needed.package),
  );
}

function ofCores(cores: number): NeededProgram {
  const here = availableCores().length;
  const missing =
    here >= cores ? null : `it needs ${cores} cores, and this process may use ${here} (${LEAVE_OUT})`;
  return { what: `${cores} cores`, missing };
}

function ofBuild(product: Product): NeededProgram {
  const why = whyNotBuilt(product, ownCheckout);
  const missing = why && `${product} is not built: ${why} (or ${LEAVE_OUT})`;
  return { what: `${product} (built by set-up)`, missing };
}

function onPath(word: string, debianPackage: string | null): NeededProgram {
  const program = commandPath(word, undefined);
  const isBuilt = program !== word && path.isAbsolute(program);
  if (isBuilt) return { what: `${path.basename(program)} (built by set-up)`, missing: null };
  const remedy = debianPackage
    ? `install the Debian package ${debianPackage}`
    : 'install it, or correct the config';
  const missing = isOnPath(program) ? null : `${program} is not on the PATH (${remedy}, or ${LEAVE_OUT})`;
  return { what: debianPackage ? `${program} (package ${debianPackage})` : program, missing };
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

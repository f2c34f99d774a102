/** Loads C glue: products of scripts/build-native.mjs, and what backends from outside bring with them. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import koffi, { type LibraryHandle } from 'koffi';
import { LibosError } from '../errors.ts';
import { keepingSignalHandlers } from './signals.ts';

/** A library in C that is called through koffi. */
export interface GlueSource {
  /** In errors, where other calls of the libOS have the name of the call. */
  name: string;
  /** "the C glue for DPDK" */
  what: string;
  file: URL;
  /** What builds it. */
  remedy: string;
}

/** Of this project: `name` is that of the product, `subject` what it is the glue for. */
export function ownGlue(name: string, subject: string): GlueSource {
  return {
    name,
    what: `the C glue for ${subject}`,
    file: new URL(`build/${name}.so`, import.meta.url),
    remedy: 'run node scripts/setup.mjs, which says what it lacks',
  };
}

export function isGlueBuilt({ file }: GlueSource): boolean {
  return existsSync(file);
}

/**
 * What `bind` makes of the glue's functions. With `global` its symbols stand in front of those of what it loads. Throws
 * BACKEND_UNAVAILABLE, with the remedy, where the glue is not built or cannot be loaded.
 */
export function loadGlue<T>(source: GlueSource, bind: (library: LibraryHandle) => T, global = false): T {
  const { name, what, file, remedy } = source;
  if (!isGlueBuilt(source)) {
    throw new LibosError('BACKEND_UNAVAILABLE', name, -1, `${what} is not built: ${remedy}`);
  }
  try {
    return bind(keepingSignalHandlers(() => koffi.load(fileURLToPath(file), { global })));
  } catch (cause) {
    const detail = `${what} cannot be loaded (${(cause as Error).message}): ${remedy}`;
    throw new LibosError('BACKEND_UNAVAILABLE', name, -1, detail);
  }
}

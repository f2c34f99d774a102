/** Loads a product of scripts/build-native.mjs: the C glue that parts of the libOS call. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import koffi, { type LibraryHandle } from 'koffi';
import { LibosError } from '../errors.ts';
import { keepingSignalHandlers } from './signals.ts';

export type GlueName = 'dpdk' | 'rdma' | 'stamps' | 'distance';

const libraries: Record<GlueName, string> = {
  dpdk: 'DPDK',
  rdma: 'libfabric',
  stamps: 'stamps',
  distance: 'the distance of two cores',
};

const fileOf = (name: GlueName) => fileURLToPath(new URL(`build/${name}.so`, import.meta.url));

export function isGlueBuilt(name: GlueName): boolean {
  return existsSync(fileOf(name));
}

/**
 * What `bind` makes of the glue's functions. With `global` its symbols stand in front of those of what it loads. Throws
 * BACKEND_UNAVAILABLE, with the remedy, where the glue is not built or cannot be loaded.
 */
export function loadGlue<T>(name: GlueName, bind: (library: LibraryHandle) => T, global = false): T {
  const what = `the C glue for ${libraries[name]}`;
  if (!isGlueBuilt(name)) {
    const detail = `${what} is not built: run node scripts/setup.mjs, which says what it lacks`;
    throw new LibosError('BACKEND_UNAVAILABLE', name, -1, detail);
  }
  try {
    return bind(keepingSignalHandlers(() => koffi.load(fileOf(name), { global })));
  } catch (cause) {
    const detail = `${what} cannot be loaded (${(cause as Error).message}): run node scripts/setup.mjs again`;
    throw new LibosError('BACKEND_UNAVAILABLE', name, -1, detail);
  }
}

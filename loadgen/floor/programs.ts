/** The C programs of floors, which scripts/build-native.mjs builds. */
import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';
import { LibosError } from '../../libos/index.ts';

/** Path of a program. Throws BACKEND_UNAVAILABLE, with the remedy, when it is not built. */
export function nativeProgram(name: string): string {
  const path = join(import.meta.dirname, 'native', 'build', name);
  try {
    accessSync(path, constants.X_OK);
  } catch {
    const built = "'npm run setup' builds it, and says what it lacks for that";
    const detail = `loadgen/floor/native/build/${name} is not there: ${built}`;
    throw new LibosError('BACKEND_UNAVAILABLE', name, -1, detail);
  }
  return path;
}

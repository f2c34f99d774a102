/**
 * What backends stand on, read in a process of its own: a library that is loaded for its version stays in the process,
 * and takes of it what it likes.
 */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { backendModuleUrl } from './backend-module.ts';
import { type Backend, backendNamed } from './backends.ts';

const PATIENCE_MS = 20_000;

/** By the backend's name; of one whose libraries are not here there is nothing. Throws INVALID_ARGUMENT. */
export async function backendVersions(
  names: readonly Backend[],
): Promise<Record<Backend, Record<string, string>>> {
  const asked = names.filter((name) => backendNamed(name).versions !== undefined);
  const none = Object.fromEntries(names.map((name) => [name, {}]));
  if (asked.length === 0) return none;
  const program = fileURLToPath(new URL('./backend-versions-process.ts', import.meta.url));
  try {
    const { stdout } = await promisify(execFile)(
      process.execPath,
      [program, ...asked.flatMap((name) => [name, backendModuleUrl(name) ?? '-'])],
      { timeout: PATIENCE_MS },
    );
    return { ...none, ...JSON.parse(stdout) };
  } catch {
    // A version is worth having, but its lack is no reason to measure nothing.
    return none;
  }
}

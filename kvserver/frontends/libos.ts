/**
 * The main thread of the ported server: starts its data path (libos-loop.ts), prints the ready line, and
 * stops the data path when a signal comes.
 */
import { type Endpoint, finishedOrSignalled, startDataPath } from '../../libos/index.ts';
import type { ServeOptions } from '../options.ts';
import { sayReady } from '../ready.ts';
import type { ServerExit } from './libos-loop.ts';

/**
 * Serves until SIGTERM or SIGINT, or until the engine ends; the exit code for the process. Throws KvServerError
 * when it cannot listen or its engine cannot run, LibosError when its backend cannot.
 */
export async function serveOverLibos(options: ServeOptions): Promise<number> {
  const loop = new URL('./libos-loop.ts', import.meta.url);
  const dataPath = startDataPath<ServeOptions, Endpoint, ServerExit>(loop, options, options.core);
  const endpoint = await Promise.race([dataPath.ready, dataPath.finished.then(() => null)]);
  // A signal may come as soon as the ready line is out. Redis has its own handlers, and takes the time that it needs.
  const ended =
    options.engine === 'redis'
      ? dataPath.finished
      : finishedOrSignalled(dataPath, { closingMs: Number.POSITIVE_INFINITY });
  sayReady(endpoint, options);
  const result = await ended;
  // Its thread had to be ended: a command that runs for long did not hear of the signal.
  return result === null ? 0 : result.exitCode;
}

/**
 * The main thread of a server: starts the front end on a data path's thread, prints the ready line, and hears the
 * signals. So a signal ends a server in the middle of a command too: its thread is ended when it does not hear of it.
 */
import { type DataPath, finishedOrSignalled, startDataPath } from '../../libos/index.ts';
import type { FrontendName, ServeOptions } from '../options.ts';
import { type ServedEndpoint, sayReady } from '../ready.ts';
import { watchForHang } from '../redis/hang-watch.ts';

/** What the data path returns: with what the process is to end. */
export interface ServerExit {
  exitCode: number;
}

/** Loaded by the data path's thread alone. */
const modules: Record<FrontendName, string> = { libos: './libos-loop.ts', sockets: './sockets.ts' };

/**
 * Serves until SIGTERM or SIGINT, or until the engine ends; the exit code for the process. Throws KvServerError
 * when it cannot listen or its engine cannot run, LibosError when its backend cannot.
 */
export async function serve(options: ServeOptions): Promise<number> {
  const module = new URL(modules[options.frontend], import.meta.url);
  const dataPath = startDataPath<ServeOptions, ServedEndpoint, ServerExit>(module, options, options.core);
  const endpoint = await Promise.race([dataPath.ready, dataPath.finished.then(() => null)]);
  // A signal may come as soon as the ready line is out.
  const isRedis = options.engine === 'redis' && endpoint !== null;
  const ended = isRedis ? finishedOrHanging(dataPath) : finishedOrSignalled(dataPath);
  sayReady(endpoint, options);
  const result = await ended;
  // Its thread had to be ended: a command that runs for long did not hear of the signal.
  return result === null ? 0 : result.exitCode;
}

/** Of Redis, which has its own handlers, and takes the time that it needs. */
async function finishedOrHanging(dataPath: DataPath<ServedEndpoint, ServerExit>): Promise<ServerExit | null> {
  const unwatch = watchForHang(() => dataPath.endProcess());
  try {
    return await dataPath.finished;
  } finally {
    unwatch();
  }
}

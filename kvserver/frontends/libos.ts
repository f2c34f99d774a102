/**
 * The main thread of the ported server: starts its data path (libos-loop.ts), prints the ready line, and
 * stops the data path when a signal comes.
 */
import { type Endpoint, finishedOrSignalled, type StopOptions, startDataPath } from '../../libos/index.ts';
import type { EngineName, ServeOptions } from '../options.ts';
import type { ServerExit } from './libos-loop.ts';

const UNLIMITED = Number.POSITIVE_INFINITY;
/** How long a signal may take. Redis hears it between two commands, each of which may take long, and then saves. */
const stopping: Record<EngineName, StopOptions> = {
  typescript: { closingMs: UNLIMITED },
  redis: { graceMs: UNLIMITED, closingMs: UNLIMITED },
};

/**
 * Serves until SIGTERM or SIGINT, or until the engine ends; the exit code for the process. Throws KvServerError
 * when it cannot listen or its engine cannot run, LibosError when its backend cannot.
 */
export async function serveOverLibos(options: ServeOptions): Promise<number> {
  const loop = new URL('./libos-loop.ts', import.meta.url);
  const dataPath = startDataPath<ServeOptions, Endpoint, ServerExit>(loop, options, options.core);
  const { address, port } = await dataPath.ready;
  // A signal may come as soon as the ready line is out. An engine that saves its data is given the time.
  const ended = finishedOrSignalled(dataPath, stopping[options.engine]);
  const { frontend, backend } = options;
  console.log(JSON.stringify({ ready: true, address, port, pid: process.pid, frontend, backend }));
  const result = await ended;
  // Its thread had to be ended: a command that runs for long did not hear of the signal.
  return result === null ? 0 : result.exitCode;
}

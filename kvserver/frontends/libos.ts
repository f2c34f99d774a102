/**
 * The main thread of the ported server: starts its data path (libos-loop.ts), prints the ready line, and
 * stops the data path when a signal comes.
 */
import { type Endpoint, finishedOrSignalled, startDataPath } from '../../libos/index.ts';
import type { ServeOptions } from '../options.ts';

/**
 * Serves until SIGTERM or SIGINT. Throws KvServerError when it cannot listen, LibosError when its backend
 * cannot run.
 */
export async function serveOverLibos(options: ServeOptions): Promise<void> {
  const loop = new URL('./libos-loop.ts', import.meta.url);
  const dataPath = startDataPath<ServeOptions, Endpoint, void>(loop, options, options.core);
  const { address, port } = await dataPath.ready;
  // A signal may come as soon as the ready line is out.
  const ended = finishedOrSignalled(dataPath);
  const { frontend, backend } = options;
  console.log(JSON.stringify({ ready: true, address, port, pid: process.pid, frontend, backend }));
  await ended;
}

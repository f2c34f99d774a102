/**
 * The main thread of the ported server: starts its data path (libos-loop.ts), prints the ready line, and stops
 * it when a signal comes.
 */
import { type Endpoint, finishedOrSignalled, startDataPath } from '../../libos/index.ts';
import { listenError } from '../errors.ts';
import type { ServeOptions } from '../options.ts';

/** Serves until SIGTERM or SIGINT. Throws LibosError when it cannot listen. */
export async function serveOverLibos(options: ServeOptions): Promise<void> {
  const loop = new URL('./libos-loop.ts', import.meta.url);
  const dataPath = startDataPath<ServeOptions, Endpoint, void>(loop, options, options.core);
  const { address, port } = await dataPath.ready.catch((error) => {
    throw listenError(error, options.bind, options.port);
  });
  const { frontend, backend } = options;
  console.log(JSON.stringify({ ready: true, address, port, pid: process.pid, frontend, backend }));
  await finishedOrSignalled(dataPath);
}

/**
 * The process of the null server: a device such as a port of DPDK belongs to one process, so client and server have one
 * each. It is told what to serve, says where, and ends with its parent.
 *
 *     parent                 this process
 *     NullServerStart  --->  starts the data path
 *                      <---  { kind: 'ready', endpoint }
 *     'stop'           --->  ends it
 *                      <---  { kind: 'finished', injected }
 */
import { type Endpoint, startDataPath } from '../../libos/index.ts';
import type { Injected, NullServerInput } from './null-server.ts';

export interface NullServerStart {
  input: NullServerInput;
  /** Modules of backends that the parent has loaded. */
  backendModules: readonly string[];
  core: number;
}

export type NullServerNews =
  | { kind: 'ready'; endpoint: Endpoint }
  | { kind: 'finished'; injected: Injected | null }
  | { kind: 'failed'; message: string };

/** Resolves when it was told; nobody hears it where the parent has ended. */
function tell(news: NullServerNews): Promise<void> {
  return new Promise((resolve) => {
    if (process.connected) process.send?.(news, undefined, {}, () => resolve());
    else resolve();
  });
}

process.once('message', ({ input, backendModules, core }: NullServerStart) => {
  const server = startDataPath<NullServerInput, Endpoint, Injected>(
    new URL('./null-server.ts', import.meta.url),
    input,
    core,
    backendModules,
  );
  const failed = (error: Error): Promise<void> => tell({ kind: 'failed', message: error.message });
  server.ready.then((endpoint) => tell({ kind: 'ready', endpoint }), failed);
  server.finished
    .then((injected) => tell({ kind: 'finished', injected }), failed)
    .finally(() => {
      if (process.connected) process.disconnect();
    });
  process.once('message', () => void server.stop());
  process.once('disconnect', () => void server.stop());
});
// A signal to the whole group is the parent's: it stops this process, which puts its device away.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => {});

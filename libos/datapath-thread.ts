/** The worker's side of a data path (datapath.ts): pins itself, runs the module, reports how it went. */
import { parentPort, workerData } from 'node:worker_threads';
import { pinThread } from './affinity.ts';
import {
  type DataPathContext,
  type DataPathMessage,
  type DataPathStart,
  STOP_WORD,
  StopWord,
  THREAD,
} from './datapath-protocol.ts';
import { currentThread } from './stuck-thread.ts';

const { module, core, backendModules, data, shared } = workerData as DataPathStart;
const report = (message: DataPathMessage) => parentPort!.postMessage(message);

const context: DataPathContext<unknown, unknown> = {
  data,
  stopRequested: () => {
    if (Atomics.load(shared, STOP_WORD) === StopWord.Running) return false;
    Atomics.store(shared, STOP_WORD, StopWord.Heard);
    return true;
  },
  ready: (info) => report({ kind: 'ready', info }),
};

try {
  Atomics.store(shared, THREAD, currentThread());
  if (core !== null) pinThread(core);
  if (backendModules.length > 0) {
    const { loadBackendModule } = await import('./backend-module.ts');
    for (const url of backendModules) await loadBackendModule(url);
  }
  const { run } = (await import(module)) as { run(context: DataPathContext<unknown, unknown>): unknown };
  report({ kind: 'finished', result: await run(context) });
} catch (thrown) {
  const error = thrown as Error & { code?: unknown };
  const code = typeof error.code === 'string' ? error.code : null;
  report({ kind: 'failed', message: error.message, stack: error.stack ?? '', code });
}

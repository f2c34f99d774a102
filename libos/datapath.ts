/**
 * A data path: a worker thread pinned to a core that runs one function, which may be async, and, polling,
 * does not return to Node's event loop before it is done. The main thread keeps signals and standard output.
 * They share a word: the request to stop.
 *
 *     main thread                              worker thread
 *     startDataPath(module, data, core)  --->  module.run(context)
 *     ready resolves                     <---  context.ready(info)
 *     stop()                             --->  context.stopRequested() is true
 *     finished resolves                  <---  run returned
 */
import { Worker } from 'node:worker_threads';
import { loadedBackendModules } from './backend-module.ts';
import {
  type DataPathMessage,
  type DataPathStart,
  SHARED_WORDS,
  STOP_WORD,
  StopWord,
  THREAD,
} from './datapath-protocol.ts';
import { type ErrorCode, LibosError } from './errors.ts';
import { inlineMore } from './inlining.ts';
import { endProcessWith } from './stuck-thread.ts';

export interface DataPath<Info, Result> {
  /** Rejects when the data path failed before it was ready. */
  ready: Promise<Info>;
  /** What run returned; null when its thread had to be ended after stop(). Rejects when it threw. */
  finished: Promise<Result | null>;
  /**
   * Asks the data path to return, and ends its thread if it has not heard that within its grace. One that has
   * heard it may take longer, since a thread that is ended in the middle of closing a device can take the process
   * with it. Where the thread cannot be ended, since a call outside of JavaScript does not return, the process is,
   * with a line that says so and exit code 1. Never rejects.
   */
  stop(options?: StopOptions): Promise<void>;
  /** Ends the process as stop() does where the thread does not return: for who sees by himself that it hangs. */
  endProcess(): void;
}

export interface StopOptions {
  /** Default 800 ms. */
  graceMs?: number;
  /**
   * How much longer than its grace a data path may take that has heard the request, to put away what it has.
   * Default 10 s.
   */
  closingMs?: number;
}

/** Enough to close a device, on however busy a machine. */
const CLOSING_MS = 10_000;
const GRACE_MS = 800;
/** A thread that runs JavaScript is ended at once, but for how long it waits for a core. */
const ENDING_MS = 2500;

/**
 * Runs `run(context)` of `module` on its own thread, pinned to `core` unless that is null. `data`, the ready
 * info and the result are structured clones. Errors keep their message, and their `code` if they have one. The thread
 * has the backends from outside that this one has, or those of `backendModules`.
 */
export function startDataPath<Data, Info, Result>(
  module: URL,
  data: Data,
  core: number | null,
  backendModules: readonly string[] = loadedBackendModules(),
): DataPath<Info, Result> {
  inlineMore();
  const shared = new Int32Array(new SharedArrayBuffer(4 * SHARED_WORDS));
  const start: DataPathStart = { module: module.href, core, backendModules, data, shared };
  const worker = new Worker(new URL('./datapath-thread.ts', import.meta.url), { workerData: start });
  const ready = Promise.withResolvers<Info>();
  const finished = Promise.withResolvers<Result | null>();
  let stopping = false;
  const exited = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
  const endProcess = () => endProcessWith(Atomics.load(shared, THREAD));
  const fail = (error: Error) => {
    ready.reject(error);
    finished.reject(error);
  };
  // Whoever is interested awaits them; a failure is not to end the process behind their back.
  ready.promise.catch(() => {});
  finished.promise.catch(() => {});
  worker.on('message', (message: DataPathMessage) => {
    if (message.kind === 'ready') ready.resolve(message.info as Info);
    else if (message.kind === 'finished') finished.resolve(message.result as Result);
    else fail(revive(message));
  });
  worker.on('error', fail);
  worker.once('exit', () => {
    if (stopping) finished.resolve(null);
    fail(new LibosError('SHUT_DOWN', 'datapath', -1, 'the data path ended'));
  });
  return {
    ready: ready.promise,
    finished: finished.promise,
    async stop({ graceMs = GRACE_MS, closingMs = CLOSING_MS } = {}) {
      stopping = true;
      Atomics.store(shared, STOP_WORD, StopWord.Asked);
      const end = () => {
        void worker.terminate();
        timer = setTimeout(endProcess, ENDING_MS);
      };
      let timer = setTimeout(() => {
        if (Atomics.load(shared, STOP_WORD) === StopWord.Heard) timer = setTimeout(end, closingMs);
        else end();
      }, graceMs);
      await exited;
      clearTimeout(timer);
    },
    endProcess,
  };
}

/** Waits until a data path has finished; SIGTERM and SIGINT ask it to stop. Rejects when it threw. */
export async function finishedOrSignalled<Info, Result>(
  dataPath: DataPath<Info, Result>,
  options?: StopOptions,
): Promise<Result | null> {
  const stop = () => void dataPath.stop(options);
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
  try {
    return await dataPath.finished;
  } finally {
    process.off('SIGTERM', stop);
    process.off('SIGINT', stop);
  }
}

function revive(failure: Extract<DataPathMessage, { kind: 'failed' }>): Error {
  const error = new Error(failure.message) as Error & { code?: string | ErrorCode };
  error.stack = failure.stack;
  if (failure.code !== null) error.code = failure.code;
  return error;
}

/** What a data path's thread (datapath-thread.ts) and its main thread (datapath.ts) share and send to each other. */

/** What their common word says: nothing yet, that the data path is to stop, that it knows. */
export const StopWord = { Running: 0, Asked: 1, Heard: 2 } as const;

/** Where that word stands, and where the data path says which thread it is, once it runs. */
export const STOP_WORD = 0;
export const THREAD = 1;
export const SHARED_WORDS = 2;

/** What the function of a data path is given. */
export interface DataPathContext<Data, Info> {
  readonly data: Data;
  /** Cheap enough to ask in every turn of the loop. */
  stopRequested(): boolean;
  /** Tells the main thread that the data path is up. */
  ready(info: Info): void;
}

export interface DataPathStart {
  module: string;
  core: number | null;
  /** URLs of modules with backends from outside, which the data path's thread needs as well. */
  backendModules: readonly string[];
  data: unknown;
  shared: Int32Array;
}

export type DataPathMessage =
  | { kind: 'ready'; info: unknown }
  | { kind: 'finished'; result: unknown }
  | { kind: 'failed'; message: string; stack: string; code: string | null };

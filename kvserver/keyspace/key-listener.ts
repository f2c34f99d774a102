/** Who wants to know what becomes of the keys of a database. */

import type { KeyEvent } from './key-events.ts';

/** Who is told what becomes of each key: its bytes lie in bytes[start, start + length). */
export interface KeyListener {
  /** The key changes. `event` is null where that is told by keyEvent, or has no name. */
  keyChanged(bytes: Uint8Array, start: number, length: number, event: KeyEvent | null): void;
  /** What is no change, or was told as one without its name. */
  keyEvent(bytes: Uint8Array, start: number, length: number, event: KeyEvent): void;
  /** All keys are going to be deleted. */
  allDeleted(): void;
}

/** Who is told of each key that is made, unless its value is a string. */
export interface MadeKeys {
  made(bytes: Uint8Array, start: number, length: number, type: number): void;
}

/** Counters that INFO shows. */
export interface KeyspaceStats {
  hits: number;
  misses: number;
  expired: number;
}

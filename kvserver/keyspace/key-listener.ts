/** Who wants to know what becomes of the keys of a database. */

/** Who is told of each change of a key: its bytes lie in bytes[start, start + length). */
export interface KeyListener {
  keyChanged(bytes: Uint8Array, start: number, length: number): void;
  /** All keys are going to be deleted. */
  allDeleted(): void;
}

/** Who is told of each key that is made, unless its value is a string. */
export interface MadeKeys {
  made(bytes: Uint8Array, start: number, length: number, type: number): void;
}

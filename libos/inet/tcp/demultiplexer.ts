/**
 * Finds the connection of a segment by local port, remote address and remote port: an open-addressing hash
 * table with linear probing, since a Map would need a string or a boxed number as key.
 */

/** The names that distinguish connections of one local address. Addresses are signed 32-bit integers. */
export interface Named {
  readonly localPort: number;
  readonly remoteAddress: number;
  readonly remotePort: number;
}

export class Demultiplexer<C extends Named> {
  size = 0;
  #slots: (C | null)[] = new Array(64).fill(null);
  #mask = 63;
  /** Segments come in runs of one connection. */
  #last: C | null = null;
  readonly #key: number;

  /** @param key a random 32-bit integer, so that nobody can choose addresses that all fall into one place */
  constructor(key: number) {
    this.#key = key;
  }

  find(localPort: number, remoteAddress: number, remotePort: number): C | null {
    const last = this.#last;
    if (last !== null && matches(last, localPort, remoteAddress, remotePort)) return last;
    for (let i = this.#hash(localPort, remoteAddress, remotePort) & this.#mask; ; i = (i + 1) & this.#mask) {
      const connection = this.#slots[i];
      if (connection === null) return null;
      if (matches(connection, localPort, remoteAddress, remotePort)) {
        this.#last = connection;
        return connection;
      }
    }
  }

  add(connection: C): void {
    if (2 * (this.size + 1) > this.#slots.length) this.#grow();
    this.#insert(connection);
    this.size++;
  }

  delete(connection: C): void {
    if (this.#last === connection) this.#last = null;
    const slots = this.#slots;
    let hole = this.#home(connection);
    while (slots[hole] !== connection) {
      if (slots[hole] === null) return;
      hole = (hole + 1) & this.#mask;
    }
    this.size--;
    slots[hole] = null;
    // Whatever probed past the hole moves into it.
    for (let i = (hole + 1) & this.#mask; ; i = (i + 1) & this.#mask) {
      const moved = slots[i];
      if (moved === null) return;
      if (((i - this.#home(moved)) & this.#mask) < ((i - hole) & this.#mask)) continue;
      slots[hole] = moved;
      slots[i] = null;
      hole = i;
    }
  }

  /** Calls `visit` for each; connections must not be added or deleted meanwhile. */
  forEach(visit: (connection: C) => void): void {
    for (const connection of this.#slots) if (connection !== null) visit(connection);
  }

  #home(connection: C): number {
    const { localPort, remoteAddress, remotePort } = connection;
    return this.#hash(localPort, remoteAddress, remotePort) & this.#mask;
  }

  #hash(localPort: number, remoteAddress: number, remotePort: number): number {
    const ports = Math.imul((localPort << 16) | remotePort, 0x85ebca6b);
    let h = Math.imul(remoteAddress ^ this.#key, 0x9e3779b1) ^ ports;
    h = Math.imul(h ^ (h >>> 15), 0x2c1b3c6d);
    return h ^ (h >>> 13);
  }

  #insert(connection: C): void {
    let i = this.#home(connection);
    while (this.#slots[i] !== null) i = (i + 1) & this.#mask;
    this.#slots[i] = connection;
  }

  #grow(): void {
    const old = this.#slots;
    this.#slots = new Array(2 * old.length).fill(null);
    this.#mask = this.#slots.length - 1;
    for (const connection of old) if (connection !== null) this.#insert(connection);
  }
}

function matches(connection: Named, localPort: number, remoteAddress: number, remotePort: number): boolean {
  return (
    connection.remotePort === remotePort &&
    connection.localPort === localPort &&
    connection.remoteAddress === remoteAddress
  );
}

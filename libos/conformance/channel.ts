/**
 * Messages between the process of a test and its agent, over a pair of Unix sockets, one after the other in
 * each direction. Both ends block: a test calls a remote libOS as it calls one in its own process, and the
 * agent never returns to Node's event loop, as no data path does.
 *
 *     length (4 bytes, little endian)   value, as node:v8 serializes it: NaN, Infinity and bytes arrive as such
 */
import { closeSync, readSync, writeSync, writevSync } from 'node:fs';
import { deserialize, serialize } from 'node:v8';
import { mapAnonymous } from '../memory/anonymous.ts';
import { Errno, errno, errnoName, libc } from '../native/libc.ts';

const socketpairCall = libc.func('socketpair', 'int', ['int', 'int', 'int', 'uintptr_t']);
const pollCall = libc.func('poll', 'int', ['uintptr_t', 'unsigned long', 'int']);

const AF_UNIX = 1;
const SOCK_STREAM_CLOEXEC = 0o2000001;
const POLLIN = 1;
const LENGTH_BYTES = 4;

//   0 two descriptors of socketpair (4 each)   8 pollfd: descriptor (4), events (2), revents (2)
const scratch = mapAnonymous(4096);
const memory = new DataView(scratch.bytes.buffer);

/** Two connected sockets, closed in the programs that this process starts unless they are given one. */
export function socketPair(): [number, number] {
  if (socketpairCall(AF_UNIX, SOCK_STREAM_CLOEXEC, 0, scratch.address) < 0) {
    throw new Error(`socketpair: ${errnoName(errno())}`);
  }
  return [memory.getInt32(0, true), memory.getInt32(4, true)];
}

/** There is nobody at the other end any more. */
export class ChannelEnded extends Error {}

export class AgentChannel {
  readonly #fd: number;

  /** @param fd a blocking socket, which the channel closes */
  constructor(fd: number) {
    this.#fd = fd;
  }

  /** Whether a message, or the end of the channel, has come; waits for it for up to `timeoutMs`. */
  readable(timeoutMs: number): boolean {
    memory.setInt32(8, this.#fd, true);
    memory.setInt32(12, POLLIN, true);
    const giveUp = timeoutMs > 0 ? performance.now() + timeoutMs : 0;
    for (let leftMs = timeoutMs; ; leftMs = Math.max(0, Math.ceil(giveUp - performance.now()))) {
      const ready: number = pollCall(scratch.address + 8, 1, leftMs);
      if (ready >= 0) return ready > 0;
      // Interrupted by a signal, as when an agent ends.
      if (errno() !== Errno.EINTR) throw new Error(`poll: ${errnoName(errno())}`);
    }
  }

  /** Throws ChannelEnded. */
  send(value: unknown): void {
    const body = serialize(value);
    const length = Buffer.alloc(LENGTH_BYTES);
    length.writeUInt32LE(body.length);
    this.#whileOpen(() => {
      let written = writevSync(this.#fd, [length, body]) - LENGTH_BYTES;
      while (written < body.length) written += writeSync(this.#fd, body, written);
    });
  }

  /** Waits for the next message. Throws ChannelEnded. */
  receive(): unknown {
    return deserialize(this.#read(this.#read(LENGTH_BYTES).readUInt32LE()));
  }

  close(): void {
    closeSync(this.#fd);
  }

  #read(bytes: number): Buffer {
    const buffer = Buffer.allocUnsafe(bytes);
    this.#whileOpen(() => {
      for (let have = 0; have < bytes; ) {
        const count = readSync(this.#fd, buffer, have, bytes - have, null);
        if (count === 0) throw new ChannelEnded();
        have += count;
      }
    });
    return buffer;
  }

  #whileOpen(transfer: () => void): void {
    try {
      transfer();
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      throw code === 'EPIPE' || code === 'ECONNRESET' ? new ChannelEnded() : error;
    }
  }
}

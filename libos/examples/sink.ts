/**
 * A sink on the libOS: it takes messages over a stream and answers each with its length, so that a client sees what
 * arrives. A message is its length, four bytes in network order, and so many bytes; the answer is these four bytes.
 */
import type { Libos, ScatterGatherArray } from '../index.ts';
import type { Service } from './service.ts';

const LENGTH_BYTES = 4;

export function sink(libos: Libos, { endpoint, ready, stopped }: Service): void {
  /** By queue descriptor. */
  const streams: MessageStream[] = [];
  const server = libos.socket('stream');
  libos.bind(server, endpoint);
  libos.listen(server, 128);
  libos.accept(server);
  ready(libos.localEndpoint(server));
  while (!stopped()) {
    const count = libos.waitNext(64, 1);
    for (let i = 0; i < count; i++) {
      const { operation, qd, error, sga, newQd } = libos.completions[i];
      if (operation === 'accept') {
        libos.accept(server);
        if (error !== null) continue;
        streams[newQd] = new MessageStream();
        libos.pop(newQd);
      } else if (operation === 'pop' && sga !== null) {
        const answers = streams[qd].take(libos, sga);
        libos.free(sga);
        if (answers === null) {
          libos.pop(qd);
          continue;
        }
        libos.push(qd, answers);
        libos.free(answers); // once they are sent
      } else if (operation === 'push' && error === null) {
        libos.pop(qd);
      } else {
        libos.close(qd);
      }
    }
  }
}

class MessageStream {
  /** Of the message that comes: bytes of its length so far, the length by them, and bytes of its body to come. */
  #lengthBytes = 0;
  #length = 0;
  #left = 0;

  /** The answers to the messages that end in `sga`, what one pop has brought; null where none does. */
  take(libos: Libos, sga: ScatterGatherArray): ScatterGatherArray | null {
    let answers: Answers | null = null;
    for (let i = 0; i < sga.segmentCount; i++) {
      const { bytes, offset, length } = sga.segments[i];
      const end = offset + length;
      for (let at = offset; at < end; ) {
        at = this.#step(bytes, at, end);
        if (this.#lengthBytes < LENGTH_BYTES || this.#left > 0) continue;
        answers ??= new Answers(libos, sga.byteLength);
        answers.add(this.#length);
        this.#lengthBytes = 0;
        this.#length = 0;
      }
    }
    return answers === null ? null : answers.sga;
  }

  /** Takes the next of bytes[at, end), of a message's length or its body. Returns where it got to. */
  #step(bytes: Uint8Array, at: number, end: number): number {
    if (this.#lengthBytes < LENGTH_BYTES) {
      this.#length = this.#length * 256 + bytes[at];
      if (++this.#lengthBytes === LENGTH_BYTES) this.#left = this.#length;
      return at + 1;
    }
    const part = Math.min(this.#left, end - at);
    this.#left -= part;
    return at + part;
  }
}

class Answers {
  readonly sga: ScatterGatherArray;
  #segment = 0;

  /** Room for the answers to all messages that can end within so many bytes. */
  constructor(libos: Libos, bytes: number) {
    // The first message may have begun before them, the others have four bytes at least.
    this.sga = libos.alloc(LENGTH_BYTES * (1 + Math.floor((bytes - 1) / LENGTH_BYTES)));
    for (let i = 0; i < this.sga.segmentCount; i++) this.sga.segments[i].length = 0;
  }

  add(length: number): void {
    let to = this.sga.segments[this.#segment];
    if (to.length === to.capacity) to = this.sga.segments[++this.#segment];
    for (let shift = 24; shift >= 0; shift -= 8) to.bytes[to.offset + to.length++] = length >>> shift;
  }
}

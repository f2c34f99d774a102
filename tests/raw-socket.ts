/**
 * TCP connections of a test that makes each of their system calls itself: pieces, resets and ends are its own, and all
 * that the server sent before it closed is read, which a socket of Node may drop when the connection is reset.
 */
import { setImmediate as nextLoop, setTimeout as sleep } from 'node:timers/promises';
import { parseIpv4 } from '../libos/endpoint.ts';
import { mapAnonymous } from '../libos/memory/anonymous.ts';
import { Errno, errno, errnoName, libc } from '../libos/native/libc.ts';
import * as sys from '../libos/native/sockets.ts';

const SOL_SOCKET = 1;
const SO_LINGER = 13;
const CHUNK_BYTES = 256 * 1024;
const PATIENCE_MS = 60_000;

const memory = mapAnonymous(CHUNK_BYTES);
const setsockopt = libc.func('setsockopt', 'int', ['int', 'int', 'int', 'uintptr_t', 'uint32_t']);

export class RawSocket {
  /** Nothing is received while this is false. */
  reads = true;
  /** How the server closed it, a refusal being a reset; null while it is open. */
  closed: 'end' | 'reset' | null = null;
  receivedBytes = 0;
  readonly #fd: number;
  readonly #received: Buffer[] = [];
  #pieces: Uint8Array[] = [];
  #sentOfPiece = 0;
  #endsWhenSent = false;
  #isBroken = false;
  #isOpen = true;

  constructor(address: string, port: number) {
    this.#fd = sys.openSocket(sys.SOCK_STREAM);
    if (this.#fd < 0) throw new Error(`no socket: ${errnoName(errno())}`);
    sys.enableNoDelay(this.#fd);
    const failed = sys.connect(this.#fd, parseIpv4(address, 'connect', -1), port) < 0;
    if (failed && errno() !== Errno.EINPROGRESS) throw new Error(`no connection: ${errnoName(errno())}`);
  }

  /** To be sent in one piece, in latin1. */
  write(text: string): void {
    this.#pieces.push(Buffer.from(text, 'latin1'));
  }

  /** Sends its end behind all that was written. */
  end(): void {
    this.#endsWhenSent = true;
  }

  /** Closes it by a reset. */
  reset(): void {
    if (!this.#isOpen) return;
    memory.bytes.set([1, 0, 0, 0, 0, 0, 0, 0]);
    setsockopt(this.#fd, SOL_SOCKET, SO_LINGER, memory.address, 8);
    this.close();
  }

  close(): void {
    if (this.#isOpen) sys.close(this.#fd);
    this.#isOpen = false;
  }

  get hasUnsent(): boolean {
    return this.#pieces.length > 0 || this.#endsWhenSent;
  }

  /** All that has come, in latin1. */
  get text(): string {
    return Buffer.concat(this.#received).toString('latin1');
  }

  /** Forgets what has come. */
  clear(): void {
    this.#received.length = 0;
  }

  /** Sends and receives what goes without waiting; whether anything did. */
  pump(): boolean {
    if (!this.#isOpen || this.closed !== null) return false;
    const sent = this.#send();
    return (this.reads && this.#receive()) || sent;
  }

  #send(): boolean {
    let progress = false;
    while (this.#pieces.length > 0) {
      const piece = this.#pieces[0];
      const part = piece.subarray(this.#sentOfPiece, this.#sentOfPiece + CHUNK_BYTES);
      memory.bytes.set(part);
      const sent = sys.send(this.#fd, memory.address, part.length, sys.SEND_FLAGS);
      if (sent < 0) {
        if (errno() === Errno.EAGAIN) return progress;
        // What came before the failure can still be read.
        this.#isBroken = true;
        this.#pieces = [];
        this.#endsWhenSent = false;
        return true;
      }
      progress = true;
      this.#sentOfPiece += sent;
      if (this.#sentOfPiece < piece.length) continue;
      this.#pieces.shift();
      this.#sentOfPiece = 0;
    }
    // A connection that is not made yet cannot be ended.
    if (!this.#endsWhenSent || sys.shutdown(this.#fd, sys.SHUT_WR) < 0) return progress;
    this.#endsWhenSent = false;
    return true;
  }

  #receive(): boolean {
    let progress = false;
    for (;;) {
      const bytes = sys.recv(this.#fd, memory.address, CHUNK_BYTES, sys.MSG_DONTWAIT);
      if (bytes < 0 && errno() === Errno.EAGAIN) return progress;
      progress = true;
      if (bytes <= 0) {
        this.closed = bytes < 0 || this.#isBroken ? 'reset' : 'end';
        return true;
      }
      this.receivedBytes += bytes;
      this.#received.push(Buffer.from(memory.bytes.subarray(0, bytes)));
    }
  }
}

/** Pumps all of them until this is so; throws when it is not in a minute. */
export async function pumpUntil(
  sockets: readonly RawSocket[],
  what: string,
  isSo: () => boolean,
): Promise<void> {
  const until = performance.now() + PATIENCE_MS;
  while (!isSo()) {
    if (performance.now() > until) throw new Error(`not in a minute: ${what}`);
    await pumpOnce(sockets);
  }
}

/** Lets a millisecond pass when nothing went; whether anything did. */
export async function pumpOnce(sockets: readonly RawSocket[]): Promise<boolean> {
  let progress = false;
  for (const socket of sockets) progress = socket.pump() || progress;
  await (progress ? nextLoop() : sleep(1));
  return progress;
}

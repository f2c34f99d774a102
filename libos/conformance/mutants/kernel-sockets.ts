/**
 * What mutants of the backends kernel and uring do to their sockets, past libos/native/sockets.ts, calls of which they
 * replace.
 */
import { mapAnonymous } from '../../memory/anonymous.ts';
import { libc } from '../../native/libc.ts';
import type { Queue } from '../../transport.ts';
import type { UringQueue } from '../../uring/queue.ts';

const recv = libc.func('recv', 'int', ['int', 'uintptr_t', 'size_t', 'int']);
const accept = libc.func('accept', 'int', ['int', 'uintptr_t', 'uintptr_t']);

const fcntl = libc.func('fcntl', 'int', ['int', 'int', 'long']);

const F_SETFL = 4;
const O_NONBLOCK = 0o4000;
const MSG_PEEK = 2;
const MSG_DONTWAIT = 0x40;
const SCRATCH_BYTES = 64 * 1024;

/** Reads what is there, for nobody. */
export function discardUnread(fd: number): void {
  const scratch = mapAnonymous(SCRATCH_BYTES);
  while (recv(fd, scratch.address, SCRATCH_BYTES, MSG_DONTWAIT) > 0);
  scratch.unmap();
}

/** The end of the peer's stream has come, and nothing is before it. */
export function isAtItsEnd(fd: number): boolean {
  const scratch = mapAnonymous(1);
  const bytes = recv(fd, scratch.address, 1, MSG_PEEK | MSG_DONTWAIT);
  scratch.unmap();
  return bytes === 0;
}

/** Of what the backend uring has received, nobody hears. */
export function forgetReceived(queue: Queue): void {
  const received = queue as Partial<UringQueue>;
  for (let segment = received.firstReceived ?? null; segment !== null; ) {
    const { next } = segment;
    segment.home.give(segment);
    segment = next;
  }
  received.firstReceived = null;
  received.lastReceived = null;
}

/** Accepts what waits, for nobody. */
export function acceptPending(fd: number): void {
  fcntl(fd, F_SETFL, O_NONBLOCK);
  while (accept(fd, 0, 0) >= 0);
}

/**
 * What the conformance suite asks of the backend uring: its sockets are the kernel's, and it keeps a little itself. And
 * what there is of io_uring on this machine: tests of what is not there are left out, which is reported.
 */
import { socketBuffers } from '../native/test-socket-buffers.ts';
import { uringBackend } from './backend.ts';
import { examineUring } from './doctor.ts';

type RingKind = 'io_uring' | 'io_uring sqpoll' | 'io_uring napi';

const findings = [...examineUring()];

/** Whether the kernel gives such a ring. That no fault of ours makes it false, refusal.test.ts holds. */
export function hasRing(kind: RingKind = 'io_uring'): boolean {
  return findings.some(({ what, works }) => what === kind && works);
}

/** What is received ahead of pops: 64 KiB, and what one turn brings before it is held back. */
const AHEAD_BYTES = 64 * 1024 + 32 * 16 * 1024;

export const uringTraits = {
  unreadBytes: socketBuffers.unreadBytes + AHEAD_BYTES,
  datagramBytes: socketBuffers.datagramBytes,
  acknowledges: uringBackend.acknowledges,
  socketOptions: uringBackend.socketOptions,
} as const;

/** What the conformance suite asks of the backend uring: its sockets are the kernel's, and it keeps a little itself. */
import { readFileSync } from 'node:fs';
import { uringBackend } from './backend.ts';

/** As long as the kernel may make the buffer of a connection, in one direction. */
function bufferLimit(direction: 'rmem' | 'wmem'): number {
  return Number(readFileSync(`/proc/sys/net/ipv4/tcp_${direction}`, 'utf8').trim().split(/\s+/)[2]);
}

/** What is received ahead of pops: 64 KiB, and what one turn brings before it is held back. */
const AHEAD_BYTES = 64 * 1024 + 32 * 16 * 1024;

export const uringTraits = {
  unreadBytes: bufferLimit('wmem') + bufferLimit('rmem') + AHEAD_BYTES,
  datagramBytes: 65_535 - 28,
  acknowledges: uringBackend.acknowledges,
} as const;

/** What the conformance suite asks of a backend, for the kernel's sockets on the loopback interface. */
import { readFileSync } from 'node:fs';
import { kernelBackend } from './backend.ts';

/** As long as the kernel may make the buffer of a connection, in one direction. */
function bufferLimit(direction: 'rmem' | 'wmem'): number {
  return Number(readFileSync(`/proc/sys/net/ipv4/tcp_${direction}`, 'utf8').trim().split(/\s+/)[2]);
}

export const kernelTraits = {
  unreadBytes: bufferLimit('wmem') + bufferLimit('rmem'),
  // What fits into an IPv4 packet behind its header and UDP's.
  datagramBytes: 65_535 - 28,
  acknowledges: kernelBackend.acknowledges,
  socketOptions: kernelBackend.socketOptions,
} as const;

/** What the conformance suite asks of sockets of the kernel's: how much they hold. */
import { readFileSync } from 'node:fs';

/** As long as the kernel may make the buffer of a connection, in one direction. */
function mostBytes(direction: 'rmem' | 'wmem'): number {
  return Number(readFileSync(`/proc/sys/net/ipv4/tcp_${direction}`, 'utf8').trim().split(/\s+/)[2]);
}

export const socketBuffers = {
  unreadBytes: mostBytes('wmem') + mostBytes('rmem'),
  // What fits into an IPv4 packet behind its header and UDP's.
  datagramBytes: 65_535 - 28,
} as const;

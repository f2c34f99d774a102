/** Pairs of devices that are a wire (veth(4)), made by ip(8). */
import { execFileSync } from 'node:child_process';

export interface VethEnd {
  interface: string;
  /** The network namespace that it is in: its path, or a process there. Absent: that of this thread. */
  network?: string | number;
  /** Of its frames, in bytes; absent: the kernel's default. */
  mtu?: number;
}

/** Joins two ends, which are down and have no addresses then. Throws what ip says, as `stderr`. */
export function makeVethPair(one: VethEnd, other: VethEnd): void {
  const words = ['link', 'add', ...wordsOf(one), 'type', 'veth', 'peer', ...wordsOf(other)];
  execFileSync('ip', words, { stdio: ['ignore', 'ignore', 'pipe'], encoding: 'utf8' });
}

function wordsOf({ interface: name, network, mtu }: VethEnd): string[] {
  return [
    ...['name', name],
    ...(network === undefined ? [] : ['netns', `${network}`]),
    ...(mtu === undefined ? [] : ['mtu', `${mtu}`]),
  ];
}

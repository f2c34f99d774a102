/** The network namespace (network_namespaces(7)) that a thread is in. Each thread has one of its own. */
import { closeSync, openSync } from 'node:fs';
import { errno, errnoName, libc } from './libc.ts';

/** linux/sched.h */
const CLONE_NEWNET = 0x4000_0000;

const unshare = libc.func('int unshare(int flags)');
const setns = libc.func('int setns(int fd, int type)');

/** This thread's. An open file of it keeps a namespace that has no name. */
export const OWN_NETWORK = '/proc/thread-self/ns/net';

/**
 * A new network namespace for this thread, and for what it starts from now on (unshare(2)): in it there is nothing but
 * a loopback device that is down. Throws what Linux said.
 */
export function makeNetwork(): void {
  if (unshare(CLONE_NEWNET) !== 0) throw new Error(`unshare: ${errnoName(errno())}`);
}

/** Brings this thread into the network namespace of an open file (setns(2)). Throws what Linux said. */
export function enterNetwork(fd: number): void {
  if (setns(fd, CLONE_NEWNET) !== 0) throw new Error(`setns: ${errnoName(errno())}`);
}

/**
 * What `body` returns that runs elsewhere, where `enter` has brought this thread. It is back then. What is opened
 * meanwhile, such as sockets, stays there. Throws what any of them throws.
 */
export function elsewhere<T>(enter: () => void, body: () => T): T {
  const home = openSync(OWN_NETWORK, 'r');
  try {
    enter();
    try {
      return body();
    } finally {
      enterNetwork(home);
    }
  } finally {
    closeSync(home);
  }
}

/**
 * The Unix socket by which the two ends of a memif link find each other. DPDK leaves the file behind when the
 * server's process is killed, and says little when it is in the way.
 */
import { lstatSync, rmSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { LibosError } from '../errors.ts';
import { mapAnonymous } from '../memory/anonymous.ts';
import { Errno, errno, errnoName, libc } from '../native/libc.ts';

const socketCall = libc.func('socket', 'int', ['int', 'int', 'int']);
const connectCall = libc.func('connect', 'int', ['int', 'uintptr_t', 'uint32_t']);
const closeCall = libc.func('close', 'int', ['int']);

const AF_UNIX = 1;
const SOCK_SEQPACKET_NONBLOCK = 5 | 0o4000;
const SOCKADDR_BYTES = 110;

/** sun_path without its terminating zero (unix(7)). */
export const MAX_SOCKET_PATH_BYTES = 107;

/**
 * Makes way for a server and returns the path to give to DPDK. Throws INVALID_ARGUMENT for a path that
 * cannot be one, ADDRESS_IN_USE when a server is alive behind it.
 */
export function claimSocket(role: 'server' | 'client', path: string): string {
  const absolute = resolve(path);
  if (!isDirectory(dirname(absolute))) {
    throw refusal(
      'INVALID_ARGUMENT',
      `socket=${path}: there is no folder ${dirname(absolute)}; make it first`,
    );
  }
  if (role === 'client') return asClient(absolute);
  const stat = lstatSync(absolute, { throwIfNoEntry: false });
  if (stat === undefined) return absolute;
  if (!stat.isSocket()) {
    throw refusal(
      'INVALID_ARGUMENT',
      `socket=${path} exists and is no socket; name another path or remove it`,
    );
  }
  const result = tryConnect(absolute);
  if (result === 0 || result === Errno.EAGAIN) {
    throw refusal(
      'ADDRESS_IN_USE',
      `socket=${path} is the socket of a memif server that runs; name another path or end it`,
    );
  }
  if (result !== Errno.ECONNREFUSED) {
    throw refusal(
      'ADDRESS_IN_USE',
      `socket=${path} is not a memif socket (${errnoName(result)}); name another path`,
    );
  }
  rmSync(absolute, { force: true });
  return absolute;
}

/**
 * Within one process DPDK takes two ends with the same path for one thing, and if the client is first the
 * server never listens. A second slash makes them differ, and means the same to the kernel.
 */
function asClient(absolute: string): string {
  const differing = absolute.replace(/\/(?=[^/]*$)/, '//');
  return Buffer.byteLength(differing) <= MAX_SOCKET_PATH_BYTES ? differing : absolute;
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

/** 0 when somebody listens, else the error number. */
function tryConnect(path: string): number {
  const address = mapAnonymous(4096);
  const fd = socketCall(AF_UNIX, SOCK_SEQPACKET_NONBLOCK, 0);
  try {
    address.bytes[0] = AF_UNIX;
    Buffer.from(address.bytes.buffer).write(path, 2);
    return connectCall(fd, address.address, SOCKADDR_BYTES) === 0 ? 0 : errno();
  } finally {
    closeCall(fd);
    address.unmap();
  }
}

function refusal(code: 'INVALID_ARGUMENT' | 'ADDRESS_IN_USE', detail: string): LibosError {
  return new LibosError(code, 'dpdk', -1, detail);
}

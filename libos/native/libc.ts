/**
 * The C library, as every part of the libOS reaches it: koffi functions over integers only. Pointers are
 * passed as numbers (user-space addresses are below 2^47), since a foreign call with integer arguments costs
 * a third of one with buffers.
 */
import koffi, { type LibraryHandle } from 'koffi';
import { LibosError } from '../errors.ts';

function loadLibc(): LibraryHandle {
  if (process.platform !== 'linux') {
    throw new LibosError(
      'BACKEND_UNAVAILABLE',
      'load',
      -1,
      `the libOS needs Linux, this is ${process.platform}`,
    );
  }
  try {
    return koffi.load('libc.so.6');
  } catch (cause) {
    const detail = `cannot load libc.so.6 (${(cause as Error).message}): the libOS needs glibc, as Debian has it`;
    throw new LibosError('BACKEND_UNAVAILABLE', 'load', -1, detail);
  }
}

export const libc = loadLibc();

/** The calling thread's errno of the last foreign call. */
export const errno = koffi.errno as () => number;

/** Linux's error numbers that the libOS acts on (asm-generic/errno.h; the same on x86-64 and arm64). */
export const Errno = {
  EPERM: 1,
  EINTR: 4,
  EBADF: 9,
  EAGAIN: 11,
  EACCES: 13,
  EINVAL: 22,
  ENFILE: 23,
  EMFILE: 24,
  EPIPE: 32,
  EMSGSIZE: 90,
  EADDRINUSE: 98,
  EADDRNOTAVAIL: 99,
  ENETUNREACH: 101,
  ECONNABORTED: 103,
  ECONNRESET: 104,
  ENOTCONN: 107,
  ETIMEDOUT: 110,
  ECONNREFUSED: 111,
  EHOSTUNREACH: 113,
  EINPROGRESS: 115,
} as const;

const names = new Map<number, string>(Object.entries(koffi.os.errno).map(([name, number]) => [number, name]));

/** 'EADDRINUSE' for 98. */
export function errnoName(number: number): string {
  return names.get(number) ?? `errno ${number}`;
}

/** Why the kernel gives no ring, and what to do about it. */
import { readFileSync } from 'node:fs';
import { release } from 'node:os';
import { errnoName, LibosError } from '../backend-api.ts';
import type { UringOptions } from './options.ts';

/** linux/io_uring.h needs these; errno.h. */
const EPERM = 1;
const ENOMEM = 12;
const EINVAL = 22;
const ENFILE = 23;
const EMFILE = 24;
const ENOSYS = 38;

/** DEFER_TASKRUN and SENDMSG_ZC are of that version. */
const NEEDED_LINUX = '6.1';

export interface KernelFacts {
  /** As uname -r says. */
  release: string;
  /** kernel.io_uring_disabled; null where this kernel has no such switch. */
  disabled: number | null;
}

export function kernelFacts(): KernelFacts {
  let disabled: number | null = null;
  try {
    disabled = Number(readFileSync('/proc/sys/kernel/io_uring_disabled', 'utf8'));
  } catch {
    // Of Linux 6.6.
  }
  return { release: release(), disabled };
}

/** For the number of an error of io_uring_setup, or 0 where it gave a ring that lacks something. */
export function refusal(
  number: number,
  options: UringOptions,
  facts: KernelFacts = kernelFacts(),
): LibosError {
  const detail = `${reason(number, options, facts)}; --backend kernel goes over the same sockets without it`;
  return new LibosError(
    number === EMFILE || number === ENFILE ? 'TOO_MANY_OPEN_FILES' : 'BACKEND_UNAVAILABLE',
    'uring',
    -1,
    detail,
  );
}

function reason(
  number: number,
  { sqpoll }: UringOptions,
  { release: version, disabled }: KernelFacts,
): string {
  const needed = `it takes Linux ${NEEDED_LINUX}, this is ${version}`;
  switch (number) {
    case 0:
      return `this kernel's io_uring lacks what the backend needs: ${needed}`;
    case ENOSYS:
      return (
        `this kernel has no io_uring (ENOSYS): ${needed}, built with CONFIG_IO_URING; in a container a filter of ` +
        'system calls may say so too: run it with --security-opt seccomp=unconfined'
      );
    case EPERM:
      return forbidden(disabled);
    case EINVAL:
      if (sqpoll?.core != null) {
        return `the kernel refuses the ring (EINVAL): is ${sqpoll.core} a core that is on line? Else ${needed}`;
      }
      return `the kernel refuses a ring with DEFER_TASKRUN and SINGLE_ISSUER (EINVAL): ${needed}`;
    case ENOMEM:
      return 'there is no memory for the ring (ENOMEM): raise the limit of locked memory, ulimit -l';
    case EMFILE:
    case ENFILE:
      return 'no file is left for the ring: raise the limit with ulimit -n';
    default:
      return `io_uring_setup failed (${errnoName(number)}); ${needed}`;
  }
}

function forbidden(disabled: number | null): string {
  if (disabled === 2) {
    const remedy = 'as root, sysctl -w kernel.io_uring_disabled=0';
    return `io_uring is switched off for all (kernel.io_uring_disabled=2): ${remedy}`;
  }
  if (disabled === 1) {
    return (
      'io_uring is for a group of users alone (kernel.io_uring_disabled=1): be of the group kernel.io_uring_group, ' +
      'have CAP_SYS_ADMIN, or as root: sysctl -w kernel.io_uring_disabled=0'
    );
  }
  return (
    'a filter of system calls (seccomp) forbids io_uring, as containers often do: docker run --security-opt ' +
    'seccomp=unconfined, or a profile that allows io_uring_setup, io_uring_enter and io_uring_register'
  );
}

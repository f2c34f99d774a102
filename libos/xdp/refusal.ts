/** Why there is no XDP socket on an interface, and what to do about it. */
import { type ErrorCode, LibosError } from '../errors.ts';
import { errnoName } from '../native/libc.ts';
import { OpenStep } from './glue.ts';
import { NAME, type XdpOptions } from './options.ts';

/** errno.h */
const EPERM = 1;
const ENOMEM = 12;
const EBUSY = 16;
const EEXIST = 17;
const EINVAL = 22;
const EMFILE = 24;
const ENOSYS = 38;
const EOPNOTSUPP = 95;
const EAFNOSUPPORT = 97;
const ENOBUFS = 105;

const NEEDED = 'it takes Linux 5.9 or later, built with CONFIG_XDP_SOCKETS and CONFIG_BPF_SYSCALL';
const WITHOUT = '--backend dpdk -o device=af_packet goes over interfaces without it';

/** What was asked for. */
export interface Attempt extends Pick<XdpOptions, 'attach' | 'zeroCopy' | 'packetBuffers'> {
  interface: string;
  /** Of the interface, '' where it does not say. */
  driver: string;
  queue: number;
  memoryBytes: number;
}

/** For what the glue says of its open. */
export function refusal(step: OpenStep, error: number, attempt: Attempt): LibosError {
  const [code, detail] = reason(step, error, attempt);
  return refused(code, detail);
}

export function refused(code: ErrorCode, detail: string): LibosError {
  return new LibosError(code, NAME, -1, detail);
}

function reason(step: OpenStep, error: number, attempt: Attempt): [ErrorCode, string] {
  const name = errnoName(error);
  if (error === EMFILE) return ['TOO_MANY_OPEN_FILES', 'no file is left for the socket: raise ulimit -n'];
  switch (step) {
    case OpenStep.Socket:
      return ['BACKEND_UNAVAILABLE', withoutSocket(error)];
    case OpenStep.Memory:
      return memory(error, attempt);
    case OpenStep.Bind:
      return bind(error, attempt);
    case OpenStep.Map:
    case OpenStep.Load:
      if (error === EPERM) {
        return [
          'PERMISSION_DENIED',
          'no XDP program may be loaded here (EPERM): run it as root; in a container with --cap-add BPF and a filter of ' +
            'system calls that allows bpf; with the kernel locked down not at all',
        ];
      }
      return ['BACKEND_UNAVAILABLE', `the kernel takes no XDP program (${name}): ${NEEDED}; ${WITHOUT}`];
    case OpenStep.Link:
      return link(error, attempt);
    default:
      return ['BACKEND_UNAVAILABLE', `the kernel gives no rings for an XDP socket (${name}): ${NEEDED}`];
  }
}

function withoutSocket(error: number): string {
  if (error === EPERM) {
    return (
      'no XDP socket may be opened here (EPERM): in a container allow it with --cap-add NET_RAW, and a filter of system ' +
      `calls that allows socket(AF_XDP); ${WITHOUT}`
    );
  }
  const what = error === EAFNOSUPPORT ? 'has no XDP sockets' : 'gives no XDP socket';
  return `this kernel ${what} (${errnoName(error)}): ${NEEDED}; ${WITHOUT}`;
}

function memory(error: number, { memoryBytes, packetBuffers }: Attempt): [ErrorCode, string] {
  const kib = Math.ceil(memoryBytes / 1024);
  if (error === ENOBUFS || error === ENOMEM || error === EPERM) {
    return [
      'NO_BUFFERS',
      `the kernel may not lock the ${kib} KiB of ${packetBuffers} frames (${errnoName(error)}): raise the limit, ulimit -l ` +
        `${kib}, give CAP_IPC_LOCK, or ask for fewer packet_buffers`,
    ];
  }
  return [
    'BACKEND_UNAVAILABLE',
    `the kernel does not take the memory for frames (${errnoName(error)}): ${NEEDED}`,
  ];
}

function bind(error: number, attempt: Attempt): [ErrorCode, string] {
  const { interface: name, queue, zeroCopy } = attempt;
  if (error === EBUSY) {
    return [
      'ADDRESS_IN_USE',
      `queue ${queue} of ${name} has an XDP socket already: end the program that has it, or give another queue`,
    ];
  }
  if (zeroCopy === 'yes') {
    const driver = attempt.driver === '' ? 'its driver' : `its driver, ${attempt.driver},`;
    return [
      'BACKEND_UNAVAILABLE',
      `interface=${name} refuses an XDP socket without a copy (${errnoName(error)}): ${driver} may have none: ` +
        'zero_copy=auto then takes one with a copy',
    ];
  }
  return [
    'BACKEND_UNAVAILABLE',
    `queue ${queue} of ${name} takes no XDP socket (${errnoName(error)}): ${NEEDED}; ${WITHOUT}`,
  ];
}

function link(error: number, { interface: name, attach, driver }: Attempt): [ErrorCode, string] {
  if (error === EBUSY || error === EEXIST) {
    return [
      'ADDRESS_IN_USE',
      `interface=${name} has an XDP program already, of another program, or left by one: end that, or ` +
        `ip link set dev ${name} xdp off`,
    ];
  }
  if (error === EPERM)
    return ['PERMISSION_DENIED', `no XDP program may be put on ${name} (EPERM): run it as root`];
  const isUnable = error === EOPNOTSUPP || error === EINVAL || error === ENOSYS;
  if (attach === 'native' && isUnable) {
    const what = driver === '' ? 'its driver' : `its driver, ${driver},`;
    return [
      'BACKEND_UNAVAILABLE',
      `interface=${name} runs no XDP program in ${what} (${errnoName(error)}): attach=auto then runs it above; packets ` +
        'that are too long for the driver may be why, too',
    ];
  }
  return ['BACKEND_UNAVAILABLE', `no XDP program can be linked to ${name} (${errnoName(error)}): ${NEEDED}`];
}

/** A network interface as Linux has it (netdevice(7)): of this thread's network namespace, whatever /sys shows. */
import { libc } from '../native/libc.ts';

const socketCall = libc.func('socket', 'int', ['int', 'int', 'int']);
const closeCall = libc.func('close', 'int', ['int']);
const ioctl = libc.func('int ioctl(int, unsigned long, void *)');

const AF_INET = 2;
const SOCK_DGRAM = 2;
const SIOCGIFFLAGS = 0x8913;
const SIOCGIFMTU = 0x8921;
const IFF_UP = 1;
/** struct ifreq: the name, and behind it what is asked for. */
const IFREQ_BYTES = 40;
const VALUE_AT = 16;

export interface NetworkInterface {
  /** Somebody has brought it up; whether its wire has another end is not said. */
  up: boolean;
  /** Largest packet in bytes. */
  mtu: number;
}

/** Null where there is none of that name. */
export function readInterface(name: string): NetworkInterface | null {
  const request = Buffer.alloc(IFREQ_BYTES);
  request.write(name, 0, VALUE_AT - 1);
  const fd = socketCall(AF_INET, SOCK_DGRAM, 0);
  try {
    if (ioctl(fd, SIOCGIFFLAGS, request) !== 0) return null;
    const up = (request.readUInt16LE(VALUE_AT) & IFF_UP) !== 0;
    if (ioctl(fd, SIOCGIFMTU, request) !== 0) return null;
    return { up, mtu: request.readInt32LE(VALUE_AT) };
  } finally {
    closeCall(fd);
  }
}

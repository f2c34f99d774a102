/** A network interface as Linux has it (netdevice(7)): of this thread's network namespace, whatever /sys shows. */
import { readFileSync } from 'node:fs';
import { mapAnonymous } from '../memory/anonymous.ts';
import { libc } from '../native/libc.ts';

const socketCall = libc.func('socket', 'int', ['int', 'int', 'int']);
const closeCall = libc.func('close', 'int', ['int']);
const ioctl = libc.func('ioctl', 'int', ['int', 'ulong', 'uintptr_t']);

const AF_INET = 2;
const SOCK_DGRAM = 2;
const SIOCGIFFLAGS = 0x8913;
const SIOCGIFMTU = 0x8921;
const SIOCETHTOOL = 0x8946;
const IFF_UP = 1;
/** struct ifreq: the name, and behind it what is asked for, or where. */
const NAME_BYTES = 16;

/** linux/ethtool.h: struct ethtool_drvinfo, the name of the driver behind the command. */
const ETHTOOL_GDRVINFO = 0x03;
const DRIVER_AT = 4;
const DRIVER_BYTES = 32;
/** struct ethtool_channels: those that only receive, and those that do both, as they are at present. */
const ETHTOOL_GCHANNELS = 0x3c;
const RECEIVING_AT = 20;
const COMBINED_AT = 32;
const PAGE_BYTES = 4096;

export interface NetworkInterface {
  /** Somebody has brought it up; whether its wire has another end is not said. */
  up: boolean;
  /** Largest packet in bytes. */
  mtu: number;
  /** Queues over which what comes is spread; 1 where its driver does not say. */
  receiveQueues: number;
  /** '' where it does not say. */
  driver: string;
}

/** Null where there is none of that name. */
export function readInterface(name: string): NetworkInterface | null {
  const page = mapAnonymous(PAGE_BYTES);
  const memory = Buffer.from(page.bytes.buffer);
  const [request, answer] = [memory.subarray(0, PAGE_BYTES / 2), memory.subarray(PAGE_BYTES / 2)];
  const fd = socketCall(AF_INET, SOCK_DGRAM, 0);
  const ask = (what: number): boolean => ioctl(fd, what, page.address) === 0;
  const askDriver = (command: number): boolean => {
    answer.fill(0);
    answer.writeUInt32LE(command);
    request.writeBigUInt64LE(BigInt(page.address + PAGE_BYTES / 2), NAME_BYTES);
    return ask(SIOCETHTOOL);
  };
  try {
    request.write(name, 0, NAME_BYTES - 1);
    if (!ask(SIOCGIFFLAGS)) return null;
    const up = (request.readUInt16LE(NAME_BYTES) & IFF_UP) !== 0;
    if (!ask(SIOCGIFMTU)) return null;
    const mtu = request.readInt32LE(NAME_BYTES);
    const hasQueues = askDriver(ETHTOOL_GCHANNELS);
    const queues = hasQueues ? answer.readUInt32LE(RECEIVING_AT) + answer.readUInt32LE(COMBINED_AT) : 1;
    const hasName = askDriver(ETHTOOL_GDRVINFO);
    const driver = hasName ? answer.toString('latin1', DRIVER_AT, DRIVER_AT + DRIVER_BYTES) : '';
    return { up, mtu, receiveQueues: Math.max(queues, 1), driver: driver.replace(/\0.*/s, '') };
  } finally {
    closeCall(fd);
    page.unmap();
  }
}

/** Names of all that there are, loopback apart. */
export function interfaceNames(): string[] {
  const lines = readFileSync('/proc/thread-self/net/dev', 'utf8').split('\n').slice(2);
  return lines.map((line) => line.split(':')[0].trim()).filter((name) => name !== '' && name !== 'lo');
}

/** The capabilities (capabilities(7)) that a device on one of Linux' interfaces needs. */
import { readFileSync } from 'node:fs';

/** Bits of CapEff. */
const capabilities = { NET_ADMIN: 12, NET_RAW: 13, SYS_ADMIN: 21, BPF: 39 } as const;
type Capability = keyof typeof capabilities;

const needed = {
  tap: ['NET_ADMIN'],
  // Its socket; DPDK sets the interface's address and mode as it starts.
  af_packet: ['NET_RAW', 'NET_ADMIN'],
  // Its socket; to attach a program to the interface; to load that.
  af_xdp: ['NET_RAW', 'NET_ADMIN', 'BPF'],
  // And a network namespace, for the pair of devices between two processes.
  af_xdp_pair: ['NET_RAW', 'NET_ADMIN', 'BPF', 'SYS_ADMIN'],
  // Namespaces of its own, and the devices in them.
  wire: ['SYS_ADMIN', 'NET_ADMIN'],
} as const satisfies Record<string, readonly Capability[]>;

/**
 * Those that are missing, such as CAP_NET_RAW.
 *
 * @param status the text of /proc/thread-self/status, default that of this thread
 */
export function missingRights(
  device: keyof typeof needed,
  status: string = readFileSync('/proc/thread-self/status', 'utf8'),
): string[] {
  const effective = BigInt(`0x${/^CapEff:\s*([0-9a-f]+)/m.exec(status)?.[1] ?? '0'}`);
  const has = (name: Capability) => ((effective >> BigInt(capabilities[name])) & 1n) === 1n;
  // What CAP_BPF permits, CAP_SYS_ADMIN did before there was one.
  return needed[device]
    .filter((name) => !has(name) && !(name === 'BPF' && has('SYS_ADMIN')))
    .map((name) => `CAP_${name}`);
}

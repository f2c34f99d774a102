/** The capabilities (capabilities(7)) that a device on one of Linux' interfaces needs. */

/** Bits of CapEff. */
const capabilities = { NET_ADMIN: 12, NET_RAW: 13, SYS_ADMIN: 21, BPF: 39 } as const;
type Capability = keyof typeof capabilities;

const needed = {
  tap: ['NET_ADMIN'],
  af_packet: ['NET_RAW'],
  // Its socket; to attach a program to the interface; to load that.
  af_xdp: ['NET_RAW', 'NET_ADMIN', 'BPF'],
} as const satisfies Record<string, readonly Capability[]>;

/**
 * Those that are missing, such as CAP_NET_RAW.
 *
 * @param status the text of /proc/thread-self/status
 * @param renamed the interface is to take frames for another Ethernet address than its own
 */
export function missingRights(device: keyof typeof needed, renamed: boolean, status: string): string[] {
  const effective = BigInt(`0x${/^CapEff:\s*([0-9a-f]+)/m.exec(status)?.[1] ?? '0'}`);
  const has = (name: Capability) => ((effective >> BigInt(capabilities[name])) & 1n) === 1n;
  const all = new Set<Capability>(needed[device]);
  if (renamed && device !== 'tap') all.add('NET_ADMIN');
  // What CAP_BPF permits, CAP_SYS_ADMIN did before there was one.
  return [...all]
    .filter((name) => !has(name) && !(name === 'BPF' && has('SYS_ADMIN')))
    .map((name) => `CAP_${name}`);
}

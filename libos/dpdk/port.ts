/** The port that DPDK is asked to make or to take, for each kind of device, and what must hold before. */
import { type ErrorCode, LibosError } from '../errors.ts';
import { readInterface } from '../frames/interface.ts';
import { missingRights } from '../frames/rights.ts';
import { PortFlag } from './glue.ts';
import { claimSocket } from './memif-socket.ts';
import { isForDpdk, nicAt, takingOver } from './nics.ts';
import { type DpdkOptions, largestMtu } from './options.ts';

export interface PortRequest {
  bus: 'vdev' | 'pci';
  /** The driver, which the glue adds a number to, or the PCI address. */
  name: string;
  args: string;
  /** Bytes; 0 for the device's own. */
  mtu: number;
  /** Null for the device's own. */
  mac: Uint8Array | null;
  flags: number;
  /** What to do when it fails. */
  remedy: string;
}

export const MEMIF_MTU = 9000;
/** Buffers of the shared memory: larger than any frame, so that both ends agree whatever their MTUs are. */
const MEMIF_BUFFER_BYTES = 10_240;
/** log2 of the frames that a ring of the shared memory holds. */
const MEMIF_LOG2_RING = 9;

/** Throws LibosError where the device cannot be had, so far as that shows before DPDK tries. */
export function portRequest(options: DpdkOptions): PortRequest {
  const { device, network } = options;
  const checksums = options.checksum === 'partial' ? PortFlag.PartialChecksums : 0;
  switch (device.kind) {
    case 'memif': {
      const socket = claimSocket(device.role, device.socket);
      return {
        bus: 'vdev',
        name: 'net_memif',
        args: `role=${device.role},id=0,socket-abstract=no,bsize=${MEMIF_BUFFER_BYTES},rsize=${MEMIF_LOG2_RING},socket=${socket}`,
        mtu: network.mtu ?? MEMIF_MTU,
        mac: network.mac ?? derivedMac(network.address),
        flags: checksums | (device.role === 'client' ? PortFlag.Reconnects : 0),
        remedy: 'bypassbench doctor shows whether memif works here.',
      };
    }
    case 'tap':
      requireRights(device);
      return {
        bus: 'vdev',
        name: 'net_tap',
        args: `iface=${device.interface}`,
        mtu: network.mtu ?? 1500,
        // The device's own address is the kernel's, at the other end.
        mac: network.mac ?? derivedMac(network.address),
        flags: checksums | PortFlag.SetMtu,
        remedy: 'tap needs root (CAP_NET_ADMIN) and /dev/net/tun; bypassbench doctor shows more.',
      };
    case 'af_packet': {
      const mtu = mtuOnInterface(device, network);
      // Slots of the ring that is shared with the kernel: the frame behind 66 bytes of the kernel's
      // (packet(7), TPACKET_V2), one or two of them in a block of pages.
      const slotBytes = Math.max(2048, Math.ceil((mtu + 96) / 16) * 16);
      const blockBytes = Math.ceil(slotBytes / 4096) * 4096;
      return {
        bus: 'vdev',
        name: 'net_af_packet',
        args: `iface=${device.interface},blocksz=${blockBytes},framesz=${slotBytes},framecnt=512,qdisc_bypass=1`,
        mtu,
        mac: network.mac,
        flags: checksums | (network.mac === null ? 0 : PortFlag.Promiscuous),
        remedy:
          'Without CAP_IPC_LOCK af_packet needs as much locked memory (ulimit -l) as its rings take; bypassbench doctor ' +
          'shows more.',
      };
    }
    case 'af_xdp':
      return {
        bus: 'vdev',
        name: 'net_af_xdp',
        args: `iface=${device.interface}`,
        mtu: mtuOnInterface(device, network),
        mac: network.mac,
        flags: PortFlag.HoldsBuffers | checksums | (network.mac === null ? 0 : PortFlag.Promiscuous),
        remedy:
          'af_xdp needs a kernel with XDP sockets (CONFIG_XDP_SOCKETS), and without CAP_IPC_LOCK as much locked memory ' +
          '(ulimit -l) as the packet pool takes; bypassbench doctor shows more.',
      };
    case 'pci':
      requireNic(device.address);
      return {
        bus: 'pci',
        name: device.address.toLowerCase(),
        args: '',
        mtu: network.mtu ?? 0,
        mac: network.mac,
        flags:
          PortFlag.Hardware |
          PortFlag.PoolInEal |
          PortFlag.HoldsBuffers |
          checksums |
          (network.mtu === null ? 0 : PortFlag.SetMtu),
        remedy: 'bypassbench doctor lists the NICs of this machine and what each lacks.',
      };
  }
}

/** A locally administered address (IEEE 802) that follows from the IPv4 address, so that both ends differ. */
export function derivedMac(address: number): Uint8Array {
  return Uint8Array.of(0x02, 0, address >>> 24, address >>> 16, address >>> 8, address);
}

type InterfaceDevice = Extract<DpdkOptions['device'], { interface: string }>;

/** The largest packet of a device on an interface that exists. Throws LibosError where it cannot be used. */
function mtuOnInterface(device: InterfaceDevice, { mtu }: DpdkOptions['network']): number {
  const { kind, interface: name } = device;
  const found = readInterface(name);
  if (found === null) {
    throw refusal('INVALID_ARGUMENT', `interface=${name}: there is no such interface; see ip link`);
  }
  requireRights(device);
  if (!found.up) throw refusal('LINK_DOWN', `interface=${name} is down: ip link set ${name} up`);
  const largest = largestMtu(kind);
  if (mtu === null && found.mtu > largest) {
    const remedy = 'give mtu=1500, which then holds for this end';
    throw refusal(
      'INVALID_ARGUMENT',
      `interface=${name} has packets of up to ${found.mtu} bytes, ${kind} of ${largest}: ${remedy}`,
    );
  }
  return mtu ?? found.mtu;
}

function requireRights({ kind }: InterfaceDevice): void {
  const missing = missingRights(kind);
  if (missing.length === 0) return;
  const detail = `device=${kind} needs root, or ${missing.join(' and ')}, which this process lacks: run it by sudo`;
  throw refusal('PERMISSION_DENIED', detail);
}

function requireNic(address: string): void {
  const nic = nicAt(address);
  if (nic === null) {
    throw refusal(
      'INVALID_ARGUMENT',
      `pci=${address}: there is no such device; bypassbench doctor lists the NICs`,
    );
  }
  if (isForDpdk(nic)) return;
  const whose = nic.driver === null ? 'no driver' : `the driver ${nic.driver}`;
  const detail = `pci=${address} has ${whose}; to take it from the kernel, for good, as root: ${takingOver(nic)}`;
  throw refusal('BACKEND_UNAVAILABLE', detail);
}

function refusal(code: ErrorCode, detail: string): LibosError {
  return new LibosError(code, 'dpdk', -1, detail);
}

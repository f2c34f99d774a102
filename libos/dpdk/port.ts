/** The port that DPDK is asked to make or to take, for each kind of device, and what must hold before. */
import { readFileSync } from 'node:fs';
import { LibosError } from '../errors.ts';
import { PortFlag } from './glue.ts';
import { claimSocket } from './memif-socket.ts';
import type { DpdkOptions } from './options.ts';

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
  switch (device.kind) {
    case 'memif': {
      const socket = claimSocket(device.role, device.socket);
      return {
        bus: 'vdev',
        name: 'net_memif',
        args: `role=${device.role},id=0,socket-abstract=no,bsize=${MEMIF_BUFFER_BYTES},rsize=${MEMIF_LOG2_RING},socket=${socket}`,
        mtu: network.mtu ?? MEMIF_MTU,
        mac: network.mac ?? derivedMac(network.address),
        flags: device.role === 'client' ? PortFlag.Reconnects : 0,
        remedy: 'bypassbench doctor shows whether memif works here.',
      };
    }
    case 'tap':
      return {
        bus: 'vdev',
        name: 'net_tap',
        args: `iface=${device.interface}`,
        mtu: network.mtu ?? 1500,
        // The device's own address is the kernel's, at the other end.
        mac: network.mac ?? derivedMac(network.address),
        flags: PortFlag.SetMtu,
        remedy: 'tap needs root (CAP_NET_ADMIN) and /dev/net/tun; bypassbench doctor shows more.',
      };
    case 'af_packet': {
      const mtu = network.mtu ?? interfaceMtu(device.interface);
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
        flags: network.mac === null ? 0 : PortFlag.Promiscuous,
        remedy: 'af_packet needs root (CAP_NET_RAW) and the interface up; bypassbench doctor shows more.',
      };
    }
    case 'af_xdp':
      return {
        bus: 'vdev',
        name: 'net_af_xdp',
        args: `iface=${device.interface}`,
        mtu: network.mtu ?? interfaceMtu(device.interface),
        mac: network.mac,
        flags: PortFlag.HoldsBuffers | (network.mac === null ? 0 : PortFlag.Promiscuous),
        remedy: 'af_xdp needs root and a kernel with XDP sockets; bypassbench doctor shows more.',
      };
    case 'pci':
      return {
        bus: 'pci',
        name: device.address,
        args: '',
        mtu: network.mtu ?? 0,
        mac: network.mac,
        flags:
          PortFlag.Hardware |
          PortFlag.PoolInEal |
          PortFlag.HoldsBuffers |
          (network.mtu === null ? 0 : PortFlag.SetMtu),
        remedy: 'bypassbench doctor lists the NICs of this machine and what each lacks.',
      };
  }
}

/** A locally administered address (IEEE 802) that follows from the IPv4 address, so that both ends differ. */
export function derivedMac(address: number): Uint8Array {
  return Uint8Array.of(0x02, 0, address >>> 24, address >>> 16, address >>> 8, address);
}

function interfaceMtu(name: string): number {
  try {
    return Number(readFileSync(`/sys/class/net/${name}/mtu`, 'utf8'));
  } catch {
    const detail = `interface=${name}: there is no such interface; see ip link`;
    throw new LibosError('INVALID_ARGUMENT', 'dpdk', -1, detail);
  }
}

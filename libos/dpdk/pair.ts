/** Two ends of DPDK on one machine: over memif, or at two NICs that a wire joins. */
import { join } from 'node:path';
import type { BackendPair } from '../backend-descriptor.ts';
import type { BackendOptions } from '../backend-options.ts';
import { DEFAULT_DEVICE } from './options.ts';

const SERVER_ADDRESS = '10.99.0.1';
const CLIENT_ADDRESS = '10.99.0.2';
const server = { ip: `${SERVER_ADDRESS}/24` };
const client = { ip: `${CLIENT_ADDRESS}/24` };

/** As BackendPairing.ends. */
export function dpdkPair(folder: string, given: BackendOptions): BackendPair | string {
  const { device = DEFAULT_DEVICE, peer_pci: peer, ...others } = given;
  if (device === 'pci') {
    if (others.pci === undefined || peer === undefined) {
      return 'of device=pci the NICs at both ends of a wire must be named, such as pci=0000:3b:00.0 and peer_pci=0000:5e:00.0';
    }
    return {
      address: SERVER_ADDRESS,
      server: { device, ...others, ...server },
      client: { device, ...others, pci: peer, ...client },
      together: true,
    };
  }
  if (device !== DEFAULT_DEVICE) {
    return `two ends of DPDK on one machine reach each other over ${DEFAULT_DEVICE}, or over two NICs (device=pci)`;
  }
  const both = { device, socket: join(folder, 'memif.sock'), ...given };
  return {
    address: SERVER_ADDRESS,
    server: { ...both, role: 'server', ...server },
    client: { ...both, role: 'client', ...client },
  };
}

/** What {placeholders} of a system's hosts stand for: of the host where the word is used, and of its network. */
import type { PlacedHost, Placement } from '../lab/where.ts';
import { hasOwnNetwork } from '../machine/backends.ts';

/** What may stand in braces in `start`, `env` and options of a system whose `place` has a network. */
export const hostPlaceholders = [
  'address',
  'prefix',
  'libos_address',
  'interface',
  'pci',
  'rdma_device',
  'gid_index',
  'rdma_provider',
] as const;
type HostPlaceholder = (typeof hostPlaceholders)[number];
export type HostValues = Partial<Record<HostPlaceholder, string>>;

/** The key of a network that says each. */
export const keyOfPlaceholder: Readonly<Record<HostPlaceholder, string>> = {
  address: 'address',
  prefix: 'address',
  libos_address: 'libos_address',
  interface: 'interface',
  pci: 'pci',
  rdma_device: 'rdma.device',
  gid_index: 'rdma.gid_index',
  rdma_provider: 'rdma.provider',
};

/** Those that the host has. */
export function hostValues({ network }: PlacedHost): HostValues {
  if (network === null) return {};
  const { address, prefix_bits, libos_address, pci, rdma } = network;
  const values: Record<HostPlaceholder, string | number | null> = {
    address,
    prefix: prefix_bits,
    libos_address,
    interface: network.interface,
    pci,
    rdma_device: rdma?.device ?? null,
    gid_index: rdma?.gid_index ?? null,
    rdma_provider: rdma?.provider ?? null,
  };
  const said = Object.entries(values).filter(([, value]) => value !== null);
  return Object.fromEntries(said.map(([name, value]) => [name, String(value)]));
}

/** {host}: where the server is reached on its network; null: over loopback, or where its host does not say. */
export function serverAddress({ server: { network } }: Placement, backend: string): string | null {
  if (network === null) return null;
  return hasOwnNetwork(backend) ? network.libos_address : network.address;
}

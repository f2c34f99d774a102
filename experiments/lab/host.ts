/** A machine of the laboratory, with all that follows from what was said of it. */
import type { Provenance } from '../../results/formats/index.ts';
import { ownCheckout } from '../machine/checkout.ts';
import { type PrefixedAddress, parseAddress } from './addresses.ts';
import type { launchers, WrittenHost, WrittenHosts } from './schema.ts';

/** How ssh(1) reaches it; null: as its own configuration says. */
export interface SshTarget {
  host: string;
  user: string | null;
  port: number | null;
  identity: string | null;
  /** As its ProxyJump. */
  jump: string | null;
}

export interface RdmaDevice {
  /** Of libfabric's domain. */
  device: string;
  gid_index: number | null;
  provider: string | null;
}

/** What a host has of one network. */
export interface LabNetwork {
  name: string;
  /** Of the kernel, IPv4, without the prefix. */
  address: string;
  prefix_bits: number;
  /** Of a libOS with a TCP/IP of its own, in the same network. */
  libos_address: string | null;
  interface: string | null;
  /** In small letters. */
  pci: string | null;
  rdma: RdmaDevice | null;
  /** What it is, as figures name it. */
  device: string | null;
  provenance: Provenance;
}

export interface LabHost {
  /** As systems name it. */
  name: string;
  launcher: (typeof launchers)[number];
  /** Of launcher ssh; else null. */
  ssh: SshTarget | null;
  /** The node of Slurm, of launcher srun; else null. */
  node: string | null;
  /** The checkout there. One that begins with ~/ is below the home folder there. */
  folder: string;
  /** In the order in which they are taken. Null: nobody said, and on this machine systems say their own. */
  server_cores: readonly number[] | null;
  client_cores: readonly number[] | null;
  networks: readonly LabNetwork[];
  hugepages: { size: '2M' | '1G'; count: number } | null;
  env: Readonly<Record<string, string>>;
  clock: 'none' | 'ptp' | 'hardware';
}

export const DEFAULT_FOLDER = '~/bypassbench';

/** Of each mapping once: the points of a sweep ask for the hosts of each of their systems. */
const made = new WeakMap<WrittenHosts, readonly LabHost[]>();

/** Of hosts that are right by the schema and by host-checks.ts, in the order in which they were written. */
export function labHosts(written: WrittenHosts): readonly LabHost[] {
  const hosts = made.get(written) ?? Object.entries(written).map(([name, host]) => labHost(name, host));
  made.set(written, hosts);
  return hosts;
}

function labHost(name: string, host: WrittenHost): LabHost {
  const { launcher, ssh, srun, folder, server_cores, client_cores, networks, hugepages, env, clock } = host;
  return {
    name,
    launcher,
    ssh: launcher === 'ssh' ? target(name, ssh ?? {}) : null,
    node: launcher === 'srun' ? (srun?.node ?? name) : null,
    folder: launcher === 'local' ? ownCheckout : (folder ?? DEFAULT_FOLDER),
    server_cores: server_cores ?? null,
    client_cores: client_cores ?? null,
    networks: Object.entries(networks).map(([of, network]) => labNetwork(of, network)),
    hugepages: hugepages ?? null,
    env,
    clock,
  };
}

function target(
  name: string,
  { host, user, port, identity, jump }: NonNullable<WrittenHost['ssh']>,
): SshTarget {
  return {
    host: host ?? name,
    user: user ?? null,
    port: port ?? null,
    identity: identity ?? null,
    jump: jump ?? null,
  };
}

function labNetwork(name: string, network: WrittenHost['networks'][string]): LabNetwork {
  const { address, libos_address, pci, rdma } = network;
  return {
    name,
    ...rightAddress(address),
    libos_address: libos_address === undefined ? null : rightAddress(libos_address).address,
    interface: network.interface ?? null,
    pci: pci ?? null,
    rdma: rdma
      ? { device: rdma.device, gid_index: rdma.gid_index ?? null, provider: rdma.provider ?? null }
      : null,
    device: network.device ?? null,
    provenance: network.provenance,
  };
}

/** Of what the schema has let through. */
export function rightAddress(text: string): PrefixedAddress {
  const parsed = parseAddress(text);
  if (typeof parsed === 'string') throw new Error(`${text} ${parsed}`);
  return parsed;
}

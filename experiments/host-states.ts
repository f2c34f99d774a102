/** What the machines of a run are, before its first trial and behind its last one. */
import type { RunHost } from '../results/formats/index.ts';
import { hostValues } from './config/host-placeholders.ts';
import { fillPlaceholders } from './config/placeholders.ts';
import { placementOf } from './config/placement.ts';
import type { ConfiguredExperiment, ConfiguredSystem } from './config/schema.ts';
import type { LabHost } from './lab/lab.ts';
import type { PlacedHost } from './lab/where.ts';
import type { AskedNics } from './machine/nics.ts';
import type { RunHosts } from './run-hosts.ts';
import { HOST } from './trial/server.ts';

type Placed = Pick<ConfiguredExperiment, 'hosts' | 'systems'>;

/** A host of a run, and what of it its systems go over. */
export interface Concerned {
  host: LabHost;
  nics: AskedNics;
  /** Of the servers and load generators there. */
  backends: readonly string[];
}

/** Those of the first system first. */
export async function hostsBefore(configured: Placed, hosts: RunHosts): Promise<[RunHost, ...RunHost[]]> {
  const states = await Promise.all(
    concerned(configured).map(async ({ host, nics, backends }) => ({
      name: host.name,
      before: await hosts.stateOf(host, nics, backends),
      after: null,
      after_unknown: null,
    })),
  );
  // A config has systems, and each of them runs somewhere.
  return states as [RunHost, ...RunHost[]];
}

/** A host that is lost at the end has no state there, and keeps what was measured. */
export async function hostsAfter(
  before: readonly RunHost[],
  configured: Placed,
  hosts: RunHosts,
): Promise<RunHost[]> {
  const there = new Map(concerned(configured).map((one) => [one.host.name, one]));
  return Promise.all(
    before.map(async (known) => {
      const found = there.get(known.name);
      if (found === undefined) return known;
      try {
        const after = await hosts.stateOf(found.host, found.nics, found.backends);
        return { ...known, after, after_unknown: null };
      } catch (error) {
        return { ...known, after: null, after_unknown: (error as Error).message };
      }
    }),
  );
}

/** Each once, the first system's server first. */
export function concerned(configured: Placed): Concerned[] {
  const all = configured.systems.flatMap((system) => {
    const { server, generators } = placementOf(configured, system);
    const ends = [
      { placed: server, backend: system.backend },
      ...generators.map((placed) => ({ placed, backend: system.client.backend })),
    ];
    return ends.map(({ placed, backend }) => ({
      host: placed.host,
      nics: nicsOf(system, placed),
      backends: [backend],
    }));
  });
  return [...Map.groupBy(all, ({ host }) => host.name).values()].map(([first, ...others]) => {
    const { host } = first!;
    const each = [first!, ...others];
    const union = (of: keyof AskedNics): string[] => [...new Set(each.flatMap(({ nics }) => nics[of]))];
    const [addresses, interfaces] = [union('addresses'), union('interfaces')];
    const nics = { addresses, interfaces, pci: union('pci'), rdma_devices: union('rdma_devices') };
    return { host, nics, backends: [...new Set(each.flatMap(({ backends }) => backends))] };
  });
}

/** Also what options name: a machine passes over what is none of its interfaces. */
function nicsOf(system: ConfiguredSystem, placed: PlacedHost): AskedNics {
  const { network } = placed;
  const { options, server_options, client } = system;
  const values = hostValues(placed);
  const words = [options, server_options, client.options]
    .flatMap((one) => Object.values(one))
    .map((text) => fillPlaceholders(text, values));
  const said = (one: string | null | undefined): string[] => (one ? [one] : []);
  return {
    addresses: [network?.address ?? HOST],
    interfaces: [...said(network?.interface), ...words],
    pci: [...said(network?.pci), ...words.filter((word) => PCI.test(word))],
    rdma_devices: said(network?.rdma?.device),
  };
}

const PCI = /^[\da-f]{4}:[\da-f]{2}:[\da-f]{2}\.[0-7]$/;

/** On which hosts the systems of a config run, and what follows from that for each. */
import { THIS_MACHINE } from '../../results/formats/index.ts';
import { type LabHost, labHosts } from '../lab/host.ts';
import { hostProblems } from '../lab/host-checks.ts';
import { hosts as hostsSchema, type Where, where as whereSchema } from '../lab/schema.ts';
import { type Placement, placementOf as placementAt, whereProblems } from '../lab/where.ts';
import { ownCheckout } from '../machine/checkout.ts';
import type { Config, ConfiguredSystem } from './schema.ts';

type Placeable = Pick<Config, 'hosts' | 'place'>;
type SystemPlace = Pick<ConfiguredSystem, 'place'>;

/** Where systems run of which nobody says it. */
export const thisMachine: LabHost = {
  name: THIS_MACHINE,
  launcher: 'local',
  ssh: null,
  node: null,
  folder: ownCheckout,
  server_cores: null,
  client_cores: null,
  networks: [],
  hugepages: null,
  env: {},
  clock: 'none',
};

/** What systems have as their `device` that go over the kernel's on one machine. */
const LOOPBACK = 'loopback';
/** And what those have that go over the network of their place. */
const OF_NETWORK = 'network';

const here = { host: thisMachine, network: null };
const onThisMachine: Placement = { server: here, generators: [here], network: null };

/** What is said of a system: its own, above what all have; null: nothing, and so it runs on this machine. */
export function whereOf({ hosts, place }: Placeable, system: SystemPlace): Where | null {
  if (place !== undefined || system.place !== undefined) return { ...place, ...system.place };
  const [only, ...others] = Object.keys(hosts ?? {});
  return only !== undefined && others.length === 0 ? { server: only, generators: [only] } : null;
}

/** Of a config without problems (placement-checks.ts). */
export function placementOf(config: Placeable, system: SystemPlace): Placement {
  const where = whereOf(config, system);
  return where === null ? onThisMachine : placementAt(where, labHosts(config.hosts ?? {}));
}

/** Whether it needs no other host. */
export function isHere({ server, generators }: Placement): boolean {
  return [server, ...generators].every(({ host }) => host.launcher === 'local');
}

/** Whether server and generators reach each other within one host. */
export function isOneHost({ server, generators }: Placement): boolean {
  return generators.every(({ host }) => host === server.host);
}

/** What a system has of this machine. */
export interface Home {
  /** Cores that this process may use, for its server; null: the server is elsewhere, or its host says which. */
  server: readonly number[] | null;
  /** The same of its generators. */
  client: readonly number[] | null;
  /** Something says on which hosts it runs. */
  isPlaced: boolean;
  /** It needs no other host. */
  isHere: boolean;
}

/** Of a config that may be wrong elsewhere: says it of each system that is right. */
export function homesIn(data: unknown, cores: readonly number[]): (system: SystemPlace) => Home {
  const { hosts, place } = (data ?? {}) as Record<string, unknown>;
  const config = rightHosts(hosts, place);
  return (system) => {
    if (hosts === undefined && place === undefined && system.place === undefined) {
      return { server: cores, client: cores, isPlaced: false, isHere: true };
    }
    const placement = config && tryPlacement(config, system);
    const [server, ...generators] = placement ? [placement.server, ...placement.generators] : [];
    const isServer = server !== undefined && isFree(server.host, 'server_cores');
    const isClient = generators.length > 0 && generators.every(({ host }) => isFree(host, 'client_cores'));
    return {
      server: isServer ? cores : null,
      client: isClient ? cores : null,
      isPlaced: true,
      isHere: placement !== null && isHere(placement),
    };
  };
}

/** Whether systems there name their cores themselves. */
function isFree(host: LabHost, key: 'server_cores' | 'client_cores'): boolean {
  return host.launcher === 'local' && host[key] === null;
}

/** Null where something is wrong, which placement-checks.ts or the schema says. */
function rightHosts(hosts: unknown, place: unknown): Placeable | null {
  const parsed = {
    hosts: hostsSchema.optional().safeParse(hosts),
    place: whereSchema.optional().safeParse(place),
  };
  if (!parsed.hosts.success || !parsed.place.success) return null;
  const { data = {} } = parsed.hosts;
  return hostProblems(data).length > 0 ? null : { hosts: data, place: parsed.place.data };
}

function tryPlacement(config: Placeable, system: SystemPlace): Placement | null {
  const where = whereOf(config, system);
  if (where === null || whereProblems(where, labHosts(config.hosts ?? {})).length > 0) return null;
  return placementOf(config, system);
}

/** How many cores its server, and each of its generators, takes. */
export function coresTaken({ server_cores, client }: Pick<ConfiguredSystem, 'server_cores' | 'client'>): {
  server: number;
  client: number;
} {
  return { server: server_cores?.length ?? 1, client: 1 + (client.more_cores?.length ?? 0) };
}

/**
 * The system on the cores of its hosts: as many as it names, of those that the hosts say, in their order. A host that
 * says none, or too few, leaves it those that it names. `client` is that of the first generator.
 */
export function onCoresOfHosts(system: ConfiguredSystem, placement: Placement): ConfiguredSystem {
  const server_cores = serverCores(system, placement);
  const [core, ...more] = generatorCores(system, placement.generators[0].host);
  const { core: _, more_cores: __, ...client } = system.client;
  return {
    ...system,
    ...(server_cores.length > 0 && { server_cores }),
    client: { ...client, ...(core !== undefined && { core }), ...(more.length > 0 && { more_cores: more }) },
  };
}

function serverCores(system: ConfiguredSystem, { server: { host } }: Placement): number[] {
  return taken(host.server_cores, coresTaken(system).server) ?? system.server_cores ?? [];
}

/** Those of a generator on this host, one for each of its threads. */
export function generatorCores(system: ConfiguredSystem, host: LabHost): number[] {
  const { core, more_cores = [] } = system.client;
  const named = core === undefined ? [] : [core, ...more_cores];
  return taken(host.client_cores, coresTaken(system).client) ?? named;
}

function taken(cores: readonly number[] | null, count: number): number[] | null {
  return cores === null || cores.length < count ? null : cores.slice(0, count);
}

/** Whether the network of its place says what carries its bytes. */
export function isOverNetwork({ device }: Pick<ConfiguredSystem, 'device'>, placement: Placement): boolean {
  return device === OF_NETWORK || (device === LOOPBACK && !isOneHost(placement));
}

function overNetwork(
  system: ConfiguredSystem,
  placement: Placement,
): Partial<Pick<ConfiguredSystem, 'device' | 'provenance'>> {
  const { network } = placement.server;
  if (!isOverNetwork(system, placement) || !network?.device) return {};
  return { device: network.device, provenance: network.provenance };
}

/** A config in which each system says its place and the cores that it has there. Without hosts it is as it was. */
export function inPlace(config: Config): Config {
  const { place: _, ...rest } = config;
  const systems = config.systems.map((system) => {
    const where = whereOf(config, system);
    if (where === null) return system;
    const placement = placementOf(config, system);
    const { network } = placement;
    return {
      ...onCoresOfHosts(system, placement),
      ...overNetwork(system, placement),
      place: { ...where, ...(network !== null && { network }) },
      // They are measured on this machine.
      floor: isHere(placement) ? system.floor : [],
    };
  });
  const named = new Set(systems.flatMap(({ floor }) => floor));
  const isPlaced = systems.some(({ place }) => place !== undefined);
  const floors = isPlaced ? config.floors.filter(({ name }) => named.has(name)) : config.floors;
  return { ...rest, systems, floors };
}

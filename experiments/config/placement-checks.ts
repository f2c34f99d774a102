/** What is wrong with the hosts of a config, and with where its systems run. */
import { type LabHost, labHosts } from '../lab/host.ts';
import { hostProblems } from '../lab/host-checks.ts';
import { type PlacedHost, type Placement, whereProblems } from '../lab/where.ts';
import type { Problem } from '../written/problems.ts';
import { hostPlaceholders, hostValues, keyOfPlaceholder, serverAddress } from './host-placeholders.ts';
import { fillPlaceholders, placeholderNames } from './placeholders.ts';
import {
  coresTaken,
  generatorCores,
  isOneHost,
  isOverNetwork,
  onCoresOfHosts,
  placementOf,
  whereOf,
} from './placement.ts';
import type { Config, ConfiguredPoint, ConfiguredSystem } from './schema.ts';
import { sharesOf } from './shares.ts';
import { workloadOf } from './swept.ts';

export interface PlacementAsked {
  /** Those that this process may use. */
  cores: readonly number[];
  /** The systems that are to be run: hosts need not have what others want. Null: all. */
  only: readonly string[] | null;
}

/** `point` is what is measured of the config. */
export function placementProblems(
  config: Config,
  point: ConfiguredPoint,
  { cores, only }: PlacementAsked,
): Problem[] {
  const { hosts = {}, systems } = config;
  const ofHosts = hostProblems(hosts).map(({ path, message }) => ({ path: ['hosts', ...path], message }));
  if (ofHosts.length > 0) return ofHosts;
  const all = labHosts(hosts);
  const misplaced = systems.flatMap((system, index) => misplacedProblems(config, system, index, all));
  if (misplaced.length > 0) return misplaced;
  return [
    ...localCoreProblems(all, cores),
    ...systems.flatMap((system, index) => {
      if (whereOf(config, system) === null || !(only?.includes(system.name) ?? true)) return [];
      const placement = placementOf(config, system);
      return [
        ...hostCoreProblems(system, placement),
        ...[
          ...coreCountProblems(system, placement),
          ...apartProblems(config, system, placement),
          ...placeholderProblems(system, placement),
          ...claimProblems(system, placement),
        ].map(({ path, message }) => ({ path: ['systems', index, ...path], message })),
      ];
    }),
    ...divisionProblems(
      config,
      point,
      point.systems.filter(({ name }) => only?.includes(name) ?? true),
    ),
  ];
}

/** Of names in `place`, where they are written: at the system, or for all. */
function misplacedProblems(
  config: Config,
  system: ConfiguredSystem,
  index: number,
  hosts: readonly LabHost[],
): Problem[] {
  const where = whereOf(config, system);
  if (where === null) {
    if (hosts.length === 0) return [];
    const names = hosts.map(({ name }) => name).join(', ');
    const message = `is missing: nothing says which of the hosts systems run on (${names})`;
    return [{ path: ['place'], message }];
  }
  return whereProblems(where, hosts).map(({ path, message }) => {
    const [key] = path;
    const own = system.place ?? {};
    const isOwn = key === undefined ? system.place !== undefined : Object.hasOwn(own, key);
    return { path: isOwn ? ['systems', index, 'place', ...path] : ['place', ...path], message };
  });
}

/** Of hosts that are this machine. */
function localCoreProblems(hosts: readonly LabHost[], available: readonly number[]): Problem[] {
  return hosts
    .filter(({ launcher }) => launcher === 'local')
    .flatMap((host) =>
      (['server_cores', 'client_cores'] as const).flatMap((key) =>
        (host[key] ?? []).flatMap((core, at) =>
          available.includes(core)
            ? []
            : [
                {
                  path: ['hosts', host.name, key, at],
                  message: `core ${core} is not there: this process may use cores ${available.join(', ')}`,
                },
              ],
        ),
      ),
    );
}

interface Side {
  key: 'server_cores' | 'client_cores';
  host: LabHost;
  count: number;
}

function sidesOf(system: ConfiguredSystem, { server, generators }: Placement): Side[] {
  const { server: ofServer, client } = coresTaken(system);
  return [
    { key: 'server_cores', host: server.host, count: ofServer },
    ...generators.map(({ host }): Side => ({ key: 'client_cores', host, count: client })),
  ];
}

/** Core numbers of systems are of this machine: another one must say its own. */
function hostCoreProblems(system: ConfiguredSystem, placement: Placement): Problem[] {
  return sidesOf(system, placement)
    .filter(({ key, host }) => host.launcher !== 'local' && host[key] === null)
    .map(({ key, host }) => ({
      path: ['hosts', host.name, key],
      message: `is missing: systems name cores of this machine, and ${system.name} is on host ${host.name}: list those there`,
    }));
}

function coreCountProblems(system: ConfiguredSystem, placement: Placement): Problem[] {
  const few = sidesOf(system, placement).filter(
    ({ key, host, count }) => (host[key]?.length ?? count) < count,
  );
  const counts = few.map(({ key, host, count }) => ({
    path: key === 'server_cores' ? ['server_cores'] : ['client', 'more_cores'],
    message: `takes ${count} cores, and host ${host.name} has ${host[key]?.length} in its \`${key}\`: list more there`,
  }));
  return [...counts, ...(few.length > 0 ? [] : sharedCoreProblems(system, placement))];
}

/** Of a host that both serves and generates. The first generator stands for `client` of the system. */
function sharedCoreProblems(system: ConfiguredSystem, placement: Placement): Problem[] {
  const { server, generators } = placement;
  if (system.share_cores || !generators.some(({ host }) => host === server.host)) return [];
  if (server.host.server_cores === null && server.host.client_cores === null) return [];
  const { server_cores = [] } = onCoresOfHosts(system, placement);
  const shared = generatorCores(system, server.host).filter((core) => server_cores.includes(core));
  return shared.map((core) => ({
    path: ['place'],
    message:
      `server and generator would share core ${core} of host ${server.host.name}: change its \`server_cores\` or ` +
      '`client_cores`, or allow it with `share_cores: true`',
  }));
}

/** What needs server and generators on one host, or on this machine. */
function apartProblems(config: Config, system: ConfiguredSystem, placement: Placement): Problem[] {
  const { name, cores, options, client, provenance } = system;
  const problems: Problem[] = [];
  if (config.wire !== undefined) {
    const message = `${name} is placed on hosts, and \`wire\` joins two ends of this machine: leave one of the two out`;
    problems.push({ path: ['place'], message });
  }
  const named = [placement.server, ...placement.generators].some(
    ({ host }) => host.launcher !== 'local' || host.server_cores !== null || host.client_cores !== null,
  );
  if (cores !== undefined && named) {
    const message =
      'cores are chosen by their distance on this machine alone, where no host says which: leave it out';
    problems.push({ path: ['cores'], message });
  }
  const { host, network } = placement.server;
  if (isOverNetwork(system, placement) && network !== null && network.device === null) {
    const message =
      `${name} has \`device: ${system.device}\`: say what lies between server and generators, as \`device\` of ` +
      `hosts.${host.name}.networks.${network.name} or of the system`;
    problems.push({ path: ['place'], message });
  }
  if (isOneHost(placement)) return problems;
  if (provenance === 'shared_memory') {
    const message = `${name} goes through memory of one machine, and its generators are on others than its server: leave it out`;
    problems.push({ path: ['place'], message });
  }
  for (const [path, given] of [
    [['options'], options],
    [['client', 'options'], client.options],
  ] as const) {
    for (const [key, text] of Object.entries(given)) {
      if (!placeholderNames(text).includes('dir')) continue;
      const message = "{dir} is a folder of the server's host, and the generators are on others";
      problems.push({ path: [...path, key], message });
    }
  }
  return problems;
}

interface Word {
  path: PropertyKey[];
  text: string;
}

/** What a side is told: its words, each where it is written. */
function wordsOf({ start, env, options, server_options, client }: ConfiguredSystem): {
  server: Word[];
  client: Word[];
} {
  const each = (path: PropertyKey[], given: Readonly<Record<string, string>>): Word[] =>
    Object.entries(given).map(([key, text]) => ({ path: [...path, key], text }));
  const both = each(['options'], options);
  return {
    server: [
      ...start.map((text, index) => ({ path: ['start', index], text })),
      ...each(['env'], env),
      ...both,
      ...each(['server_options'], server_options),
    ],
    client: [...both, ...each(['client', 'options'], client.options)],
  };
}

/** Placeholders that a host has nothing for. */
function placeholderProblems(system: ConfiguredSystem, placement: Placement): Problem[] {
  const words = wordsOf(system);
  const lacking = [
    ...lackingIn(words.server, placement.server, system),
    ...placement.generators.flatMap((generator) => lackingIn(words.client, generator, system)),
  ];
  return [...lacking, ...serverAddressProblems(system, [...words.server, ...words.client], placement)];
}

function lackingIn(
  words: readonly Word[],
  { host, network }: PlacedHost,
  { name }: ConfiguredSystem,
): Problem[] {
  const values = hostValues({ host, network });
  return words.flatMap(({ path, text }) =>
    hostPlaceholders
      .filter((one) => placeholderNames(text).includes(one) && values[one] === undefined)
      .map((one) => ({
        path,
        message:
          network === null
            ? `{${one}} is of a network, and the place of ${name} has none: say \`place.network\``
            : `{${one}}: ${name} needs \`${keyOfPlaceholder[one]}\` of host ${host.name} on network ${network.name}, ` +
              `which has none: say hosts.${host.name}.networks.${network.name}.${keyOfPlaceholder[one]}`,
      })),
  );
}

/** {host} of a server with a TCP/IP of its own. */
function serverAddressProblems(
  { name, backend }: ConfiguredSystem,
  words: readonly Word[],
  placement: Placement,
): Problem[] {
  const { host, network } = placement.server;
  if (network === null || serverAddress(placement, backend) !== null) return [];
  return words
    .filter(({ text }) => placeholderNames(text).includes('host'))
    .map(({ path }) => ({
      path,
      message:
        `{host}: over ${backend} ${name} has an address of its own, and host ${host.name} on network ${network.name} has ` +
        `no \`libos_address\`: say hosts.${host.name}.networks.${network.name}.libos_address`,
    }));
}

/** Options of which two processes of one host cannot have the same. */
const exclusiveOptions = ['interface', 'pci', 'ip'];

/** What server and generator of one host would both take. */
function claimProblems(system: ConfiguredSystem, { server, generators }: Placement): Problem[] {
  if (!generators.some(({ host }) => host === server.host)) return [];
  const { options, server_options, client } = system;
  const fill = (text: string | undefined): string | undefined =>
    text === undefined ? undefined : fillPlaceholders(text, hostValues(server)).toLowerCase();
  return exclusiveOptions.flatMap((key) => {
    const ofServer = fill(server_options[key] ?? options[key]);
    const ofClient = fill(client.options[key] ?? options[key]);
    if (ofServer === undefined || ofServer !== ofClient) return [];
    const path = Object.hasOwn(client.options, key) ? ['client', 'options', key] : ['options', key];
    const message = `${ofServer}: server and generator on host ${server.host.name} would both have it: place them apart`;
    return [{ path, message }];
  });
}

/** Each generator has a connection at least. */
function divisionProblems(
  config: Config,
  { workload }: ConfiguredPoint,
  systems: readonly ConfiguredSystem[],
): Problem[] {
  const found = systems.flatMap((system) => {
    const generators = placementOf(config, system).generators.length;
    const own = workloadOf(workload, system);
    if (sharesOf(own, generators).every(({ connections }) => connections > 0)) return [];
    const index = config.systems.findIndex(({ name }) => name === system.name);
    const path = [
      ...(system.workload.clients === undefined ? [] : ['systems', index]),
      'workload',
      'clients',
    ];
    return [{ name: system.name, path, what: `${own.clients} for ${generators} generators` }];
  });
  return found.map(({ path, what }) => {
    const same = found.filter((one) => one.what === what && one.path.join() === path.join());
    const names = same.map(({ name }) => name).join(', ');
    return { path, message: `${what}: each needs a connection at least (${names})` };
  });
}

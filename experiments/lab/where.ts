/** Who runs where: from the names of hosts to the hosts. */
import { suggestion } from '../written/nearest.ts';
import type { Problem } from '../written/problems.ts';
import { repeated } from '../written/repeated.ts';
import type { LabHost, LabNetwork } from './host.ts';
import type { Where } from './schema.ts';

/** A host, and what it has of the network of the placement. */
export interface PlacedHost {
  host: LabHost;
  /** Null where nothing leaves the host. */
  network: LabNetwork | null;
}

/** The hosts that a system runs on. */
export interface Placement {
  server: PlacedHost;
  /** Each once. */
  generators: readonly PlacedHost[];
  /** Name of the network between them; null: they are one host, and reach each other over loopback. */
  network: string | null;
}

/** What is wrong with it; paths are from the mapping of the place. */
export function whereProblems(where: Where, hosts: readonly LabHost[]): Problem[] {
  const { server, generators } = where;
  const names = hosts.map(({ name }) => name);
  const missing = (['server', 'generators'] as const).filter((key) => where[key] === undefined);
  const unknown = [
    ...(server === undefined ? [] : [{ path: ['server'], name: server }]),
    ...(generators ?? []).map((name, index) => ({ path: ['generators', index], name })),
  ].filter(({ name }) => !names.includes(name));
  const problems: Problem[] = [
    ...missing.map((key) => ({ path: [key], message: `is missing; hosts: ${names.join(', ')}` })),
    ...unknown.map(({ path, name }) => ({ path, message: noHost(name, names) })),
    ...repeated(generators ?? []).map(({ index, value }) => ({
      path: ['generators', index],
      message: `'${value}' is listed twice: a host generates once, on as many cores as it is given`,
    })),
  ];
  return problems.length > 0 ? problems : networkProblems(where, hostsOf(where, hosts));
}

function noHost(name: string, names: readonly string[]): string {
  if (names.length > 0) return `no host is named '${name}'${suggestion(name, names)}`;
  return `no host is named '${name}': there are none; say them as \`hosts\`, or name a lab file with --lab`;
}

/** The server's host, and then those of the generators, each once. */
function hostsOf({ server, generators = [] }: Where, hosts: readonly LabHost[]): LabHost[] {
  const names = [...new Set([server, ...generators])];
  return names.flatMap((name) => hosts.find((host) => host.name === name) ?? []);
}

function networkProblems({ network }: Where, involved: readonly LabHost[]): Problem[] {
  const names = involved.map(({ name }) => name).join(' and ');
  if (network === undefined) {
    const shared = sharedNetworks(involved);
    if (involved.length === 1 || shared.length === 1) return [];
    const message =
      shared.length === 0
        ? `${names} are on no network together: say their addresses on one in their \`networks\``
        : `is missing: ${names} share ${shared.join(' and ')}`;
    return [{ path: ['network'], message }];
  }
  return involved
    .filter((host) => networkNamed(host, network) === null)
    .map((host) => {
      const own = host.networks.map(({ name }) => name);
      const what = `host ${host.name} is not on a network '${network}'`;
      return {
        path: ['network'],
        message: own.length === 0 ? `${what}: it has no \`networks\`` : `${what}${suggestion(network, own)}`,
      };
    });
}

function sharedNetworks([first, ...others]: readonly LabHost[]): string[] {
  const names = first?.networks.map(({ name }) => name) ?? [];
  return names.filter((name) => others.every((host) => networkNamed(host, name) !== null));
}

function networkNamed({ networks }: LabHost, name: string): LabNetwork | null {
  return networks.find((network) => network.name === name) ?? null;
}

/** Of one that has no problems. */
export function placementOf(where: Where, hosts: readonly LabHost[]): Placement {
  const involved = hostsOf(where, hosts);
  const implied = involved.length > 1 ? sharedNetworks(involved)[0] : undefined;
  const network = where.network ?? implied ?? null;
  const placed = (name: string | undefined): PlacedHost => {
    const host = involved.find((one) => one.name === name);
    if (host === undefined) throw new Error(`there is no host ${name}`);
    return { host, network: network === null ? null : networkNamed(host, network) };
  };
  return { server: placed(where.server), generators: (where.generators ?? []).map(placed), network };
}

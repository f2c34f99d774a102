/** What is wrong with hosts whose every value is right by itself: each alone, and beside the others. */
import type { Problem } from '../written/problems.ts';
import { repeated } from '../written/repeated.ts';
import { networkOf, type PrefixedAddress } from './addresses.ts';
import { type LabHost, labHosts, rightAddress } from './host.ts';
import type { WrittenHost, WrittenHosts } from './schema.ts';

/** Paths are from the mapping of hosts. */
export function hostProblems(hosts: WrittenHosts): Problem[] {
  const own = Object.entries(hosts).flatMap(([name, host]) =>
    [...coreProblems(host), ...launcherProblems(host), ...libosProblems(host)].map(({ path, message }) => ({
      path: [name, ...path],
      message,
    })),
  );
  return [...own, ...addressProblems(hosts), ...subnetProblems(hosts), ...sameMachineProblems(hosts)];
}

function coreProblems(host: WrittenHost): Problem[] {
  return (['server_cores', 'client_cores'] as const).flatMap((key) =>
    repeated(host[key] ?? []).map(({ index, value }) => ({
      path: [key, index],
      message: `core ${value} is listed twice`,
    })),
  );
}

/** What goes with another launcher than the host has. */
function launcherProblems({ launcher, ssh, srun, folder }: WrittenHost): Problem[] {
  const of = (key: string): Problem => ({
    path: [key],
    message: `is of \`launcher: ${key}\`, and this host has \`${launcher}\`: leave one of the two out`,
  });
  const isHere = launcher === 'local' && folder !== undefined;
  return [
    ...(ssh && launcher !== 'ssh' ? [of('ssh')] : []),
    ...(srun && launcher !== 'srun' ? [of('srun')] : []),
    ...(isHere ? [{ path: ['folder'], message: 'this machine has this checkout: leave it out' }] : []),
  ];
}

/** A libOS is in the network of the kernel beside it. */
function libosProblems({ networks }: WrittenHost): Problem[] {
  return Object.entries(networks).flatMap(([name, { address, libos_address }]) => {
    if (libos_address === undefined) return [];
    const [kernels, own] = [address, libos_address].map((text) => networkOf(rightAddress(text)));
    if (kernels === own) return [];
    const message = `is in ${own}, and the \`address\` beside it in ${kernels}: they must be in one network`;
    return [{ path: ['networks', name, 'libos_address'], message }];
  });
}

interface Found extends PrefixedAddress {
  host: string;
  network: string;
  key: 'address' | 'libos_address';
}

function addressesOf(hosts: WrittenHosts): Found[] {
  return Object.entries(hosts).flatMap(([host, { networks }]) =>
    Object.entries(networks).flatMap(([network, said]) =>
      (['address', 'libos_address'] as const).flatMap((key) => {
        const text = said[key];
        return text === undefined ? [] : [{ host, network, key, ...rightAddress(text) }];
      }),
    ),
  );
}

const pathOf = ({ host, network, key }: Found): string[] => [host, 'networks', network, key];

/** Two hosts, two networks of one, or a kernel and a libOS with one address. */
function addressProblems(hosts: WrittenHosts): Problem[] {
  const seen = new Map<string, Found>();
  return addressesOf(hosts).flatMap((found) => {
    const first = seen.get(found.address);
    if (first === undefined) {
      seen.set(found.address, found);
      return [];
    }
    const whose = `the \`${first.key}\` of host ${first.host} on network ${first.network}`;
    return [{ path: pathOf(found), message: `${found.address} is ${whose} already: each has its own` }];
  });
}

/** Hosts that are on one network by its name, and in two by their addresses. */
function subnetProblems(hosts: WrittenHosts): Problem[] {
  const first = new Map<string, Found>();
  return addressesOf(hosts)
    .filter(({ key }) => key === 'address')
    .flatMap((found) => {
      const other = first.get(found.network);
      if (other === undefined) {
        first.set(found.network, found);
        return [];
      }
      if (networkOf(other) === networkOf(found)) return [];
      const message =
        `is in ${networkOf(found)}, and on ${found.network} host ${other.host} is in ${networkOf(other)}: hosts of one ` +
        'network have addresses in one; give networks that are two a name each';
      return [{ path: pathOf(found), message }];
    });
}

/** Two names for one folder of one machine, in which each would undo what the other does. */
function sameMachineProblems(hosts: WrittenHosts): Problem[] {
  const seen = new Map<string, string>();
  return labHosts(hosts).flatMap((host) => {
    const target = targetOf(host);
    const first = seen.get(target);
    if (first === undefined) {
      seen.set(target, host.name);
      return [];
    }
    const message =
      host.launcher === 'local'
        ? `is this machine, as host ${first} is: leave one of the two out`
        : `is reached as host ${first} is and has the same folder: give it another \`folder\`, or leave it out`;
    return [{ path: [host.name], message }];
  });
}

/** The same of two hosts that are one folder of one machine, as far as can be seen from here. */
function targetOf({ launcher, ssh, node, folder }: LabHost): string {
  if (launcher === 'local') return launcher;
  const { host = null, user = null, port = null, jump = null } = ssh ?? {};
  // Of another user ~ is another folder.
  const whose = folder.startsWith('~') ? user : null;
  return JSON.stringify([launcher, node, host, port, jump, whose, folder.replace(/\/+$/, '')]);
}

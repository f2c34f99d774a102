/** Texts of a run without where and whose the machines were: paths, names of user and hosts, addresses. */
import { hostname, userInfo } from 'node:os';
import { type Manifest, THIS_MACHINE } from '../formats/index.ts';

/** Absolute, of two steps and more, not of folders that every system has. No part of a URL but of file://. */
const PATH =
  /(?:(?<=file:\/\/)|(?<![\w./@~-]))\/(?!(?:usr|bin|sbin|lib|lib64|dev|proc|sys|etc|opt)\/)[\w.@+~-]+(?:\/[\w.@+~-]+)+/g;

/** What stands in the place of a path's folders. */
const SOMEWHERE = 'PATH';

interface OwnName {
  name: string;
  instead: string;
}

/** What a lab file called its hosts, and their addresses, with what stands in their place, the same in all files. */
export interface LabNames {
  hosts: ReadonlyMap<string, string>;
  addresses: ReadonlyMap<string, string>;
}

export const noLab: LabNames = { hosts: new Map(), addresses: new Map() };

/** Of the hosts that a run names. Addresses become those of documents (RFC 5737, TEST-NET-1). */
export function labNamesOf({ hosts, config }: Pick<Manifest, 'hosts' | 'config'>): LabNames {
  const written = (config.hosts ?? {}) as Record<
    string,
    { networks?: Record<string, Record<string, unknown>> }
  >;
  const names = new Set([...Object.keys(written), ...hosts.map(({ name }) => name)]);
  names.delete(THIS_MACHINE);
  const addresses = Object.values(written)
    .flatMap(({ networks = {} }) => Object.values(networks))
    .flatMap(({ address, libos_address }) => [address, libos_address])
    .flatMap((one) => (typeof one === 'string' ? [one.replace(/\/.*$/, '')] : []));
  return {
    hosts: new Map([...names].map((name, index) => [name, `host${index + 1}`])),
    addresses: new Map([...new Set(addresses)].map((one, index) => [one, `192.0.2.${index + 1}`])),
  };
}

/** Of a path its last name is left. */
export function anonymous(text: string, names = ownNames(), lab = noLab): string {
  const withoutPaths = text.replace(PATH, (path) => `${SOMEWHERE}/${path.slice(path.lastIndexOf('/') + 1)}`);
  const withoutOwn = names.reduce(
    (left, { name, instead }) => left.replaceAll(wordOf(name), instead),
    withoutPaths,
  );
  const withoutHosts = [...lab.hosts].reduce(
    (left, [name, instead]) => left.replaceAll(hostIn(name), instead),
    withoutOwn,
  );
  return withoutAddresses(withoutHosts, lab);
}

/** All at once: what stands in the place of one may be another one. */
function withoutAddresses(text: string, { addresses }: LabNames): string {
  return addresses.size === 0
    ? text
    : text.replace(/(?<![\d.])\d+(?:\.\d+){3}(?!\d|\.\d)/g, (one) => addresses.get(one) ?? one);
}

/** A host that is called as plain words are, such as `server`, is known by the word before it. */
function hostIn(name: string): RegExp {
  const isPlain = /^[A-Za-z]+$/.test(name);
  return isPlain ? new RegExp(`(?<=\\bhost )${name}(?![\\w-])`, 'gi') : wordOf(name);
}

/** The same of a JSON file. A word by itself may be the name of a system, and is left where it names no host. */
export function anonymousJson(json: string, names = ownNames(), lab = noLab): string {
  const values = (key: string, value: unknown): unknown => {
    if (typeof value !== 'string') return withoutHostNames(key, value, lab);
    const isText = /[\s/]/.test(value);
    return anonymous(value, isText ? names : [], isText ? lab : { ...lab, hosts: new Map() });
  };
  return `${JSON.stringify(JSON.parse(json), values, 2)}\n`;
}

/** Where the formats name hosts: who is placed where, of which host something is, and `server0:2` for its cores. */
function withoutHostNames(key: string, value: unknown, { hosts }: LabNames): unknown {
  if (typeof value !== 'object' || value === null || hosts.size === 0) return value;
  const of = (name: unknown): unknown => hosts.get(String(name)) ?? name;
  const keys = (rename: (name: string) => string): unknown =>
    Object.fromEntries(Object.entries(value).map(([name, one]) => [rename(name), one]));
  if (key === 'hosts' && Array.isArray(value)) {
    return value.map((one) => ({
      ...one,
      ...(one?.name !== undefined && { name: of(one.name) }),
      ...(one?.host !== undefined && { host: of(one.host) }),
    }));
  }
  if (key === 'missing_hosts' && Array.isArray(value)) return value.map(of);
  if (key === 'hosts') return keys((name) => String(of(name)));
  if (key === 'steal_s') return keys((name) => name.replace(/^[^:]+(?=:)/, (host) => String(of(host))));
  if (key !== 'place') return value;
  const { server, generators, ...more } = value as { server?: unknown; generators?: unknown[] };
  return {
    ...(server !== undefined && { server: of(server) }),
    ...(generators && { generators: generators.map(of) }),
    ...more,
  };
}

/** The path of a file of a run: each of several load generators has a folder, by its host. */
export function anonymousPath(path: string, { hosts }: LabNames): string {
  return path.replace(/(?<=\/hosts\/)[^/]+(?=\/)/, (name) => hosts.get(name) ?? name);
}

/** Those of this machine; root is everybody's. */
function ownNames(): OwnName[] {
  const { username } = userInfo();
  return [
    ...(username === 'root' ? [] : [{ name: username, instead: 'USER' }]),
    ...(hostname() === 'localhost' ? [] : [{ name: hostname(), instead: 'HOST' }]),
  ];
}

function wordOf(name: string): RegExp {
  return new RegExp(`(?<![\\w-])${name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}(?![\\w-])`, 'g');
}

/**
 * A wire on one machine: two network namespaces (network_namespaces(7)), joined by a veth pair (veth(4)). What goes
 * over it passes Linux' TCP/IP and the device, where that over loopback passes no device; whatever else runs here sees
 * none of it. Making one takes root.
 */
import { execFileSync } from 'node:child_process';
import { closeSync, existsSync, openSync } from 'node:fs';
import { enterNetwork, makeNetwork, missingRights, OWN_NETWORK } from '../../libos/index.ts';
import { ExperimentError } from '../errors.ts';
import { makeVethPair } from './veth.ts';

/** Either end, each in its namespace. */
export const WIRE_INTERFACE = 'wire0';
/** The kernel's at either end; a libOS with a TCP/IP of its own takes others of 10.77.0.0/24. */
export const SERVER_ADDRESS = '10.77.0.1';
export const CLIENT_ADDRESS = '10.77.0.2';
const PREFIX_BITS = 24;

/** Where ip(8) keeps those that have one. */
const NAMED = '/run/netns';

const REMEDY =
  'run it as root, in a container with --cap-add NET_ADMIN --cap-add SYS_ADMIN, with the Debian package iproute2';

/**
 * A wire for as long as this process wants it. Its namespaces have no names: the kernel removes them with the last
 * process in them, however that ends.
 */
export class Wire {
  /** Where a server is started: a path for nsenter(1). */
  readonly serverNetwork: string;
  readonly #home: number;
  readonly #ends: number[] = [];

  /**
   * This thread, and what it starts from now on, is at the client's end, until `close`. Throws WIRE_IMPOSSIBLE with
   * what is lacking.
   */
  constructor() {
    this.#home = openSync(OWN_NETWORK, 'r');
    try {
      const [server, client] = [this.#makeEnd(), this.#makeEnd()];
      join(server, client);
      this.serverNetwork = server;
    } catch (error) {
      this.close();
      throw impossible(error as Error);
    }
  }

  /** Enters it. Returns its path, for as long as its file is open. */
  #makeEnd(): string {
    makeNetwork();
    const fd = openSync(OWN_NETWORK, 'r');
    this.#ends.push(fd);
    return `/proc/${process.pid}/fd/${fd}`;
  }

  close(): void {
    // Who may make no namespace may not even enter the one that he is in.
    if (this.#ends.length > 0) enterNetwork(this.#home);
    for (const fd of [this.#home, ...this.#ends]) closeSync(fd);
  }
}

/** Throws WIRE_IMPOSSIBLE where this process lacks the rights. Whether the kernel can shows when one is made. */
export function checkWireRights(): void {
  const missing = missingRights('wire');
  if (missing.length > 0) throw impossible(new Error(`without ${missing.join(' and ')}`));
}

/** Throws WIRE_IMPOSSIBLE where none can be made. */
export function checkWire(): void {
  new Wire().close();
}

/** Two namespaces with names, which stay until `removeNamedWire`. Throws WIRE_EXISTS, WIRE_IMPOSSIBLE. */
export function makeNamedWire(server: string, client: string): void {
  const there = [server, client].filter(isNamed);
  if (there.length > 0) {
    const remedy = "'bypassbench wire down' removes it";
    throw new ExperimentError(
      'WIRE_EXISTS',
      `there is a network namespace ${there.join(' and ')}: ${remedy}`,
    );
  }
  try {
    for (const name of [server, client]) ip('netns', 'add', name);
    join(`${NAMED}/${server}`, `${NAMED}/${client}`);
  } catch (error) {
    removeNamedWire(server, client);
    throw impossible(error as Error);
  }
}

/** Returns the names of those that were there. Processes in them keep theirs until they end. Throws WIRE_IMPOSSIBLE. */
export function removeNamedWire(server: string, client: string): string[] {
  const there = [server, client].filter(isNamed);
  try {
    for (const name of there) ip('netns', 'delete', name);
  } catch (error) {
    throw impossible(error as Error);
  }
  return there;
}

function isNamed(name: string): boolean {
  return existsSync(`${NAMED}/${name}`);
}

/** Joins two namespaces, by their paths, in which there is nothing yet. */
function join(server: string, client: string): void {
  const at = (network: string, ...words: string[]): void =>
    run('nsenter', [`--net=${network}`, 'ip', ...words]);
  makeVethPair(
    { interface: WIRE_INTERFACE, network: server },
    { interface: WIRE_INTERFACE, network: client },
  );
  for (const [network, address] of [
    [server, SERVER_ADDRESS],
    [client, CLIENT_ADDRESS],
  ] as const) {
    at(network, 'link', 'set', 'lo', 'up');
    at(network, 'address', 'add', `${address}/${PREFIX_BITS}`, 'dev', WIRE_INTERFACE);
    at(network, 'link', 'set', WIRE_INTERFACE, 'up');
  }
}

function ip(...words: string[]): void {
  run('ip', words);
}

function run(program: string, words: string[]): void {
  execFileSync(program, words, { stdio: ['ignore', 'ignore', 'pipe'], encoding: 'utf8' });
}

function impossible(error: Error & { stderr?: string }): ExperimentError {
  const said = error.stderr?.trim() || error.message;
  return new ExperimentError('WIRE_IMPOSSIBLE', `no wire can be made here (${said}): ${REMEDY}`, {
    cause: error,
  });
}

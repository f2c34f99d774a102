/**
 * A pair of devices (veth(4)) between two processes of one machine. It lies in a network namespace that has no name:
 * the kernel removes both with the last process that has an end open, however that ends.
 *
 * The server makes it, and writes into a file where its namespace is to be found; the client reads that.
 */
import { execFileSync } from 'node:child_process';
import {
  closeSync,
  fstatSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, resolve } from 'node:path';
import { type ErrorCode, LibosError } from '../errors.ts';
import { elsewhere, enterNetwork, makeNetwork, OWN_NETWORK } from '../native/network-namespace.ts';
import { NAME } from './options.ts';

type Role = 'server' | 'client';

/** Of the devices, each the other's peer. */
const names: Record<Role, string> = { server: 'server', client: 'client' };

/** For ip(8): they get no addresses, so that nothing of the kernel's own goes over them. */
const COMMANDS = [
  `link add ${names.server} type veth peer name ${names.client}`,
  ...Object.values(names).flatMap((name) => [
    `link set dev ${name} addrgenmode none`,
    `link set dev ${name} up`,
  ]),
].join('\n');

export class LinkEnd {
  readonly interface: string;
  /** The namespace, as an open file. */
  readonly #network: number;
  /** Of the server: the file, and what it wrote there. */
  readonly #written: { path: string; text: string } | null;

  /** Throws LibosError: LINK_DOWN where there is no server, ADDRESS_IN_USE where there is one already. */
  constructor(link: string, role: Role) {
    const path = resolve(link);
    if (!statSync(dirname(path), { throwIfNoEntry: false })?.isDirectory()) {
      throw refusal('INVALID_ARGUMENT', `link=${link}: there is no folder ${dirname(path)}; make it first`);
    }
    this.interface = names[role];
    if (role === 'client') {
      this.#network = findPair(path);
      this.#written = null;
      return;
    }
    this.#network = makePair(path);
    const text = `/proc/${process.pid}/fd/${this.#network} ${fstatSync(this.#network).ino}\n`;
    this.#written = { path, text };
    // At once whole, for who reads it.
    const whole = `${path}.${process.pid}.${this.#network}`;
    writeFileSync(whole, text);
    renameSync(whole, path);
  }

  /** What `body` returns that runs where the devices are. */
  within<T>(body: () => T): T {
    return elsewhere(() => enterNetwork(this.#network), body);
  }

  /** The devices stay as long as the other end is open. */
  close(): void {
    if (this.#written !== null) removeIfStill(this.#written);
    closeSync(this.#network);
  }
}

function makePair(path: string): number {
  const there = openNetwork(path);
  if (there !== null) {
    closeSync(there);
    throw refusal(
      'ADDRESS_IN_USE',
      `link=${path} is that of a server that runs: name another path or end it`,
    );
  }
  try {
    return elsewhere(makeNetwork, () => {
      execFileSync('ip', ['-batch', '-'], { input: COMMANDS, stdio: 'pipe', encoding: 'utf8' });
      return openSync(OWN_NETWORK, 'r');
    });
  } catch (error) {
    const said = (error as { stderr?: string }).stderr?.trim() || (error as Error).message;
    const remedy =
      'run it as root, in a container with --cap-add NET_ADMIN --cap-add SYS_ADMIN, with the Debian package iproute2';
    throw refusal('BACKEND_UNAVAILABLE', `no pair of devices can be made (${said}): ${remedy}`);
  }
}

function findPair(path: string): number {
  const found = openNetwork(path);
  if (found !== null) return found;
  throw refusal('LINK_DOWN', `link=${path}: no server is there; start it first, or look at its log`);
}

/** The namespace of a link whose server runs, as an open file; null where there is none. */
function openNetwork(path: string): number | null {
  try {
    const [place, inode] = readFileSync(path, 'utf8').trim().split(' ');
    const fd = openSync(place, 'r');
    if (String(fstatSync(fd).ino) === inode) return fd;
    // The number of the process, or of its file, is another's by now.
    closeSync(fd);
  } catch {
    // There is no such file, or no such process.
  }
  return null;
}

/** Unless a later server has written its own. */
function removeIfStill({ path, text }: { path: string; text: string }): void {
  try {
    if (readFileSync(path, 'utf8') === text) rmSync(path);
  } catch {
    // Its folder is gone.
  }
}

function refusal(code: ErrorCode, detail: string): LibosError {
  return new LibosError(code, NAME, -1, detail);
}

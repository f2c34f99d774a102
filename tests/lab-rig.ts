/**
 * A laboratory on this machine: three hosts, or more, and a controller, each a network namespace, joined by a bridge.
 * Each host has its own processes, its own /run and /dev/shm, a monotonic clock and the identity of a boot as of
 * another machine, and a real OpenSSH server, whose keys are made here. To ssh it is a network like any other; nobody's
 * ~/.ssh is read, and nothing listens outside of the namespaces.
 *
 * A host ends with this process, however that ends: its first process reads from this one.
 */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { HostAccess } from '../experiments/agent/launch.ts';
import { makeVethPair } from '../experiments/wire/veth.ts';
import { findSshd } from '../scripts/fetch-sshd.mjs';
import { root } from './source-tree.ts';

/** Those that every rig has; one with more clients has `client2` and so on. */
export type RigHostName = 'server0' | 'client0' | 'client1';
const CLIENTS = 2;

/** As experiments/labs/namespaces.yaml has them, and the port and the interface. */
const NETWORK = '10.78.0';
const PORT = 2222;
export const PREFIX_BITS = 24;
const CONTROLLER_ADDRESS = `${NETWORK}.254`;
/** Nobody has it. */
const FREE_ADDRESS = `${NETWORK}.77`;

/** How far hosts' monotonic clocks are apart: days, so that a difference of two of them is seen at once. */
const APART_S = 1_000_000;

/** Without root; has a home of its own. */
export const OTHER_USER = 'rig-user';
const OTHER_UID = 23_456;

/**
 * The checkout that runs, as every host sees it: a folder with spaces. Its name is always the same, since compiled code
 * is kept by the names of files.
 */
export const CHECKOUT = '/run/by pass/bench';

/** The device of a host that is on the bridge. */
export const INTERFACE = 'lan0';

/** What a laboratory takes that this machine lacks, with the remedy; null where one can be made. */
function labLack(): string | null {
  if (findSshd() === null) {
    return "there is no OpenSSH server: 'npm run setup' unpacks one, 'apt-get update' as root may help it, or install openssh-server";
  }
  const script =
    'mount -t tmpfs tmpfs /run && mount -t sysfs sysfs /sys && ip link add probe0 type bridge && ssh -V';
  const namespaces = ['--net', '--mount', '--pid', '--time', '--fork', '--mount-proc'];
  const { status, stderr } = spawnSync('unshare', [...namespaces, 'sh', '-c', script], { encoding: 'utf8' });
  if (status === 0) return null;
  const said = stderr?.trim().split('\n').at(-1) || 'unshare did not start';
  return `hosts are network namespaces, with mounts and processes of their own, which take root and ssh(1): ${said}`;
}

let lack: string | null | undefined;

/** Whether a laboratory can be made here. If not it says why, so that nobody takes what is left out for tested. */
export function mayMakeLab(): boolean {
  if (lack === undefined) {
    lack = labLack();
    if (lack !== null) console.warn(`tests of laboratories are left out: ${lack}`);
  }
  return lack === null;
}

export class RigHost {
  readonly name: string;
  readonly address: string;
  /** On this machine, for files that the host has by itself; the host sees it at the same path. */
  readonly folder: string;
  /** Of the first process on the host. */
  readonly pid: number;
  readonly #atRest: ReadonlySet<number>;

  constructor(name: string, address: string, folder: string, pid: number) {
    this.name = name;
    this.address = address;
    this.folder = folder;
    this.pid = pid;
    this.#atRest = new Set(this.#all());
  }

  /** How bypassbench reaches it. */
  access({ target = this.name, user = null as string | null, folder = CHECKOUT, env = {} } = {}): HostAccess {
    const ssh = { host: target, user, port: null, identity: null, jump: null };
    const all = { TMPDIR: temporaryIn(this.folder), ...env };
    return { name: this.name, launcher: 'ssh', ssh, node: null, folder, env: all };
  }

  /** Ids, on this machine, of what runs there and is no part of the rig. */
  processes(): number[] {
    return this.#all().filter((pid) => !this.#atRest.has(pid) && !programOf(pid).includes('sshd'));
  }

  /** Runs a command there; what it printed. */
  run(...command: string[]): string {
    const inside = ['--target', `${this.pid}`, '--net', '--mount', '--pid'];
    return execFileSync('nsenter', [...inside, ...command], { encoding: 'utf8', stdio: 'pipe' });
  }

  #all(): number[] {
    const own = readlinkSync(`/proc/${this.pid}/ns/pid`);
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name) && namespaceOf(name) === own)
      .map(Number);
  }
}

function namespaceOf(pid: string): string | null {
  try {
    return readlinkSync(`/proc/${pid}/ns/pid`);
  } catch {
    return null;
  }
}

/** Its words, or nothing when it has ended. */
function programOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').join(' ').trim();
  } catch {
    return '';
  }
}

const temporaryIn = (folder: string): string => path.join(folder, 'tmp');

export class LabRig {
  readonly folder: string;
  readonly hosts: Readonly<Record<RigHostName, RigHost>>;
  /** The same, and all others. */
  readonly all: readonly RigHost[];
  /** The words in front of a command that is to run where the controller is. */
  readonly inside: readonly [string, ...string[]];
  readonly #controller: number;
  readonly #holders: readonly ChildProcess[];
  readonly #path = process.env.PATH;

  private constructor(folder: string, names: readonly string[], holders: readonly ChildProcess[]) {
    const [controller, ...hosts] = holders;
    this.folder = folder;
    this.#holders = holders;
    this.#controller = controller!.pid!;
    this.inside = ['nsenter', '--target', `${this.#controller}`, '--net'];
    this.#join(names, hosts);
    this.all = names.map((name, index) => {
      const first = firstChild(hosts[index] as ChildProcess);
      return new RigHost(name, addressOf(index), path.join(folder, name), first);
    });
    this.hosts = Object.fromEntries(this.all.map((host) => [host.name, host])) as typeof this.hosts;
    this.#findSshThere(names);
  }

  static async make(clients = CLIENTS): Promise<LabRig> {
    const names = ['server0', ...Array.from({ length: clients }, (_, index) => `client${index}`)];
    const folder = mkdtempSync(path.join(os.tmpdir(), 'lab-'));
    chmodSync(folder, 0o755);
    makeKeys(folder, names);
    writeUsers(folder);
    const controller = spawn('unshare', ['--net', '--mount', 'sh', '-c', CONTROLLER], { stdio: 'pipe' });
    const holders = [
      controller,
      ...names.map((name, index) => startHost(folder, name, (index + 1) * APART_S)),
    ];
    try {
      await Promise.all(holders.map(ready));
      const rig = new LabRig(folder, names, holders);
      await Promise.all(names.map((name) => rig.#untilReachable(name)));
      return rig;
    } catch (error) {
      for (const holder of holders) holder.kill('SIGKILL');
      rmSync(folder, { recursive: true });
      throw error;
    }
  }

  /** The link between a host and the bridge: nothing goes through, and nobody is told. */
  setLink(name: RigHostName, state: 'up' | 'down'): void {
    this.run('ip', 'link', 'set', portOf(name), state);
  }

  /** Runs a command where the controller is; what it printed. */
  run(...command: string[]): string {
    const [program, ...words] = [...this.inside, ...command] as [string, ...string[]];
    return execFileSync(program, words, { encoding: 'utf8', stdio: 'pipe' });
  }

  async close(): Promise<void> {
    process.env.PATH = this.#path;
    const ended = this.#holders.map((holder) => once(holder, 'exit'));
    for (const holder of this.#holders) holder.kill('SIGKILL');
    await Promise.all(ended);
    rmSync(this.folder, { recursive: true });
  }

  #join(names: readonly string[], hosts: readonly ChildProcess[]): void {
    this.run('ip', 'link', 'add', 'bridge0', 'type', 'bridge');
    this.run('ip', 'addr', 'add', `${CONTROLLER_ADDRESS}/${PREFIX_BITS}`, 'dev', 'bridge0');
    for (const [index, name] of names.entries()) {
      const host = hosts[index]?.pid as number;
      makeVethPair(
        { interface: portOf(name), network: this.#controller },
        { interface: INTERFACE, network: host },
      );
      const there = `ip addr add ${addressOf(index)}/${PREFIX_BITS} dev ${INTERFACE} && ip link set ${INTERFACE} up`;
      execFileSync('nsenter', ['--target', `${host}`, '--net', 'sh', '-c', there], { stdio: 'pipe' });
      this.run('ip', 'link', 'set', portOf(name), 'master', 'bridge0', 'up');
    }
    this.run('ip', 'link', 'set', 'bridge0', 'up');
  }

  /** From now on `ssh` is one that knows the rig's hosts and sits where the controller is. */
  #findSshThere(names: readonly string[]): void {
    const config = path.join(this.folder, 'ssh_config');
    writeFileSync(config, sshConfig(this.folder, names));
    const bin = path.join(this.folder, 'bin');
    const real = execFileSync('sh', ['-c', 'command -v ssh'], { encoding: 'utf8' }).trim();
    mkdirSync(bin);
    writeFileSync(
      path.join(bin, 'ssh'),
      `#!/bin/sh\nexec ${this.inside.join(' ')} ${real} -F ${config} "$@"\n`,
    );
    chmodSync(path.join(bin, 'ssh'), 0o755);
    process.env.PATH = `${bin}:${process.env.PATH}`;
  }

  async #untilReachable(name: string): Promise<void> {
    for (let attempt = 0; ; attempt++) {
      const { status, stderr } = spawnSync('ssh', [name, 'true'], { encoding: 'utf8' });
      if (status === 0) return;
      if (attempt === 50) throw new Error(`sshd of ${name} lets nobody in: ${stderr}`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

const addressOf = (index: number): string => `${NETWORK}.${index + 1}`;
const portOf = (name: string): string => `to-${name}`;

function firstChild(holder: ChildProcess): number {
  return Number.parseInt(readFileSync(`/proc/${holder.pid}/task/${holder.pid}/children`, 'utf8'), 10);
}

const CONTROLLER = 'mount -t sysfs sysfs /sys && ip link set lo up && echo ready && exec cat >/dev/null';

/** `ahead_s`: of its monotonic clock. */
function startHost(folder: string, name: string, ahead_s: number): ChildProcess {
  const own = path.join(folder, name);
  mkdirSync(temporaryIn(own), { recursive: true });
  chmodSync(temporaryIn(own), 0o1777);
  const { program, unpacked } = findSshd()!;
  const libraries = ['usr/lib', 'lib'].map((one) => path.join(unpacked, one, `${machineName()}-linux-gnu`));
  writeFileSync(path.join(own, 'sshd_config'), sshdConfig(folder, unpacked));
  writeFileSync(path.join(own, 'boot_id'), `${randomUUID()}\n`);
  const script = [
    'mount -t sysfs sysfs /sys',
    'mount -t tmpfs tmpfs /run && mkdir -m 755 /run/sshd',
    'mount -t tmpfs tmpfs /dev/shm',
    `mount --bind "$FOLDER/passwd" /etc/passwd`,
    `mount --bind "$OWN/boot_id" /proc/sys/kernel/random/boot_id`,
    `mkdir -p "$MOUNTED" && mount --bind "$CHECKOUT" "$MOUNTED"`,
    'ip link set lo up',
    '{ LD_LIBRARY_PATH="$LIBRARIES" "$SSHD" -D -e -f "$OWN/sshd_config" & }',
    'echo ready',
    'cat >/dev/null',
  ].join(' && ');
  const env = {
    ...process.env,
    ...{ FOLDER: folder, CHECKOUT: root, MOUNTED: CHECKOUT, OWN: own },
    ...{ SSHD: program, LIBRARIES: libraries.join(':') },
  };
  const namespaces = ['--net', '--mount', '--pid', '--time', '--fork', '--kill-child', '--mount-proc'];
  return spawn('unshare', [...namespaces, '--monotonic', `${ahead_s}`, 'sh', '-c', script], {
    stdio: 'pipe',
    env,
  });
}

/** As Debian calls it in names of folders. */
function machineName(): string {
  return process.arch === 'arm64' ? 'aarch64' : 'x86_64';
}

async function ready(holder: ChildProcess): Promise<void> {
  let said = '';
  holder.stderr!.on('data', (text) => {
    said += text;
  });
  const ended = once(holder, 'close').then(() => {
    throw new Error(`no host: ${said}`);
  });
  await Promise.race([once(holder.stdout!, 'data'), ended]);
  ended.catch(() => {});
}

const keyOf = (folder: string, name: string): string => path.join(folder, 'keys', name);

/** A host key, a user's key, and one of somebody whom no host knows. */
function makeKeys(folder: string, names: readonly string[]): void {
  mkdirSync(path.join(folder, 'keys'));
  for (const name of ['host', 'user', 'stranger']) {
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', name, '-f', keyOf(folder, name)]);
  }
  const keyLine = (host: string, key: string): string =>
    `${host} ${readFileSync(`${keyOf(folder, key)}.pub`, 'utf8')}`;
  const known = [...names, 'locked'].map((host) => keyLine(host, 'host'));
  known.push(keyLine('changed', 'stranger'));
  writeFileSync(path.join(folder, 'known_hosts'), known.join(''));
}

/** This machine's users, and two more: the one that sshd is while it knows nobody, and one without root. */
function writeUsers(folder: string): void {
  const home = path.join(folder, 'home');
  mkdirSync(home);
  chownSync(home, OTHER_UID, OTHER_UID);
  // The checkout is somebody else's.
  writeFileSync(path.join(home, '.gitconfig'), '[safe]\n\tdirectory = *\n');
  const users = readFileSync('/etc/passwd', 'utf8').split('\n');
  const others = users.filter((line) => line !== '' && !line.startsWith('sshd:'));
  const added = [
    'sshd:*:65533:65534::/run/sshd:/usr/sbin/nologin',
    `${OTHER_USER}:*:${OTHER_UID}:${OTHER_UID}::${home}:/bin/sh`,
  ];
  writeFileSync(path.join(folder, 'passwd'), `${[...others, ...added].join('\n')}\n`);
}

function sshdConfig(folder: string, unpacked: string): string {
  // Since version 10 the server has parts that it must find.
  const parts = ['session', 'auth'].flatMap((part) => {
    const program = path.join(unpacked, 'usr/lib/openssh', `sshd-${part}`);
    return existsSync(program) ? [`Sshd${part === 'auth' ? 'Auth' : 'Session'}Path ${program}`] : [];
  });
  return [
    `Port ${PORT}`,
    `HostKey ${keyOf(folder, 'host')}`,
    `AuthorizedKeysFile ${keyOf(folder, 'user')}.pub`,
    'StrictModes no',
    'UsePAM no',
    'PasswordAuthentication no',
    'KbdInteractiveAuthentication no',
    'PidFile none',
    'UseDNS no',
    'PrintMotd no',
    'LogLevel ERROR',
    ...parts,
    '',
  ].join('\n');
}

/** Hosts of the rig, and names that lead to trouble. */
function sshConfig(folder: string, names: readonly string[]): string {
  const entry = (name: string, address: string, key = 'user', known = name): string =>
    `Host ${name}\n  HostName ${address}\n  HostKeyAlias ${known}\n  IdentityFile ${keyOf(folder, key)}\n`;
  return [
    ...names.map((name, index) => entry(name, addressOf(index))),
    // It lets nobody in with this key; no host key of it is known; another one is known.
    entry('locked', addressOf(0), 'stranger'),
    entry('unknown', addressOf(0)),
    entry('changed', addressOf(0)),
    // As docs/two-hosts.md calls two of them.
    entry('node0', addressOf(0), 'user', 'server0'),
    entry('node1', addressOf(1), 'user', 'client0'),
    // Nothing listens there, nobody is there.
    entry('refused', CONTROLLER_ADDRESS),
    entry('down', FREE_ADDRESS),
    'Host *',
    '  User root',
    `  Port ${PORT}`,
    '  IdentitiesOnly yes',
    '  IdentityAgent none',
    `  UserKnownHostsFile ${path.join(folder, 'known_hosts')}`,
    '  GlobalKnownHostsFile /dev/null',
    '  StrictHostKeyChecking yes',
    '',
  ].join('\n');
}

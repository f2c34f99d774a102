/**
 * What this machine must have for the guest: QEMU, and the programs and libraries that the guest runs off
 * this machine's root. What is missing is installed.
 */
import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { execa } from 'execa';

/** The guest cannot be had on this machine, whatever one does. */
export class Unavailable extends Error {}

/** A Debian package, and the command or the file by which we know that it is there. */
interface Package {
  name: string;
  command?: string;
  file?: string;
}

const EMULATOR: Package = { name: 'qemu-system-x86', command: 'qemu-system-x86_64' };
const USED_BY_GUEST: Package[] = [
  { name: 'iproute2', command: 'rdma' },
  { name: 'ibverbs-providers', file: '/etc/libibverbs.d/rxe.driver' },
  { name: 'ibverbs-utils', command: 'ibv_rc_pingpong' },
  { name: 'libfabric-bin', command: 'fi_pingpong' },
];
/** Where administrators' programs are, which is not on everyone's PATH. */
const SYSTEM_FOLDERS = ['/usr/sbin', '/sbin'];

export const say = (line: string): void => console.log(`guest: ${line}`);

function onPath(command: string): boolean {
  const folders = [...(process.env.PATH ?? '').split(delimiter), ...SYSTEM_FOLDERS];
  return folders.some((folder) => {
    try {
      accessSync(join(folder, command), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

const isMissing = ({ command, file }: Package): boolean =>
  command === undefined ? !existsSync(file!) : !onPath(command);

/** Runs apt-get as root with its output shown. Returns whether it succeeded. */
export async function aptAsRoot(...args: string[]): Promise<boolean> {
  const sudo = process.getuid!() === 0 ? [] : ['sudo'];
  if (sudo.length > 0 && !onPath('sudo')) return false;
  const [command, ...rest] = [...sudo, 'env', 'DEBIAN_FRONTEND=noninteractive', 'apt-get', ...args];
  say(`running ${[command, ...rest].join(' ')}`);
  const { failed } = await execa(command, rest, {
    stdin: 'ignore',
    stdout: 'inherit',
    stderr: 'inherit',
    reject: false,
  });
  return !failed;
}

/** Installs what is missing. Throws Unavailable when there can be no QEMU, an Error for anything else. */
export async function prepareHost(): Promise<void> {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new Unavailable(
      `no guest on ${process.platform} ${process.arch}: it runs this machine's own programs on Debian's kernel for x86-64 Linux`,
    );
  }
  const missing = [EMULATOR, ...USED_BY_GUEST].filter(isMissing);
  if (missing.length === 0) return;
  const names = missing.map(({ name }) => name);
  if (onPath('apt-get')) {
    await aptAsRoot('update', '-qq');
    if (await aptAsRoot('install', '-qq', '-y', '--no-install-recommends', ...names)) {
      say(`installed ${names.join(' ')}`);
      return;
    }
  }
  const remedy = `have these Debian packages installed by root: ${names.join(' ')}`;
  if (isMissing(EMULATOR)) throw new Unavailable(`QEMU cannot be installed; ${remedy}`);
  throw new Error(`the guest lacks programs that could not be installed; ${remedy}`);
}

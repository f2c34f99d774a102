/**
 * What the guest is made of: QEMU and tools, installed where they are missing, and Debian's kernel, which is fetched and
 * unpacked into a folder of ours but not installed, so that nothing changes about how this machine starts.
 */
import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { loadingOrder } from './modules.ts';

/** Thrown where there can be no guest, whatever one installs. */
export class GuestImpossible extends Error {}

/** Debian packages, and by which command or file we know that each is there. */
const packages = [
  { name: 'qemu-system-x86', command: 'qemu-system-x86_64' },
  { name: 'busybox-static', command: 'busybox' },
  { name: 'kmod', command: 'depmod' },
  { name: 'iproute2', command: 'rdma' },
  { name: 'libfabric-bin', command: 'fi_pingpong' },
  { name: 'ibverbs-utils', command: 'ibv_rc_pingpong' },
  { name: 'ibverbs-providers', file: '/usr/lib/x86_64-linux-gnu/libibverbs/librxe-rdmav34.so' },
  { name: 'util-linux', command: 'setpriv' },
];

/** For the guest's root file system, and for Soft-RoCE with the connection manager of RDMA. */
const modules = [
  'overlay',
  'virtio_pci',
  '9pnet_virtio',
  '9p',
  'crc32_generic',
  'rdma_rxe',
  'rdma_ucm',
  'veth',
];

const cache = join(import.meta.dirname, 'cache');

export interface Kernel {
  version: string;
  image: string;
  /** Paths of the modules, in the order in which they are to be loaded. */
  modules: string[];
}

/** Installs and fetches what is missing. Throws GuestImpossible, or an error with what failed. */
export function prepare(say: (line: string) => void): Kernel {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new GuestImpossible(`the guest is x86-64 Linux, and this is ${process.platform} ${process.arch}`);
  }
  const missing = packages.filter(({ command, file }) =>
    command === undefined ? !existsSync(file!) : !onPath(command),
  );
  if (missing.length > 0)
    install(
      missing
        .map(({ name }) => name)
        .join(' ')
        .split(' '),
      say,
    );
  const kernel = unpackedKernel() ?? fetchKernel(say);
  run('depmod', ['-b', kernel.folder, kernel.version]);
  const folder = join(kernel.folder, 'lib', 'modules', kernel.version);
  const order = loadingOrder(readFileSync(join(folder, 'modules.dep'), 'utf8'), modules);
  return {
    version: kernel.version,
    image: join(kernel.folder, 'boot', `vmlinuz-${kernel.version}`),
    modules: order.map((path) => join(folder, path)),
  };
}

export function onPath(command: string): boolean {
  return [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/sbin'].some((folder) => {
    try {
      accessSync(join(folder, command), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

function install(names: string[], say: (line: string) => void): void {
  if (!onPath('apt-get')) {
    throw new GuestImpossible(`this system has no apt to install ${names.join(', ')} with`);
  }
  const asRoot = process.getuid!() === 0 ? [] : ['sudo'];
  if (asRoot.length > 0 && !onPath('sudo')) {
    throw new GuestImpossible(
      `not root and no sudo: have these installed: apt-get install ${names.join(' ')}`,
    );
  }
  say(`installing ${names.join(' ')}`);
  const apt = (...args: string[]) => {
    const [command, ...rest] = [...asRoot, 'env', 'DEBIAN_FRONTEND=noninteractive', 'apt-get', ...args];
    run(command, rest);
  };
  apt('update', '-qq');
  apt('install', '-qq', '-y', '--no-install-recommends', ...names);
}

interface UnpackedKernel {
  folder: string;
  version: string;
}

function unpackedKernel(): UnpackedKernel | null {
  const folder = join(cache, 'kernel');
  const images = existsSync(join(folder, 'boot')) ? readdirSync(join(folder, 'boot')) : [];
  const image = images.find((name) => name.startsWith('vmlinuz-'));
  return image === undefined ? null : { folder, version: image.slice('vmlinuz-'.length) };
}

/** The package that linux-image-amd64 stands for. */
function fetchKernel(say: (line: string) => void): UnpackedKernel {
  const folder = join(cache, 'kernel');
  mkdirSync(cache, { recursive: true });
  let name = kernelPackage();
  if (name === null && process.getuid!() === 0) {
    run('apt-get', ['update', '-qq']);
    name = kernelPackage();
  }
  if (name === null) {
    throw new GuestImpossible(
      'apt knows no package linux-image-amd64: is this Debian, and was apt-get update run?',
    );
  }
  say(`fetching ${name}, 70 MB, which is unpacked and not installed`);
  run('apt-get', ['download', '-qq', name], cache);
  const file = readdirSync(cache).find((one) => one.startsWith(`${name}_`))!;
  // Whole or not at all.
  run('dpkg-deb', ['-x', file, 'unpacking'], cache);
  rmSync(join(cache, file));
  run('mv', ['unpacking', folder], cache);
  return unpackedKernel()!;
}

function kernelPackage(): string | null {
  const { stdout } = spawnSync('apt-cache', ['depends', 'linux-image-amd64'], { encoding: 'utf8' });
  return /Depends: (linux-image-[\w.+-]+)/.exec(stdout ?? '')?.[1] ?? null;
}

function run(command: string, args: string[], cwd?: string): void {
  const env = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin` };
  const { status, error, stderr } = spawnSync(command, args, { cwd, env, encoding: 'utf8' });
  if (status === 0) return;
  throw new Error(`${command} ${args.join(' ')} failed: ${(error?.message ?? stderr).trim()}`);
}

/**
 * The guest's kernel: Debian's, fetched with apt and unpacked into cache/, never installed: this machine's own kernel,
 * initial file systems and boot menu are left alone. Only what the guest uses of it is kept.
 */
import { existsSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { aptAsRoot, say, Unavailable } from './host.ts';
import { loadOrder, moduleName, neededBy } from './modules.ts';

/** Loaded before anything can be said to the host. */
const CHANNEL_MODULES = ['virtio_pci', 'virtio_console'];
const MODULES = [
  '9pnet_virtio',
  '9p',
  'overlay',
  'veth',
  // rdma_rxe asks for this checksum by name, so that no dependency tells of it.
  'crc32_generic',
  'rdma_rxe',
  'rdma_ucm',
  'vfio_pci',
  'vfio_iommu_type1',
  // The NICs are the kernel's at first.
  'e1000e',
];
/** Depends on the current kernel, which has its version in its name. */
const KERNEL_PACKAGE = 'linux-image-amd64';
/** Its busybox needs no library, so that it runs before the host's root is there. */
const BUSYBOX_PACKAGE = 'busybox-static';

const cache = join(import.meta.dirname, 'cache');

export interface GuestKernel {
  /** As `uname -r` says it. */
  release: string;
  image: string;
  busybox: string;
  /** Names, in the order in which they are to be loaded: first what the channel needs, then the others. */
  channelModules: string[];
  modules: string[];
}

/** The object file of a module of the guest's. */
export const moduleFile = (name: string): string => join(cache, 'modules', `${name}.ko`);

/** What cache/parts.json says of its neighbours. */
interface Parts {
  wanted: string[];
  release: string;
  channelModules: string[];
  modules: string[];
}

const wanted = [...CHANNEL_MODULES, ...MODULES];

/** Takes the kernel from the cache, or fetches it. */
export async function guestKernel(): Promise<GuestKernel> {
  const kept = join(cache, 'parts.json');
  let parts: Parts | undefined = existsSync(kept) ? JSON.parse(await readFile(kept, 'utf8')) : undefined;
  if (parts === undefined || parts.wanted.join() !== wanted.join()) parts = await fetchParts();
  const { release, channelModules, modules } = parts;
  return {
    release,
    image: join(cache, 'vmlinuz'),
    busybox: join(cache, 'busybox'),
    channelModules,
    modules,
  };
}

/** Fills the cache; parts.json comes last, so that a cache that was not filled to the end is none. */
async function fetchParts(): Promise<Parts> {
  await rm(cache, { recursive: true, force: true });
  const work = await mkdtemp(join(tmpdir(), 'guest-'));
  try {
    const unpacked = join(work, 'unpacked');
    await download(join(work, 'packages'), unpacked);
    const parts = await pick(unpacked);
    await writeFile(join(cache, 'parts.json'), JSON.stringify(parts, null, 2));
    return parts;
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** Name of the package that has the current kernel, or null when apt's lists have none. */
async function kernelPackage(): Promise<string | null> {
  const { stdout } = await execa('apt-cache', ['depends', KERNEL_PACKAGE], {
    reject: false,
    env: { LC_ALL: 'C' },
  });
  return /Depends: (linux-image-\d\S*)/.exec(stdout ?? '')?.[1] ?? null;
}

async function download(folder: string, unpacked: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  let said = '';
  const attempt = async (): Promise<string | null> => {
    const name = await kernelPackage();
    if (name === null) return null;
    say(`fetching ${name} (70 MB) and ${BUSYBOX_PACKAGE}`);
    const args = ['download', '-q', name, BUSYBOX_PACKAGE];
    const { failed, stderr } = await execa('apt-get', args, { cwd: folder, reject: false });
    said = stderr;
    return failed ? null : name;
  };
  // Lists that are missing or old are the usual reason for a failure.
  const name = (await attempt()) ?? ((await aptAsRoot('update', '-qq')) ? await attempt() : null);
  if (name === null && (await kernelPackage()) === null) {
    throw new Unavailable(`no guest here: apt knows no ${KERNEL_PACKAGE}, Debian's kernel`);
  }
  if (name === null) {
    throw new Error(
      `the guest's kernel could not be fetched: ${said.trim()}\nRun 'apt-get update' as root, and this again.`,
    );
  }
  for (const archive of await readdir(folder)) {
    await execa('dpkg-deb', ['--extract', join(folder, archive), unpacked]);
  }
}

/** Where a file or folder of a package is: newer releases of Debian have everything below usr/. */
function locate(unpacked: string, path: string): string {
  const found = [join(unpacked, path), join(unpacked, 'usr', path)].find(existsSync);
  if (found === undefined) throw new Error(`Debian's package does not have ${path} where it used to be`);
  return found;
}

/** Copies what the guest uses into the cache. */
async function pick(unpacked: string): Promise<Parts> {
  await mkdir(join(cache, 'modules'), { recursive: true });
  const [release] = await readdir(locate(unpacked, 'lib/modules'));
  const tree = join(locate(unpacked, 'lib/modules'), release);
  const busybox = join(cache, 'busybox');
  await copyFile(join(unpacked, 'boot', `vmlinuz-${release}`), join(cache, 'vmlinuz'));
  await copyFile(locate(unpacked, 'bin/busybox'), busybox);

  const paths = new Map<string, string>();
  for (const path of await readdir(join(tree, 'kernel'), { recursive: true })) {
    if (/\.ko(\.\w+)?$/.test(path)) paths.set(moduleName(path), join(tree, 'kernel', path));
  }
  const builtin = new Set(
    (await readFile(join(tree, 'modules.builtin'), 'utf8')).split('\n').map(moduleName),
  );
  const take = async (name: string): Promise<string[] | null> => {
    const path = paths.get(name);
    if (path === undefined && builtin.has(name)) return null;
    if (path === undefined) throw new Error(`Debian's kernel ${release} has no module ${name}`);
    // Newer kernels of Debian have their modules compressed.
    const object = path.endsWith('.xz')
      ? Buffer.from((await execa(busybox, ['xz', '-dc', path], { encoding: 'buffer' })).stdout)
      : await readFile(path);
    await writeFile(moduleFile(name), object);
    return neededBy(object);
  };
  const channelModules = await loadOrder(CHANNEL_MODULES, take);
  const all = await loadOrder(wanted, take);
  return { wanted, release, channelModules, modules: all.filter((name) => !channelModules.includes(name)) };
}

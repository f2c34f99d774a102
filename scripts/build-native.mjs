/**
 * Compiles the C files of libos/native, libos/examples/posix and loadgen/floor/native into a folder build beside them,
 * each product anew only when its sources, the compiler's arguments or the version of the library that it is built on
 * have changed. Plain JavaScript without dependencies, for Node 20 and later, since set-up runs it before anything is
 * installed.
 *
 *     node scripts/build-native.mjs
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ask, say, step } from './step.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const glue = join(root, 'libos', 'native');
const floors = join(root, 'loadgen', 'floor', 'native');
const posix = join(root, 'libos', 'examples', 'posix');

/** What the floors' programs share: a window in slices, with readings of the cores' distance between them. */
const sliced = {
  sources: ['floor-slices.c', 'floor-counts.c', 'floor-side.c', '../../../libos/native/distance.c'],
  headers: [
    'floor-slices.h',
    'floor-counts.h',
    'floor-side.h',
    '../../../libos/native/distance.h',
    '../../../libos/native/device-times.h',
  ],
  flags: ['-pthread'],
};

/** The glue for XDP sockets, of which a floor is made, too. */
const xdpSockets = {
  sources: ['xsk.c', 'xsk-burst.c', 'xsk-rings.c', 'xdp-program.c', 'checksum.c'],
  headers: [
    ...['xsk.h', 'xsk-socket.h', 'xsk-rings.h', 'xdp-program.h'],
    ...['frame-area.h', 'checksum.h', 'device-times.h'],
  ],
};
const fromFloors = (file) => relative(floors, join(glue, file));

/**
 * What is built: `file` from `sources` in `folder` (the headers are only looked at for changes), against the `library`
 * that pkg-config knows, if any; `without` says what is lost when it cannot be built.
 */
const products = [
  {
    file: 'dpdk.so',
    folder: glue,
    sources: [
      ...['eal.c', 'pool.c', 'port.c', 'burst.c', 'gate.c', 'port-wait.c', 'memif-wait.c'],
      ...['net-af-xdp.c', 'xdp-program.c', 'checksum.c'],
    ],
    headers: ['port.h', 'gate.h', 'frame-area.h', 'xdp-program.h', 'checksum.h', 'device-times.h'],
    flags: ['-shared', '-fPIC', '-DALLOW_EXPERIMENTAL_API'],
    library: { name: 'libdpdk', package: 'libdpdk-dev' },
    without: 'the backend dpdk is not available',
  },
  {
    file: 'floor-dpdk',
    folder: floors,
    ...sliced,
    sources: ['floor-dpdk.c', '../../../libos/native/gate.c', ...sliced.sources],
    headers: ['../../../libos/native/gate.h', ...sliced.headers],
    // Drivers find the gate's functions in the program, before those of EAL.
    flags: [...sliced.flags, '-rdynamic', '-DALLOW_EXPERIMENTAL_API'],
    library: { name: 'libdpdk', package: 'libdpdk-dev' },
    without: 'the floor under kv-dpdk is not measured',
  },
  {
    file: 'floor-sockets',
    folder: floors,
    ...sliced,
    sources: ['floor-sockets.c', 'floor-loopback.c', ...sliced.sources],
    headers: ['floor-loopback.h', ...sliced.headers],
    library: null,
    without: 'the floor under kv-kernel is not measured',
  },
  {
    file: 'floor-uring',
    folder: floors,
    sources: ['floor-uring.c', 'floor-loopback.c', 'floor-side.c'],
    headers: ['floor-loopback.h', 'floor-side.h', '../../../libos/native/uring-memory.h'],
    flags: [],
    library: null,
    without: 'the floor under kv-uring is not measured',
  },
  {
    file: 'floor-xdp',
    folder: floors,
    ...sliced,
    sources: ['floor-xdp.c', ...xdpSockets.sources.map(fromFloors), ...sliced.sources],
    headers: [...xdpSockets.headers.map(fromFloors), ...sliced.headers],
    library: null,
    without: 'the floor under kv-xdp is not measured',
  },
  {
    file: 'rdma.so',
    folder: glue,
    sources: ['fabric.c', 'ahead.c', 'message.c', 'fabric-wait.c', 'loss.c', 'watch.c'],
    headers: ['fabric.h', 'watch.h', 'device-times.h'],
    // The watchdog, a thread, stays when the thread that has loaded it goes.
    flags: ['-shared', '-fPIC', '-fvisibility=hidden', '-pthread', '-Wl,-z,nodelete'],
    library: { name: 'libfabric', package: 'libfabric-dev' },
    without: 'the backend rdma is not available',
  },
  {
    file: 'uring.so',
    folder: glue,
    sources: ['uring.c'],
    headers: ['device-times.h', 'uring-memory.h'],
    flags: ['-shared', '-fPIC', '-fvisibility=hidden'],
    library: null,
    without: 'the backend uring is not available',
  },
  {
    file: 'xdp.so',
    folder: glue,
    ...xdpSockets,
    flags: ['-shared', '-fPIC', '-fvisibility=hidden'],
    library: null,
    without: 'the backend xdp is not available',
  },
  {
    file: 'stamps.so',
    folder: glue,
    sources: ['stamps.c'],
    headers: ['device-times.h'],
    flags: ['-shared', '-fPIC', '-fvisibility=hidden', '-pthread'],
    library: null,
    without: 'latencies are not split into stages',
  },
  {
    file: 'distance.so',
    folder: glue,
    sources: ['distance.c'],
    headers: ['distance.h', 'device-times.h'],
    flags: ['-shared', '-fPIC', '-fvisibility=hidden', '-pthread'],
    library: null,
    without: 'how far server and client are apart is not measured',
  },
  ...['echo-epoll', 'echo-polling', 'sink', 'relay'].map((name) => ({
    file: `posix-${name}`,
    folder: posix,
    sources: [`${name}.c`, 'server.c', ...(name.startsWith('echo') ? ['echo.c'] : [])],
    headers: ['server.h', 'echo.h'],
    flags: [],
    library: null,
    without: 'the example servers of the libOS have no peer that is written for Linux',
  })),
];

const warnings = ['-Wall', '-Wextra', '-Wshadow', '-Wstrict-prototypes'];

const noLibrary = { version: null, arguments: [] };

/** What pkg-config knows of a library, or null. */
function find({ name }) {
  const version = ask('pkg-config', ['--modversion', name]);
  if (version === null) return null;
  return { version, arguments: ask('pkg-config', ['--cflags', '--libs', name]).split(/\s+/) };
}

/** Compiles one product if it must be. Resolves to what is wrong, with the remedy, or to null. */
async function build(product) {
  const { file, folder, sources, headers, flags, library } = product;
  const found = library === null ? noLibrary : find(library);
  if (found === null) {
    return `pkg-config finds no ${library.name}: install ${library.package} and pkg-config, then run this again`;
  }
  // Nothing of where the checkout lies is in the arguments: a copy of it, with what was built, builds nothing anew.
  const built = join('build', file);
  const target = join(folder, built);
  const compile = [
    '-std=gnu11',
    '-O3',
    '-g',
    ...warnings,
    ...flags,
    `-I${relative(folder, glue) || '.'}`,
    '-o',
    `${built}.new`,
    ...sources,
    ...found.arguments,
  ];
  const hash = createHash('sha256').update(JSON.stringify([found.version, process.arch, compile]));
  for (const source of [...sources, ...headers]) hash.update(readFileSync(join(folder, source)));
  const wanted = hash.digest('hex');
  const stamp = `${target}.stamp`;
  if (existsSync(target) && existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return null;

  mkdirSync(dirname(target), { recursive: true });
  rmSync(stamp, { force: true });
  const on = library === null ? '' : ` on ${library.name} ${found.version}`;
  const doing = `building ${file}${on}`;
  const { succeeded } = await step({
    doing,
    done: `built ${file}${on}`,
    command: 'gcc',
    args: compile,
    cwd: folder,
  });
  if (!succeeded) return 'gcc failed: install gcc and libc6-dev if they are missing, then run this again';
  // A process that has the old one loaded keeps it, since it is another file.
  renameSync(`${target}.new`, target);
  writeFileSync(stamp, wanted);
  return null;
}

/** Builds everything that can be built; what cannot is one line each. Resolves to whether all is there. */
export async function buildNative() {
  if (process.platform !== 'linux') return true;
  let complete = true;
  for (const product of products) {
    const failure = await build(product);
    if (failure === null) continue;
    complete = false;
    say(`${product.file} is not built, so ${product.without}: ${failure}`);
  }
  return complete;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) process.exit((await buildNative()) ? 0 : 1);

/**
 * Builds Redis from the source of the very redis-server that is installed: that server, and the same objects with the
 * glue of kvserver/redis/native as a library, the port to the libOS. Nothing of Redis is changed. The build is kept in
 * a cache outside of this folder; kvserver/redis/build has what is used:
 *
 *     redis-server     Redis' own program
 *     redis-port.so    the port; exports what begins with rp_
 *     source           the source as it was built, with redis-cli, redis-benchmark and Redis' own tests
 *     redis.json       what was built, from what and how
 *     missing.txt      instead of them: why there is no port, and the remedy
 *
 * Plain JavaScript without dependencies, for Node 20 and later, since set-up runs it before anything is installed.
 *
 *     node scripts/build-redis.mjs
 */
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { availableParallelism, homedir } from 'node:os';
import { basename, dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { packageFlags } from './redis/package-flags.mjs';
import {
  fetchSource,
  installedRedis,
  moveIntoPlace,
  NotBuilt,
  whyUnsupported,
  withoutEpoch,
} from './redis/source-package.mjs';
import { ask, say, step } from './step.mjs';

const scripts = dirname(fileURLToPath(import.meta.url));
const redis = join(scripts, '..', 'kvserver', 'redis');
const native = join(redis, 'native');
const place = join(redis, 'build');
const exported = join(scripts, 'redis', 'exports.map');
const buildScript = join(scripts, 'redis', 'build.sh');
/** Of the glue, what the program is linked with too. */
const currentDir = join(native, 'current-dir.c');

const NOT_AVAILABLE = 'the systems redis-kernel, redis-rdma and redis-dpdk are not available';

/**
 * Of our own beside the distribution's: the same objects serve program and library, and calls need not go through a
 * table in either. Debian's change to Redis tests `USE_SYSTEM_JEMALLOC == yes`, which holds unless the former is a
 * number that is not 0: so it is one, for the jemalloc that comes with the source.
 */
const OWN_FLAGS = ['-fPIC', '-fno-semantic-interposition', '-DUSE_SYSTEM_JEMALLOC=2'];

/** As build-native.mjs compiles; Redis' headers are taken for the system's, so that warnings are about the glue. */
const GLUE_FLAGS = [
  '-std=gnu11',
  '-O3',
  '-Wall',
  '-Wextra',
  '-Wshadow',
  '-Wstrict-prototypes',
  '-DUSE_JEMALLOC',
];
const HEADERS = ['src', 'deps/hiredis', 'deps/lua/src', 'deps/hdr_histogram', 'deps/jemalloc/include'];
const LIBRARIES = [
  'deps/hiredis/libhiredis.a',
  'deps/lua/src/liblua.a',
  'deps/hdr_histogram/libhdrhistogram.a',
  'deps/jemalloc/lib/libjemalloc.a',
];

/** How Redis is built. Throws NotBuilt when what it takes is not there. */
function findRecipe() {
  for (const [command, name] of [
    ['gcc', 'gcc'],
    ['make', 'make'],
    ['dpkg-source', 'dpkg-dev'],
    ['objcopy', 'binutils'],
  ]) {
    if (ask(command, ['--version']) === null) {
      throw new NotBuilt(`Redis cannot be built without ${command}: install ${name}, then run this again`);
    }
  }
  const flags = packageFlags(ask('dpkg-buildflags', [], { DEB_BUILD_MAINT_OPTIONS: 'hardening=+all' }));
  return {
    compiler: ask('gcc', ['--version']).split('\n', 1)[0],
    optimization: flags.optimization,
    compiler_flags: [...flags.compiler, ...OWN_FLAGS],
    linker_flags: flags.linker,
    build_script: createHash('sha256')
      .update(readFileSync(buildScript))
      .update(readFileSync(currentDir))
      .digest('hex'),
  };
}

/** A build that was broken off leaves its folder. No build takes as long as this. */
const BROKEN_OFF_MS = 24 * 60 * 60 * 1000;

function removeBrokenOff(cache) {
  for (const name of readdirSync(cache).filter((name) => /^(building|fetching)-/.test(name))) {
    const left = join(cache, name);
    if (Date.now() - statSync(left).mtimeMs > BROKEN_OFF_MS) rmSync(left, { recursive: true, force: true });
  }
}

/** Builds the installed version into the cache if it is not there. Resolves to its folder. */
async function buildInCache() {
  const installed = installedRedis();
  const unsupported = whyUnsupported(installed.upstream);
  if (unsupported !== null) throw new NotBuilt(unsupported);
  const recipe = findRecipe();
  const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'bypassbench');
  const key = createHash('sha256').update(JSON.stringify(recipe)).digest('hex').slice(0, 12);
  const { package: name, version, architecture } = installed;
  const folder = join(cache, `${name}-${withoutEpoch(version)}-${architecture}-${key}`);
  if (existsSync(folder)) return folder;

  mkdirSync(cache, { recursive: true });
  removeBrokenOff(cache);
  const description = await fetchSource(cache, installed);
  const building = mkdtempSync(join(cache, 'building-'));
  try {
    await compile(building, { description, folder, recipe, upstream: installed.upstream });
    const jemalloc = readFileSync(join(building, 'source/deps/jemalloc/include/jemalloc/jemalloc.h'), 'utf8');
    const made = {
      version: installed.upstream,
      source_package: name,
      source_version: version,
      architecture,
      allocator: `jemalloc ${/define JEMALLOC_VERSION "([^"]*)"/.exec(jemalloc)?.[1]}`,
      ...recipe,
    };
    writeFileSync(join(building, 'redis.json'), `${JSON.stringify(made, null, 2)}\n`);
    moveIntoPlace(building, folder);
  } finally {
    rmSync(building, { recursive: true, force: true });
  }
  return folder;
}

/** Unpacks and builds in the folder `building`, which is to become `folder`. */
async function compile(building, { description, folder, recipe, upstream }) {
  const { succeeded } = await step({
    doing: `building Redis ${upstream}`,
    done: `built Redis ${upstream}`,
    command: 'sh',
    args: [buildScript, description, folder, currentDir],
    cwd: building,
    env: {
      CFLAGS: recipe.compiler_flags.join(' '),
      LDFLAGS: recipe.linker_flags.join(' '),
      OPTIMIZATION: recipe.optimization,
      JOBS: String(availableParallelism()),
    },
  });
  if (!succeeded) {
    throw new NotBuilt(
      'Redis could not be built: install gcc and libc6-dev if they are missing, then run this again',
    );
  }
}

/** Puts what is complete in the place of what was there; a process that has the old one open keeps it. */
function replace(target, make) {
  const fresh = `${target}.${process.pid}`;
  make(fresh);
  renameSync(fresh, target);
}

const textOf = (file) => (existsSync(file) ? readFileSync(file, 'utf8') : null);

/** Makes the build of the cache that of this checkout: its server, its source, its description. */
function putInPlace(folder) {
  const description = join(place, 'redis.json');
  const described = readFileSync(join(folder, 'redis.json'), 'utf8');
  const source = join(place, 'source');
  if (textOf(description) === described && existsSync(join(place, 'redis-server')) && existsSync(source))
    return;
  mkdirSync(place, { recursive: true });
  rmSync(description, { force: true });
  replace(join(place, 'redis-server'), (file) => copyFileSync(join(folder, 'source/src/redis-server'), file));
  replace(source, (file) => symlinkSync(join(folder, 'source'), file));
  replace(description, (file) => writeFileSync(file, described));
}

/** The objects of redis-server, as its Makefile lists them, with the one of `main` under its other name. */
export function serverObjects(makefile) {
  const listed = /^REDIS_SERVER_OBJ=(.*)$/m.exec(makefile)?.[1].split(/\s+/).filter(Boolean) ?? [];
  return listed.map((name) => `src/${name === 'server.o' ? 'server-library.o' : name}`);
}

/** The functions of Redis and of libc that the glue takes the calls of: those of which it defines `__wrap_NAME`. */
export function wrapped(sources) {
  const names = sources.flatMap((text) => [...text.matchAll(/\b__wrap_(\w+)\s*\(/g)].map(([, name]) => name));
  return [...new Set(names)].sort();
}

/** Compiles the glue and links it to the objects of Redis, if there is a glue and something has changed. */
async function linkPort(folder) {
  const files = existsSync(native) ? readdirSync(native).sort() : [];
  const sources = files.filter((name) => name.endsWith('.c'));
  const target = join(place, 'redis-port.so');
  if (sources.length === 0) {
    rmSync(target, { force: true });
    return;
  }
  const texts = files
    .filter((name) => /\.[ch]$/.test(name))
    .map((name) => readFileSync(join(native, name), 'utf8'));
  const source = join(folder, 'source');
  const { compiler_flags, linker_flags } = JSON.parse(readFileSync(join(folder, 'redis.json'), 'utf8'));
  const link = [
    ...compiler_flags,
    ...GLUE_FLAGS,
    ...HEADERS.flatMap((name) => ['-isystem', join(source, name)]),
    '-shared',
    ...sources,
    ...[...serverObjects(readFileSync(join(source, 'src/Makefile'), 'utf8')), ...LIBRARIES].map((name) =>
      join(source, name),
    ),
    ...linker_flags,
    // Nothing of Redis meets the symbols of node, in either direction. What is undefined is said now, not when it is
    // loaded.
    '-Wl,-Bsymbolic',
    '-Wl,-z,defs',
    // Its threads run on when the thread of node that loaded it has ended.
    '-Wl,-z,nodelete',
    `-Wl,--version-script=${relative(native, exported)}`,
    ...wrapped(texts).map((name) => `-Wl,--wrap=${name}`),
    ...['-lm', '-ldl', '-lpthread', '-lrt'],
  ];
  const hash = createHash('sha256').update(JSON.stringify(link)).update(readFileSync(exported));
  for (const text of texts) hash.update(text);
  const wanted = hash.digest('hex');
  const stamp = `${target}.stamp`;
  if (existsSync(target) && textOf(stamp) === wanted) return;
  rmSync(stamp, { force: true });
  const fresh = `${target}.${process.pid}`;
  const { succeeded } = await step({
    doing: `building ${basename(target)}`,
    done: `built ${basename(target)}`,
    command: 'gcc',
    args: [...link, '-o', fresh],
    cwd: native,
  });
  if (!succeeded) {
    rmSync(target, { force: true });
    throw new NotBuilt('gcc could not build the port of Redis: its messages are in setup.log');
  }
  renameSync(fresh, target);
  writeFileSync(stamp, wanted);
}

/** Builds what is missing. Resolves to whether all is there; what is not has been said, and missing.txt says why. */
export async function buildRedis() {
  if (process.platform !== 'linux') return true;
  const missing = join(place, 'missing.txt');
  let folder = null;
  try {
    folder = await buildInCache();
    putInPlace(folder);
    await linkPort(folder);
    rmSync(missing, { force: true });
    return true;
  } catch (error) {
    // What the system says, of a folder that cannot be written for example, is a reason too.
    if (!(error instanceof NotBuilt) && error.syscall === undefined) throw error;
    const reason =
      error instanceof NotBuilt
        ? error.message
        : `${error.message}; XDG_CACHE_HOME can name a folder for builds`;
    say(`${NOT_AVAILABLE}: ${reason}`);
    // A build of another version is not that of the version that is installed.
    if (folder === null) rmSync(place, { recursive: true, force: true });
    mkdirSync(place, { recursive: true });
    writeFileSync(missing, `${reason}\n`);
    return false;
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) process.exit((await buildRedis()) ? 0 : 1);

/**
 * Everything that `npm start` and `npm test` need, installed or built where it is missing: the npm packages of the
 * lock file, the Debian packages below, the C glue, and Redis from its source. Plain JavaScript without dependencies,
 * for Node 20 and later, since it runs before anything is installed. It can run any number of times, is quick and
 * says nothing when nothing is missing, and upgrades nothing that is there.
 *
 *     node scripts/setup.mjs
 */
import { createHash } from 'node:crypto';
import { accessSync, constants, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildNative } from './build-native.mjs';
import { buildRedis } from './build-redis.mjs';
import { fetchSshd } from './fetch-sshd.mjs';
import { say, step } from './step.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');

const WITHOUT_DPDK = 'the backend dpdk cannot be built';
const WITHOUT_GLUE = 'the backends dpdk, rdma, uring and xdp cannot be built';
const WITHOUT_REDIS = 'Redis cannot be built from source, for its port to the libOS';

/** A Debian package, the commands or the file by which we know that it is there, and what is lost without it. */
const systemPackages = [
  { name: 'redis-server', commands: ['redis-server'], without: 'the unmodified Redis is not measured' },
  {
    name: 'redis-tools',
    commands: ['redis-cli', 'redis-benchmark'],
    without: 'tests and goals that drive the server with them fail',
  },
  { name: 'util-linux', commands: ['taskset'], without: 'servers cannot be pinned to cores' },
  {
    name: 'iproute2',
    commands: ['ip'],
    without: "tests of the network stack against Linux's own over a tap device fail",
  },
  {
    name: 'ethtool',
    commands: ['ethtool'],
    without:
      'neither the settings of network interfaces are known to runs, nor can `bypassbench tune` change them',
  },
  {
    name: 'iputils-ping',
    commands: ['ping'],
    without: 'tests that ping the network stack fail, and hosts of a lab cannot ping each other',
  },
  {
    name: 'tshark',
    commands: ['tshark', 'dumpcap'],
    without: 'tests that have the frames of the network stack looked at by Wireshark fail',
  },
  {
    name: 'strace',
    commands: ['strace'],
    without: "tests that look at a server's system calls fail",
  },
  {
    name: 'iperf3',
    commands: ['iperf3'],
    without:
      'neither the goal of the stream over DPDK can be tested, nor what the network between hosts of a lab carries',
  },
  {
    name: 'openssh-client',
    commands: ['ssh', 'ssh-keygen'],
    without: 'hosts of a lab cannot be reached, and tests of that fail',
  },
  { name: 'gcc', commands: ['gcc'], without: WITHOUT_GLUE },
  { name: 'libc6-dev', file: '/usr/include/stdio.h', without: WITHOUT_GLUE },
  { name: 'make', commands: ['make'], without: WITHOUT_REDIS },
  { name: 'binutils', commands: ['objcopy'], without: WITHOUT_REDIS },
  {
    name: 'dpkg-dev',
    commands: ['dpkg-source', 'dpkg-parsechangelog', 'dpkg-buildflags'],
    without: WITHOUT_REDIS,
  },
  { name: 'tcl', commands: ['tclsh'], without: "Redis' own test suite cannot be run" },
  {
    name: 'python3',
    commands: ['python3'],
    without: 'the server in Python of docs/add-a-system.md cannot be measured',
  },
  {
    name: 'python3-redis',
    file: '/usr/lib/python3/dist-packages/redis/__init__.py',
    without: 'tests that drive the server with redis-py fail',
  },
  { name: 'pkg-config', commands: ['pkg-config'], without: WITHOUT_GLUE },
  { name: 'libdpdk-dev', file: '/usr/include/dpdk/rte_eal.h', without: WITHOUT_DPDK },
  {
    name: 'libfabric-dev',
    file: '/usr/include/rdma/fabric.h',
    without: 'the backend rdma cannot be built',
  },
  {
    name: 'libfabric-bin',
    commands: ['fi_info', 'fi_pingpong'],
    without: 'the floor under kv-rdma is not measured',
  },
  {
    name: 'fonts-liberation',
    file: '/usr/share/fonts/truetype/liberation/LiberationSerif-Regular.ttf',
    without: 'plots cannot be set in Times, Helvetica or Courier',
  },
  {
    name: 'chromium',
    commands: ['chromium'],
    without: 'tests that read the report as a browser shows it fail',
  },
];

function onPath(command) {
  return (process.env.PATH ?? '').split(delimiter).some((dir) => {
    try {
      accessSync(join(dir, command), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

async function installNpmPackages() {
  // As an installed package it has what it depends on.
  if (root.includes('/node_modules/')) return true;
  const lock = readFileSync(join(root, 'package-lock.json'));
  const wanted = createHash('sha256').update(lock).update(process.arch).digest('hex');
  const stamp = join(root, 'node_modules', '.bypassbench-setup');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return true;
  // Warnings of engines are about the node that runs npm; everything is run by the one that gets installed.
  const { succeeded } = await step({
    doing: 'installing the npm packages',
    done: 'installed the npm packages of package-lock.json',
    command: 'npm',
    args: ['ci', '--no-audit', '--no-fund', '--no-progress', '--loglevel=error'],
  });
  if (succeeded) writeFileSync(stamp, wanted);
  else say("is the npm registry reachable ('npm ping')? Run this again then.");
  return succeeded;
}

async function installSystemPackages() {
  const missing = systemPackages.filter(({ commands, file }) =>
    commands === undefined ? !existsSync(file) : !commands.every(onPath),
  );
  if (missing.length === 0) return;
  const names = missing.map(({ name }) => name);
  const consequences = missing.map(({ name, without }) => `  ${name}: without it ${without}`).join('\n');
  if (!onPath('apt-get')) {
    say(`this system has no apt; install these (Debian's names) with its package manager:\n${consequences}`);
    return;
  }
  const asRoot = process.getuid() === 0 ? [] : ['sudo'];
  if (asRoot.length > 0 && !onPath('sudo')) {
    say(`not root and no sudo; have these installed: apt-get install ${names.join(' ')}\n${consequences}`);
    return;
  }
  const apt = (doing, done, ...given) => {
    const [command, ...args] = [...asRoot, 'env', 'DEBIAN_FRONTEND=noninteractive', 'apt-get', ...given];
    return step({ doing, done, command, args });
  };
  const listed = names.join(' ');
  await apt('reading the lists of Debian packages', 'read the lists of Debian packages', 'update');
  const { succeeded } = await apt(
    `installing ${listed}`,
    `installed ${listed}`,
    ...['install', '-y', '--no-install-recommends', '--no-upgrade', ...names],
  );
  if (!succeeded) say(`going on without ${listed}:\n${consequences}`);
}

const complete = await installNpmPackages();
await installSystemPackages();
// Without the glue all but the backends dpdk, rdma, uring and xdp works, without Redis all but its port. What is
// missing has been said.
await buildNative();
await buildRedis();
await fetchSshd();
process.exit(complete ? 0 : 1);

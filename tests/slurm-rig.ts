/**
 * A Slurm on this machine, without a trace on it: Debian's packages, unpacked into node_modules/.cache and laid over
 * /usr in namespaces of their own, with a controller and a daemon for each of three nodes. Users are authenticated by
 * munge, as of clusters, with a key and a daemon of this one alone.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { root } from './source-tree.ts';

const cache = path.join(root, 'node_modules', '.cache', 'slurm-munge');
const PACKAGES = [
  ...['slurmctld', 'slurmd', 'slurm-client', 'slurm-wlm-basic-plugins'],
  ...['libmunge2', 'libhwloc15', 'liblua5.3-0', 'munge'],
];
export const NODES = ['server0', 'client0', 'client1'];
const ADDRESS = '10.79.0.1';
/** Of each node, for what is measured between them: nodes have one network here, and Slurm's daemons one address. */
export const NODE_ADDRESSES = NODES.map((_, index) => `10.79.0.${index + 11}`);
const FIRST_PORT = 17_001;
const TIMEOUT_MS = 120_000;

/** Whether the packages are here, or could be fetched, and namespaces with an overlay over /usr can be had. */
export function maySlurm(): boolean {
  const script = `mount -t overlay overlay -o lowerdir=/etc:/usr /usr && ip link add probe0 type bridge`;
  const words = ['--net', '--mount', '--pid', '--fork', '--mount-proc', '--uts', 'sh', '-c', script];
  return spawnSync('unshare', words, { stdio: 'ignore' }).status === 0 && fetched();
}

function fetched(): boolean {
  if (existsSync(cache)) return true;
  const part = `${cache}.part`;
  rmSync(part, { recursive: true, force: true });
  mkdirSync(part, { recursive: true });
  if (spawnSync('apt-get', ['download', '-q', ...PACKAGES], { cwd: part, stdio: 'ignore' }).status !== 0)
    return false;
  const unpacked = path.join(part, 'unpacked');
  for (const archive of readdirSync(part).filter((name) => name.endsWith('.deb'))) {
    execFileSync('dpkg-deb', ['--extract', path.join(part, archive), unpacked]);
  }
  // What an installation of Debian's makes of them.
  for (const name of ['slurmctld', 'slurmd', 'slurmstepd']) {
    symlinkSync(`${name}-wlm`, path.join(unpacked, 'usr/sbin', name));
  }
  renameSync(unpacked, cache);
  rmSync(part, { recursive: true });
  return true;
}

function configuration(folder: string): string {
  const nodes = NODES.map(
    (name, index) =>
      `NodeName=${name} NodeHostname=localhost NodeAddr=${ADDRESS} Port=${FIRST_PORT + index} CPUs=${os.cpus().length}`,
  );
  const state = {
    StateSaveLocation: 'state',
    SlurmdSpoolDir: 'spool/%n',
    SlurmctldPidFile: 'controller.pid',
  };
  const logs = { SlurmdPidFile: '%n.pid', SlurmctldLogFile: 'controller.log', SlurmdLogFile: '%n.log' };
  return [
    ...['ClusterName=rig', `SlurmctldHost=localhost(${ADDRESS})`, 'AuthType=auth/munge'],
    ...['CredType=cred/munge', `AuthInfo=socket=${path.join(folder, 'munge.socket')}`],
    ...['SlurmUser=root', 'SlurmdUser=root', 'ProctrackType=proctrack/linuxproc', 'TaskPlugin=task/none'],
    ...['SchedulerType=sched/builtin', 'SelectType=select/cons_tres', 'MpiDefault=none', 'ReturnToService=2'],
    ...Object.entries({ ...state, ...logs }).map(([key, name]) => `${key}=${path.join(folder, name)}`),
    ...nodes,
    'PartitionName=all Nodes=ALL Default=YES OverSubscribe=YES State=UP',
    '',
  ].join('\n');
}

/** Its first word is the folder; the rest run in an allocation of all nodes. */
const SCRIPT = `
mount -t overlay overlay -o lowerdir="$CACHE/usr:/usr" /usr && hostname localhost && ip link set lo up || exit 1
ip link add bridge0 type bridge && ip link set bridge0 up || exit 1
for address in ${[ADDRESS, ...NODE_ADDRESSES].join(' ')}; do ip addr add $address/24 dev bridge0 || exit 1; done
munged --force --key-file="$RIG/munge.key" --socket="$RIG/munge.socket" --pid-file="$RIG/munge.pid" \\
  --log-file="$RIG/munge.log" --seed-file="$RIG/munge.seed" 2>/dev/null || exit 1
slurmctld -D >/dev/null 2>&1 &
for node in ${NODES.join(' ')}; do slurmd -D -N $node >/dev/null 2>&1 & done
until [ "$(sinfo -h -N -t idle | wc -l)" = ${NODES.length} ]; do sleep 0.2; done
salloc --quiet --nodes=${NODES.length} --nodelist=${NODES.join(',')} "$@"`;

/** Runs a command in an allocation of all nodes; what it printed, and how it ended. */
export function inAllocation(...command: string[]): { status: number | null; output: string } {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'slurm-'));
  try {
    for (const name of ['state', 'spool']) mkdirSync(path.join(folder, name));
    for (const node of NODES) mkdirSync(path.join(folder, 'spool', node));
    writeFileSync(path.join(folder, 'slurm.conf'), configuration(folder));
    writeFileSync(path.join(folder, 'munge.key'), randomBytes(1024), { mode: 0o600 });
    writeFileSync(path.join(folder, 'cgroup.conf'), 'CgroupPlugin=cgroup/v1\n');
    const namespaces = ['--net', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc', '--uts'];
    const { status, stdout, stderr } = spawnSync(
      'unshare',
      [...namespaces, 'sh', '-c', SCRIPT, 'sh', ...command],
      {
        encoding: 'utf8',
        timeout: TIMEOUT_MS,
        env: { ...process.env, CACHE: cache, SLURM_CONF: path.join(folder, 'slurm.conf'), RIG: folder },
      },
    );
    return { status, output: `${stdout}${stderr}` };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** What `launcher: srun` must do, in an allocation of Slurm's (lab-slurm.long.test.ts). Prints a line for each step. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from '../experiments/agent/connection.ts';
import { getFile, putFile } from '../experiments/agent/file-transfer.ts';
import type { HostAccess } from '../experiments/agent/launch.ts';
import { runThere } from '../experiments/agent/run-there.ts';
import { setUpHost } from '../experiments/lab-setup.ts';
import { availableCores } from '../experiments/machine/machine.ts';
import { trialFormat } from '../results/formats/index.ts';
import { NODE_ADDRESSES, NODES } from './slurm-rig.ts';
import { root } from './source-tree.ts';

const rig = process.env.RIG as string;
const access = (node: string, folder = root): HostAccess => ({
  ...{ name: node, launcher: 'srun', ssh: null, node, folder, env: {} },
});

const connections = await Promise.all(NODES.map((node) => connect(access(node))));
for (const [index, connection] of connections.entries()) {
  const said = await runThere(connection, ['sh', '-c', 'echo $SLURMD_NODENAME'], 60_000);
  assert.equal(said.stdout, `${NODES[index]}\n`);
}
console.log('each agent runs on its node');

const [first, second] = connections as [(typeof connections)[0], (typeof connections)[0]];
const [ours, theirs, back] = ['ours', 'theirs', 'back'].map((name) => path.join(rig, name)) as [
  string,
  string,
  string,
];
writeFileSync(ours, Buffer.from(Array.from({ length: 3_000_000 }, (_, index) => index * 7)));
await putFile(first, ours, theirs);
await getFile(first, theirs, back);
assert.ok(readFileSync(back).equals(readFileSync(ours)));
console.log('files go there and back');

async function sleeper(connection: (typeof connections)[0]): Promise<number> {
  const { folder } = await connection.ask('folder', { shared: false });
  const files = { stdoutFile: `${folder}/out`, stderrFile: `${folder}/err` };
  return (await connection.start({ argv: ['sleep', '600'], cores: [], cwd: folder, env: {}, ...files })).pid;
}

const isAlive = (pid: number): boolean => {
  try {
    return !/\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
};
const pids = [await sleeper(first), await sleeper(second)];
process.kill((await second.ask('hello', {})).pid, 'SIGKILL');
const lost = await second.ended;
assert.equal(lost?.code, 'HOST_LOST');
assert.match(lost.message, /SIGKILL/);
await first.close();
while (pids.some(isAlive)) await sleep(20);
console.log('a killed agent is told, and nothing is left');

await assert.rejects(connect(access('elsewhere')), { code: 'HOST_CONNECTION_FAILED' });
await assert.rejects(connect(access('client1', '/')), { code: 'HOST_NOT_SET_UP' });
console.log('what is wrong is told by kind');

const repository = path.join(rig, 'repository');
mkdirSync(path.join(repository, 'scripts'), { recursive: true });
writeFileSync(
  path.join(repository, 'scripts/setup.mjs'),
  "console.log('set up on', process.env.SLURMD_NODENAME);\n",
);
for (const words of [
  ['init', '--quiet'],
  ['add', 'scripts'],
  ['commit', '--quiet', '-m', 'one'],
]) {
  execFileSync('git', ['-C', repository, '-c', 'user.name=rig', '-c', 'user.email=rig@localhost', ...words]);
}
const said: string[] = [];
await setUpHost(access('client1', path.join(rig, 'brought here')), {
  repository,
  say: (line) => said.push(line),
});
assert.ok(said.includes('client1: set up on client1'), said.join('\n'));
console.log('a checkout is brought and set up');
await Promise.all(connections.map((connection) => connection.close()));

const cores = availableCores();
const hosts = NODES.map((name, index) => {
  const lan = { address: `${NODE_ADDRESSES[index]}/24`, device: 'bridge', provenance: 'software_device' };
  const own = { server_cores: [cores[0]], client_cores: [cores.at(-1)] };
  return [name, { launcher: 'srun', folder: root, networks: { lan }, ...own }];
});
const lab = path.join(rig, 'lab.yaml');
const place = { server: 'server0', generators: ['client0'] };
writeFileSync(lab, JSON.stringify({ lab: 'slurm', hosts: Object.fromEntries(hosts), place }));
const experiment = path.join(rig, 'run.yaml');
const workload = { operations: ['get'], keys: 500, value_bytes: 64, warmup_s: 0.05, duration_s: 0.2 };
const systems = ['redis', 'kv-kernel'].map((use) => ({ use, client: { idle: 'sleep' } }));
const title = 'over srun';
writeFileSync(experiment, JSON.stringify({ experiment: 'srun', title, trials: 1, workload, systems }));
const out = path.join(rig, 'run');
const program = path.join(root, 'bin/bypassbench');
const ran = spawnSync(program, ['run', experiment, '--lab', lab, '--out', out], { encoding: 'utf8' });
assert.ok([0, 1].includes(ran.status as number), ran.stderr);
const trials = readdirSync(path.join(out, 'trials')).map((name) =>
  trialFormat.read(readFileSync(path.join(out, 'trials', name, 'trial.json'), 'utf8')),
);
assert.deepEqual(trials.map(({ subject, reason }) => [subject, reason]).sort(), [
  ['kv-kernel', null],
  ['redis', null],
]);
for (const { measurements } of trials) {
  const measured = Object.keys(measurements[0]?.interference?.steal_s ?? {});
  assert.deepEqual(measured, [`server0:${cores[0]}`, `client0:${cores.at(-1)}`]);
}
console.log('an experiment runs, its server on one node and its load generator on another');

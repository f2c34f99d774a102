/** What `launcher: srun` must do, in an allocation of Slurm's (lab-slurm.long.test.ts). Prints a line for each step. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from '../experiments/agent/connection.ts';
import { getFile, putFile } from '../experiments/agent/file-transfer.ts';
import type { HostAccess } from '../experiments/agent/launch.ts';
import { runThere } from '../experiments/agent/run-there.ts';
import { setUpHost } from '../experiments/lab-setup.ts';
import { NODES } from './slurm-rig.ts';
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

/**
 * Runs whose server shares a core, or takes all of one: for seconds, each with both cores. At each change the parts are
 * tested: a load that sees its server moved in loadgen-slices.test.ts, slices beside a server that is elsewhere in
 * results/summary/distance/slice-states.test.ts, a helper that never gets its core in distance-command.test.ts.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { availableCores } from '../experiments/machine/machine.ts';
import { readingsOf, statesOfSlices } from '../results/summary/distance/slice-states.ts';
import { findStates } from '../results/summary/distance/states.ts';
import { nodeServer, redis, system, testRuns, tinyWorkload, until } from './experiments-campaign.ts';
import { MovedServer } from './moved-server.ts';

const cores = availableCores();
const [serverCore, clientCore] = [cores[0], cores.at(-1)!];

const create = testRuns();

test('a server that is moved to the core of the client is never near while it is there', async () => {
  const run = create({
    workload: { ...tinyWorkload, operations: ['get'], duration_s: 3, open_loop: { rate_ops: 500 } },
    // Beside busy programs one that sleeps gets its turns at once, and slices are no longer than elsewhere.
    systems: [{ ...redis, client: { backend: 'kernel', core: clientCore, idle: 'sleep' } }],
  });
  const subprocess = run.start();
  await until(subprocess, () => processesOf(subprocess.pid!).load !== null);
  const { server, load } = processesOf(subprocess.pid!) as { server: number; load: number };
  // To and fro, so that wherever the window lies there are slices here and there.
  await new MovedServer(server).goRound([serverCore, clientCore], 500, untilGone(load));
  const { stderr } = await subprocess;
  expect(stderr).not.toContain('failed');
  const file = run.slices(1, 'get-c1');
  const isElsewhere = file.probes.map(({ server_core }) => server_core === clientCore);
  expect(isElsewhere.filter(Boolean).length).toBeGreaterThan(2);
  const states = statesOfSlices(findStates(readingsOf(file)), file);
  const touched = states.filter((_, index) => isElsewhere[index] || isElsewhere[index + 1]);
  expect(touched.length).toBeGreaterThan(2);
  expect(touched.filter((state) => typeof state === 'object')).toEqual([]);
  expect(states.some((state) => typeof state === 'object')).toBe(true);
});

/** Server and load generator of a run, as soon as both are there. */
function processesOf(runner: number): { server: number | null; load: number | null } {
  const children = readFileSync(`/proc/${runner}/task/${runner}/children`, 'utf8').split(' ').filter(Boolean);
  const isServer = (pid: string) => readFileSync(`/proc/${pid}/comm`, 'utf8').startsWith('redis-server');
  const server = children.find(isServer);
  const load = server && children.find((pid) => pid !== server);
  return { server: server ? Number(server) : null, load: load ? Number(load) : null };
}

async function untilGone(pid: number): Promise<void> {
  while (existsSync(`/proc/${pid}/exe`)) await sleep(20);
}

test('a server that takes all of its core, with real-time priority where that is allowed', async () => {
  const isRealTime = spawnSync('chrt', ['--fifo', '50', 'true']).status === 0;
  const program = `
    const values = new Map();
    require('net').createServer((socket) => {
      socket.on('error', () => {});
      let rest = '';
      socket.on('data', (data) => {
        const words = (rest + data.toString('latin1')).split('\\r\\n');
        rest = '';
        let at = 0;
        while (at < words.length - 1) {
          const count = Number(words[at].slice(1));
          if (at + 2 * count + 1 > words.length - 1) break;
          const [name, key, value] = Array.from({ length: count }, (_, n) => words[at + 2 + 2 * n]);
          at += 2 * count + 1;
          if (name === 'PING') socket.write('+PONG\\r\\n');
          else if (name === 'SET') { values.set(key, value); socket.write('+OK\\r\\n'); }
          else { const found = values.get(key); socket.write('$' + found.length + '\\r\\n' + found + '\\r\\n', 'latin1'); }
        }
        rest = words.slice(at).join('\\r\\n');
      });
    }).listen(port, host);
    const spin = () => setImmediate(spin);
    spin();`;
  const start = [...(isRealTime ? ['chrt', '--fifo', '50'] : []), ...nodeServer(program)];
  const run = create({
    workload: { ...tinyWorkload, operations: ['get'], duration_s: 0.4 },
    systems: [system('busy', start, { ready: { by: 'resp_ping', timeout_s: 20 } })],
  });
  const { stderr } = await run.start();
  expect(stderr).not.toContain('failed');
  expect(run.trials()).toMatchObject([{ status: 'ok' }]);
  const { unknown, probes, slices } = run.slices(1, 'get-c1');
  expect(slices.length).toBeGreaterThan(0);
  if (isRealTime) {
    expect(unknown).toBe(`the helper did not get core ${serverCore} in time`);
    expect(run.summary().points[0].distance_unknown).toContain('did not get core');
  } else expect(unknown !== null || probes.length > 1).toBe(true);
});

/**
 * npm run bench:stamps: what stamps cost a GET of one connection. The reference is the same server started without them;
 * `armed` could stamp and does not, `stamped` stamps every request on both sides.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Comparison, progress, shuffled } from './comparison.ts';
import { load, type SystemName, startServer } from './servers.ts';

const TRIALS = 5;
const SECONDS = '2';
const systems: SystemName[] = ['kv-kernel', 'kv-rdma', 'kv-dpdk'];
const variants = ['without', 'armed', 'stamped'] as const;

const comparison = new Comparison<(typeof variants)[number]>('without', 'us: median [min, max]');
const folder = await mkdtemp('/dev/shm/bypassbench-stamps-');
try {
  for (let trial = 1; trial <= TRIALS; trial++) {
    for (const system of systems) {
      for (const variant of shuffled(variants)) await measure(trial, system, variant);
    }
  }
} finally {
  await rm(folder, { recursive: true });
}
console.log(
  comparison.table(
    Object.fromEntries(
      systems.map((system) => [`armed ${system} GET p50`, { ratio: 1.02, better: 'lower' }]),
    ),
  ),
);

async function measure(trial: number, system: SystemName, variant: (typeof variants)[number]): Promise<void> {
  const file = join(folder, `${system}-${variant}.stamps`);
  const server = await startServer(system, { args: variant === 'without' ? [] : ['--stamps', file] });
  const stamp = variant === 'stamped' ? ['--stamps-every', '1', '--server-stamps', file] : [];
  const args = ['--populate', '--keys', '100000', '--duration-s', SECONDS, ...stamp];
  const { operation } = await load(server, ...args);
  await server.stop();
  const p50_us = operation.latency_ns.p50 / 1000;
  comparison.add(`${system} GET p50`, variant, p50_us);
  progress(`trial ${trial} of ${TRIALS}: ${system} ${variant} p50 ${p50_us.toFixed(2)} us`);
}

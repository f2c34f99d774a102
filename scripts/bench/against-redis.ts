/** A server past the kernel against unmodified Redis and against the floor of its device, for bench:dpdk and bench:rdma. */
import { Comparison, progress, shuffled } from './comparison.ts';
import { CLIENT_CORE, load, measured, SERVER_CORE, type SystemName, startServer } from './servers.ts';

const TRIALS = 5;
const KEYS = ['--keys', '100000'];
const TIMES = ['--warmup-s', '1', '--duration-s', '3'];
const bothCores = `${SERVER_CORE},${CLIENT_CORE}`;

/** GET and SET latency of one connection; `floor` as `bypassbench floor` names it. Ratios of the goals are those of a GET's p50. */
export async function latencyAgainstRedis(
  system: SystemName,
  floor: 'dpdk' | 'rdma',
  goals: { ofRedis: number; ofFloor: number },
): Promise<void> {
  const toRedis = new Comparison<string>('redis', 'us: median [min, max]');
  const toFloor = new Comparison<string>('floor', 'us: median [min, max]');
  for (let trial = 1; trial <= TRIALS; trial++) {
    for (const one of shuffled(['redis', system, 'floor'] as const)) {
      const server = one === 'floor' ? null : await startServer(one);
      for (const operation of ['set', 'get']) {
        const fill = operation === 'set' ? ['--populate'] : [];
        const args = ['--operation', operation, ...TIMES];
        const result =
          server === null
            ? await measured(bothCores, ['floor', floor, '--cores', bothCores, ...args])
            : await load(server, ...fill, ...KEYS, ...args);
        const p50_us = result.operation.latency_ns.p50 / 1000;
        const measure = `${operation.toUpperCase()} p50`;
        if (one !== 'floor') toRedis.add(measure, one, p50_us);
        if (one !== 'redis') toFloor.add(measure, one, p50_us);
        progress(`latency ${trial} of ${TRIALS}: ${one} ${operation} p50 ${p50_us.toFixed(2)} us`);
      }
      await server?.stop();
    }
  }
  const measure = `${system} GET p50`;
  console.log(toRedis.table({ [measure]: { ratio: goals.ofRedis, better: 'lower' } }));
  console.log(toFloor.table({ [measure]: { ratio: goals.ofFloor, better: 'lower' } }));
}

/** GETs of 50 connections without pipelining, our polling client on a core of its own. */
export async function throughputAgainstRedis(system: SystemName, goal: number): Promise<void> {
  const table = new Comparison<string>('redis', 'requests/s: median [min, max]');
  const idle = new Comparison<string>('redis', 'share: median [min, max]');
  for (let trial = 1; trial <= TRIALS; trial++) {
    for (const one of shuffled(['redis', system] as const)) {
      const server = await startServer(one);
      const result = await load(server, '--populate', ...KEYS, '--connections', '50', ...TIMES);
      const rate = result.operation.throughput_ops;
      table.add('GET -c 50', one, rate);
      idle.add("the client's idle polls", one, result.idle_polls!);
      progress(
        `throughput ${trial} of ${TRIALS}: ${one} ${Math.round(rate)} requests/s, ` +
          `${(100 * result.idle_polls!).toFixed(1)} % of the client's polls idle`,
      );
      await server.stop();
    }
  }
  console.log(table.table({ [`${system} GET -c 50`]: { ratio: goal, better: 'higher' } }));
  console.log(idle.table({}));
}

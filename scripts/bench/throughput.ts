/**
 * npm run bench:throughput: what redis-benchmark drives through 50 connections, without pipelining and with
 * 16 requests in a pipeline. Reference: redis-server in the same trial.
 */
import { Comparison, progress, shuffled } from './comparison.ts';
import { redisBenchmark, type SystemName, startServer } from './servers.ts';

const TRIALS = 5;
const WORKLOAD = ['-c', '50', '-d', '64', '-r', '100000', '-t', 'set,get'];
const systems: SystemName[] = ['redis', 'kv-sockets', 'kv-kernel'];
const pipelines = [
  { name: '', args: ['-n', '200000'] },
  { name: ' -P 16', args: ['-n', '1500000', '-P', '16'] },
];

const throughput = new Comparison<SystemName>('redis', 'requests/s: median [min, max]');
for (let trial = 1; trial <= TRIALS; trial++) {
  for (const system of shuffled(systems)) {
    const server = await startServer(system);
    // Warms up the server's compiler, as a first request does not.
    await redisBenchmark(server.port, ...WORKLOAD, '-n', '100000');
    for (const { name, args } of pipelines) {
      const rates = await redisBenchmark(server.port, ...WORKLOAD, ...args);
      for (const [test, rate] of Object.entries(rates)) {
        throughput.add(`${test} -c 50${name}`, system, rate);
        progress(`trial ${trial} of ${TRIALS}: ${system} ${test}${name} ${Math.round(rate)} requests/s`);
      }
    }
    await server.stop();
  }
}
const goal = (ratio: number) => ({ ratio, better: 'higher' as const });
console.log(
  throughput.table({
    'kv-kernel GET -c 50': goal(1),
    'kv-kernel SET -c 50': goal(1),
    'kv-kernel GET -c 50 -P 16': goal(0.8),
    'kv-kernel SET -c 50 -P 16': goal(0.8),
  }),
);

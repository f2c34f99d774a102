/**
 * npm run bench:latency: GET and SET latency of an unloaded server, one connection, the client polling, as the
 * figure has it. References: redis-server in the same trial.
 */
import { Comparison, progress, shuffled } from './comparison.ts';
import { load, type SystemName, startServer } from './servers.ts';

const TRIALS = 5;
const KEYS = '100000';
const SECONDS = '3';
const systems: SystemName[] = ['redis', 'kv-sockets', 'kv-kernel'];

const latency = new Comparison<SystemName>('redis', 'us: median [min, max]');
const tail = new Comparison<SystemName>('redis', 'ratio: median [min, max]');
for (let trial = 1; trial <= TRIALS; trial++) {
  for (const system of shuffled(systems)) {
    const server = await startServer(system);
    for (const operation of ['set', 'get']) {
      const fill = operation === 'set' ? ['--populate'] : [];
      const { operation: result } = await load(
        server,
        ...fill,
        '--operation',
        operation,
        '--keys',
        KEYS,
        '--duration-s',
        SECONDS,
      );
      const { p50, p99, p999 } = result.latency_ns;
      latency.add(`${operation.toUpperCase()} p50`, system, p50 / 1000);
      latency.add(`${operation.toUpperCase()} p99`, system, p99 / 1000);
      tail.add(`${operation.toUpperCase()} p99.9 / p50`, system, p999 / p50);
      progress(`trial ${trial} of ${TRIALS}: ${system} ${operation} p50 ${(p50 / 1000).toFixed(2)} us`);
    }
    await server.stop();
  }
}
console.log(
  latency.table({
    'kv-kernel GET p50': { ratio: 0.4, better: 'lower' },
    'kv-sockets GET p50': { ratio: 1.15, better: 'lower' },
  }),
);
console.log(
  tail.table({
    'kv-kernel GET p99.9 / p50': { ratio: 1, better: 'lower' },
    'kv-kernel SET p99.9 / p50': { ratio: 1, better: 'lower' },
  }),
);

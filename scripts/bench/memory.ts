/** npm run bench:memory: resident memory with 1,000,000 keys of 64-byte values. Reference: redis-server. */
import { Comparison, progress, shuffled } from './comparison.ts';
import { load, residentBytes, type SystemName, startServer } from './servers.ts';

const TRIALS = 3;
const systems: SystemName[] = ['redis', 'kv-sockets', 'kv-kernel'];

const memory = new Comparison<SystemName>('redis', 'MiB: median [min, max]');
for (let trial = 1; trial <= TRIALS; trial++) {
  for (const system of shuffled(systems)) {
    const server = await startServer(system);
    const emptyMib = (await residentBytes(server.pid)) / 2 ** 20;
    await load(server, '--populate', '--keys', '1000000', '--value-bytes', '64', '--requests', '1000');
    const fullMib = (await residentBytes(server.pid)) / 2 ** 20;
    memory.add('empty', system, emptyMib);
    memory.add('1,000,000 keys', system, fullMib);
    progress(
      `trial ${trial} of ${TRIALS}: ${system} ${emptyMib.toFixed(0)} MiB empty, ${fullMib.toFixed(0)} MiB full`,
    );
    await server.stop();
  }
}
const goal = { ratio: 2, better: 'lower' as const };
console.log(memory.table({ 'kv-kernel 1,000,000 keys': goal, 'kv-sockets 1,000,000 keys': goal }));

/**
 * npm run bench:heap: whether a server's heap grows over 10 million requests. Its own account of used memory
 * (INFO memory: V8's heap and what hangs off it) is sampled all along; garbage that waits to be collected makes
 * it a saw tooth, so the lowest sample of the last third is held against the lowest of the second.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { progress } from './comparison.ts';
import { infoNumber, load, residentBytes, type SystemName, startServer } from './servers.ts';

const REQUESTS = 10_000_000;
const SAMPLE_EVERY_MS = 200;
const GROWTH_ALLOWED_MIB = 1;
const mib = (bytes: number) => (bytes / 2 ** 20).toFixed(2);

for (const system of ['kv-kernel', 'kv-sockets'] satisfies SystemName[]) {
  const server = await startServer(system);
  const args = ['--operation', 'mix', '--keys', '100000', '--connections', '8', '--pipeline', '16'];
  await load(server, '--populate', ...args, '--requests', '500000');
  const usedBytes: number[] = [];
  const residentAtStart = await residentBytes(server.pid);
  let done = false;
  const sampling = (async () => {
    while (!done) {
      usedBytes.push(await infoNumber(server.port, 'memory', 'used_memory'));
      await sleep(SAMPLE_EVERY_MS);
    }
  })();
  await load(server, ...args, '--requests', `${REQUESTS}`);
  done = true;
  await sampling;
  const third = Math.floor(usedBytes.length / 3);
  const before = Math.min(...usedBytes.slice(third, 2 * third));
  const after = Math.min(...usedBytes.slice(2 * third));
  const growthMib = (after - before) / 2 ** 20;
  progress(`${system}: ${usedBytes.length} samples over ${REQUESTS} requests`);
  console.log(
    `${system}: used memory ${mib(before)} MiB, later ${mib(after)} MiB: growth ${growthMib.toFixed(2)} MiB ` +
      `(goal: below ${GROWTH_ALLOWED_MIB} MiB) ${growthMib < GROWTH_ALLOWED_MIB ? 'met' : 'MISSED'}; ` +
      `resident ${mib(residentAtStart)} MiB, later ${mib(await residentBytes(server.pid))} MiB`,
  );
  await server.stop();
}

/**
 * kvserver and the load generator as two processes over the backend rdma, with the options given: every reply
 * is checked, by one connection and by eight. Ends with an error unless all are hits.
 *
 *     node kvserver-and-load.ts 'provider=verbs;ofi_rxm,device=rxe0'
 */
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { execa } from 'execa';

const bypassbench = join(import.meta.dirname, '..', '..', 'bin', 'bypassbench.ts');
const options = process.argv[2].split(',').flatMap((option) => ['-o', option]);
const backend = ['--backend', 'rdma', ...options];

/** The two on processors of their own: one-processor.c takes each from the one that it is started on to the other. */
const node = (processor: number) => ['-c', `${processor}`, process.execPath];

const server = execa(
  'taskset',
  [...node(1), bypassbench, 'serve', '--frontend', 'libos', ...backend, '--port', '0'],
  {
    stdio: ['ignore', 'pipe', 'inherit'],
    buffer: false,
    reject: false,
  },
);
try {
  const ended = server.then(({ exitCode, signal }) => {
    throw new Error(`kvserver ended with ${signal ?? exitCode} before it was ready`);
  });
  const [line] = await Promise.race([once(createInterface({ input: server.stdout }), 'line'), ended]);
  const target = `127.0.0.1:${JSON.parse(line).port}`;
  for (const connections of ['1', '8']) {
    const what = ['--target', target, '--keys', '200', '--populate', '--operation', 'mix'];
    const load = [...what, '--connections', connections, '--requests', '300', '--warmup-s', '0'];
    console.log(`GET and SET, connections: ${connections}`);
    await execa('taskset', [...node(0), bypassbench, 'load', ...backend, ...load], {
      stdio: ['ignore', 'inherit', 'inherit'],
    });
  }
} finally {
  server.kill('SIGTERM');
  await server;
}

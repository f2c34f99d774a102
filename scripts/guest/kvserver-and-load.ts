/**
 * kvserver and the load generator as two processes over a backend: every reply is checked, by one connection and by
 * eight. Ends with an error unless all are right.
 *
 *     node kvserver-and-load.ts BACKEND ADDRESS SERVER_OPTIONS CLIENT_OPTIONS [COUNTER...]
 *
 * ADDRESS is the server's, options are KEY=VALUE,KEY=VALUE. Of the client's device each COUNTER must have counted.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { execa } from 'execa';

const bypassbench = join(import.meta.dirname, '..', '..', 'bin', 'bypassbench.ts');
const [backend, address, serverOptions, clientOptions, ...counters] = process.argv.slice(2);
const flags = (options: string) => [
  ...['--backend', backend],
  ...options.split(',').flatMap((option) => ['-o', option]),
];

/** The two on processors of their own: one-processor.c takes each from the one that it is started on to the other. */
const node = (processor: number) => ['-c', `${processor}`, process.execPath, bypassbench];

const server = execa(
  'taskset',
  [...node(1), 'serve', '--frontend', 'libos', ...flags(serverOptions), '--port', '0'],
  {
    stdio: ['ignore', 'pipe', 'inherit'],
    buffer: false,
    reject: false,
  },
);
const folder = await mkdtemp(join(tmpdir(), 'kvserver-and-load-'));
try {
  const ended = server.then(({ exitCode, signal }) => {
    throw new Error(`kvserver ended with ${signal ?? exitCode} before it was ready`);
  });
  const [line] = await Promise.race([once(createInterface({ input: server.stdout }), 'line'), ended]);
  const target = `${address}:${JSON.parse(line).port}`;
  for (const connections of ['1', '8']) {
    const what = ['--target', target, '--keys', '200', '--populate', '--operation', 'mix', '--out', folder];
    const load = [...what, '--connections', connections, '--requests', '300', '--warmup-s', '0'];
    console.log(`GET and SET, connections: ${connections}`);
    await execa('taskset', [...node(0), 'load', ...flags(clientOptions), ...load], {
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    const result = JSON.parse(await readFile(join(folder, 'result.json'), 'utf8'));
    for (const counter of counters) {
      console.log(`${counter}: ${result.counters[counter]}`);
      assert(result.counters[counter] > 0, `the device has counted nothing as ${counter}`);
    }
  }
} finally {
  server.kill('SIGTERM');
  await server;
  await rm(folder, { recursive: true });
}

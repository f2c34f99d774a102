/** A signal ends a server whose network does not return from a call in C, whatever its engine. */
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, it } from 'vitest';
import { startKvServer } from './kvserver-processes.ts';
import { writeOutsideBackend } from './outside-backend.ts';

const folder = mkdtempSync(join(tmpdir(), 'bypassbench-hangs-'));
writeOutsideBackend(join(folder, 'package'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Of a backend whose transport hangs in this call, once there is a file `hang` in the server's folder. */
function hangingIn(call: 'poll' | 'shutdown'): string {
  const module = join(folder, `hangs-in-${call}.js`);
  writeFileSync(
    module,
    `import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { libc } from 'bypassbench/backend-api';
import pipes from './package/index.js';

const pause = libc.func('int pause()');

export default {
  ...pipes,
  create(host, setup) {
    const transport = pipes.create(host, setup);
    const before = transport.${call}.bind(transport);
    transport.${call} = () => {
      while (existsSync(join(setup.options.folder, 'hang'))) pause();
      before();
    };
    return transport;
  },
};
`,
  );
  return module;
}

it.concurrent.for([
  ['typescript', 'poll'],
  ['typescript', 'shutdown'],
  ['redis', 'poll'],
  ['redis', 'shutdown'],
] as const)('%s, hanging in %s', { timeout: 60_000 }, async ([engine, call], { expect, onTestFinished }) => {
  const place = mkdtempSync(join(folder, 'place-'));
  const redis = engine === 'redis' ? ['--engine', 'redis', '--', '--dir', place, '--save', ''] : [];
  const over = ['--backend-module', hangingIn(call), '-o', `folder=${place}`];
  const { process: server } = await startKvServer('libos', [...over, ...redis], 'pipe');
  onTestFinished(() => void server.kill('SIGKILL'));
  const said = text(server.stderr!);
  writeFileSync(join(place, 'hang'), '');
  // Several turns of its loop.
  await sleep(100);
  server.kill('SIGTERM');
  expect((await once(server, 'exit'))[0]).toBe(1);
  expect(await said).toMatch(
    /data path \(thread \d+\) does not return from a call .* in state S \(sleeping\)/,
  );
});

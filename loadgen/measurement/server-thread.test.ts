import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { ServerThread } from './server-thread.ts';

/** A process whose second thread does all the work, and whose name needs care. */
const PROGRAM = `
  const { Worker } = require('node:worker_threads');
  process.title = 'a) 1 (b';
  new Worker('for (;;);', { eval: true });
  console.log('ready');`;

test('of a process, the thread that works stands for it, and its core is known', async () => {
  const child = spawn(process.execPath, ['-e', PROGRAM], { stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    await once(child.stdout, 'data');
    const thread = new ServerThread(child.pid!);
    expect(thread.core()).toBeNull();
    await new Promise((resolve) => setTimeout(resolve, 200));
    thread.chooseBusiest();
    expect(thread.core()).toBeTypeOf('number');
    expect(thread.core()).toBeGreaterThanOrEqual(0);
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(thread.core()).toBeNull();
    thread.close();
  } finally {
    child.kill('SIGKILL');
  }
});

test('a process that is not there has no core', () => {
  const thread = new ServerThread(2 ** 22 + 1);
  thread.chooseBusiest();
  expect(thread.core()).toBeNull();
  thread.close();
});

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { describe, expect, it, onTestFinished } from 'vitest';
import { startDataPath } from './index.ts';

/** A module for the data path, given as source text. */
const module = (source: string) => new URL(`data:text/javascript,${encodeURIComponent(source)}`);

describe('startDataPath', () => {
  it('runs the module with its data, reports when it is ready, and returns the result', async () => {
    const source =
      'export const run = (context) => { context.ready(context.data + 1); return context.data + 2; }';
    const dataPath = startDataPath<number, number, number>(module(source), 40, null);
    expect(await dataPath.ready).toBe(41);
    expect(await dataPath.finished).toBe(42);
    await dataPath.stop();
  });

  it('stops a loop that never returns to the event loop', async () => {
    const source = 'export const run = (c) => { c.ready(0); while (!c.stopRequested()); return "stopped"; }';
    const dataPath = startDataPath<null, number, string>(module(source), null, null);
    await dataPath.ready;
    await dataPath.stop({ graceMs: 20_000 });
    expect(await dataPath.finished).toBe('stopped');
  });

  it('lets one that has heard of it take longer than its grace', async () => {
    const source = `export const run = async (c) => {
      c.ready(0);
      while (!c.stopRequested());
      await new Promise((resolve) => setTimeout(resolve, 1500));
      return 'closed';
    }`;
    const dataPath = startDataPath<null, number, string>(module(source), null, null);
    await dataPath.ready;
    // Long enough to hear it, on a busy core as well.
    await dataPath.stop({ graceMs: 1000 });
    expect(await dataPath.finished).toBe('closed');
  });

  it('ends one that has heard of it and does not return within the time for closing', async () => {
    const source = 'export const run = (c) => { c.ready(0); while (!c.stopRequested()); for (;;); }';
    const dataPath = startDataPath(module(source), null, null);
    await dataPath.ready;
    const before = performance.now();
    await dataPath.stop({ graceMs: 1000, closingMs: 200 });
    expect(performance.now() - before).toBeGreaterThanOrEqual(1199);
    expect(await dataPath.finished).toBeNull();
  });

  it('ends a data path that ignores the request within its grace', async () => {
    const dataPath = startDataPath(module('export const run = (c) => { c.ready(0); for (;;); }'), null, null);
    await dataPath.ready;
    const before = performance.now();
    await dataPath.stop({ graceMs: 100 });
    expect(performance.now() - before).toBeGreaterThanOrEqual(99);
    expect(await dataPath.finished).toBeNull();
  });

  it('ends the process, and says why, where the data path does not return from a call in C', async () => {
    const at = (file: string) => JSON.stringify(new URL(file, import.meta.url).href);
    // A lock that nobody gives back, as of a process that has died.
    const hangs = `import { libc } from ${at('native/libc.ts')};
      import { mapAnonymous } from ${at('memory/anonymous.ts')};
      const call = (name) => libc.func(name, 'int', ['uintptr_t']);
      export const run = (context) => {
        const lock = mapAnonymous(4096).address;
        libc.func('pthread_spin_init', 'int', ['uintptr_t', 'int'])(lock, 0);
        call('pthread_spin_lock')(lock);
        context.ready(0);
        call('pthread_spin_lock')(lock);
      };`;
    const program = `import { finishedOrSignalled, startDataPath } from ${at('index.ts')};
      const dataPath = startDataPath(new URL(${JSON.stringify(module(hangs).href)}), null, null);
      await dataPath.ready;
      // From before anybody knows of it: the signal may come at once.
      const ended = finishedOrSignalled(dataPath);
      console.log('ready');
      await ended;`;
    const child = spawn(process.execPath, ['-e', program], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    onTestFinished(() => void child.kill('SIGKILL'));
    const said = text(child.stderr);
    await once(child.stdout, 'data');
    child.kill('SIGTERM');
    expect((await once(child, 'exit'))[0]).toBe(1);
    expect(await said).toMatch(
      /data path \(thread \d+\) does not return from a call .* in state R \(running\)/,
    );
  });

  it('passes errors on with their code', async () => {
    const source = 'export const run = () => { throw Object.assign(new Error("no"), { code: "BROKEN" }); }';
    const dataPath = startDataPath(module(source), null, null);
    await expect(dataPath.ready).rejects.toMatchObject({ message: 'no', code: 'BROKEN' });
    await expect(dataPath.finished).rejects.toMatchObject({ message: 'no', code: 'BROKEN' });
  });

  it('pins its thread, and only that, to the core', async () => {
    const source = `import { readFileSync } from 'node:fs';
      export const run = () => readFileSync('/proc/thread-self/status', 'utf8');`;
    const allowed = (status: string) => /Cpus_allowed_list:\s*(.*)/.exec(status)![1];
    const before = allowed(readFileSync('/proc/thread-self/status', 'utf8'));
    const dataPath = startDataPath<null, null, string>(module(source), null, 0);
    expect(allowed((await dataPath.finished)!)).toBe('0');
    expect(allowed(readFileSync('/proc/thread-self/status', 'utf8'))).toBe(before);
  });

  it.each([4095, 5000, -1])('refuses core %d, which this machine does not have', async (core) => {
    const dataPath = startDataPath(module('export const run = () => 0'), null, core);
    await expect(dataPath.ready).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    await expect(dataPath.finished).rejects.toThrow(`core ${core} is not one that this process may run on`);
  });
});

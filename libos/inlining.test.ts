/** V8 says what it inlines (--trace-turbo-inlining). */
import { spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';

const PARTS = 8;
/** Each has some 210 bytes of bytecode: four are all that V8 inlines by itself into a function that calls them. */
const steps = Array.from({ length: 11 }, (_, i) => `y = (y * ${i + 3} + x) ^ (y >>> ${(i % 7) + 1});`).join(
  ' ',
);
const names = Array.from({ length: PARTS }, (_, index) => `part${index}`);
const calls = names.map((name) => `${name}(i)`).join(' ^ ');
const hotLoop = [
  ...names.map((name) => `function ${name}(x) { let y = x; ${steps} return y; }`),
  `function turn(x) { let sum = 0; for (let i = 0; i < 100; i++) sum ^= ${calls}; return sum; }`,
  'export function run() { for (let i = 0; i < 20_000; i++) turn(i); }',
].join('\n');
const module = JSON.stringify(`data:text/javascript,${encodeURIComponent(hotLoop)}`);

function inlined(program: string): string[] {
  // Compiled when called often, in this thread: what is compiled does not depend on what else the machine does.
  const steady = ['--no-concurrent-recompilation', '--no-maglev', '--no-use-osr'];
  const words = [...steady, '--trace-turbo-inlining', '-e', program];
  // Of what V8 writes into a pipe the end may be lost.
  const file = path.join(mkdtempSync(path.join(os.tmpdir(), 'inlining-')), 'trace.txt');
  onTestFinished(() => rmSync(path.dirname(file), { recursive: true }));
  const output = openSync(file, 'w');
  spawnSync(process.execPath, words, { stdio: ['ignore', output, 'ignore'], timeout: 60_000 });
  closeSync(output);
  const trace = readFileSync(file, 'utf8');
  return names.filter((name) =>
    new RegExp(`^Inlining .*<SharedFunctionInfo ${name}>} into .*<SharedFunctionInfo turn>`, 'm').test(trace),
  );
}

test('on a data path a function has in it all that it calls, beyond what V8 inlines by itself', () => {
  const plain = `const { run } = await import(${module}); run();`;
  const byItself = inlined(plain).length;
  expect(byItself).toBeGreaterThan(0);
  expect(byItself).toBeLessThan(PARTS);
  const libos = JSON.stringify(new URL('./index.ts', import.meta.url).href);
  const onDataPath = `
    const { startDataPath } = await import(${libos});
    await startDataPath(new URL(${module}), null, null).finished;`;
  expect(inlined(onDataPath)).toEqual(names);
});

/** V8 says what it inlines (--trace-turbo-inlining). */
import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';

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
  const words = ['--trace-turbo-inlining', '--no-concurrent-recompilation', '-e', program];
  const { stdout } = spawnSync(process.execPath, words, { encoding: 'utf8', timeout: 60_000 });
  return names.filter((name) =>
    new RegExp(`^Inlining .*<SharedFunctionInfo ${name}>} into .*<SharedFunctionInfo turn>`, 'm').test(
      stdout,
    ),
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

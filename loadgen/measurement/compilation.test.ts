import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { nowNs } from '../../libos/index.ts';
import { Compilation, rehearse } from './compilation.ts';

/** Runs code that V8 has not seen. */
function runNewCode(forMs: number): void {
  const endNs = nowNs() + forMs * 1e6;
  for (let seed = 0; nowNs() < endNs; seed++) {
    const terms = Array.from({ length: 30 }, (_, i) => `(x * ${i + seed}.5) % ${i + 3}`).join(' + ');
    const added = new Function(
      'x',
      `let sum = 0; for (let i = 0; i < 1e5; i++) sum += ${terms} + i; return sum;`,
    );
    for (let i = 0; i < 5; i++) added(i);
  }
}

test('code is not settled while V8 compiles it, and is when nothing new runs', async () => {
  const compilation = new Compilation(nowNs());
  runNewCode(200);
  expect(compilation.hasSettled(nowNs())).toBe(false);
  await expect
    .poll(async () => {
      await sleep(50);
      return compilation.hasSettled(nowNs());
    })
    .toBe(true);
});

test('rehearsals go on while code is new, but no longer than four warm-ups', () => {
  const startNs = nowNs();
  const begunNs: number[] = [];
  rehearse(0.1, 10, (durationS) => {
    expect(durationS).toBe(0.4);
    begunNs.push(nowNs());
    runNewCode(100);
    return true;
  });
  // However long one of them takes, none begins when their time is over, and it is over when they end.
  expect(nowNs() - startNs).toBeGreaterThan(0.4e9);
  expect(begunNs.at(-1)! - begunNs[0]).toBeLessThan(0.4e9);
});

test('a rehearsal that may not go on is the last', () => {
  let count = 0;
  rehearse(10, 0.16, (durationS) => {
    expect(durationS).toBe(0.16);
    count++;
    return false;
  });
  expect(count).toBe(1);
});

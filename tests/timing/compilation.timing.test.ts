/** V8's own threads compile what is new, and a load rehearses until they have: by how long they run. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import { nowNs } from '../../libos/index.ts';
import { Compilation, rehearse } from '../../loadgen/measurement/compilation.ts';
import { timed } from './timed.ts';

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

timed('code is not settled while V8 compiles it, and is when nothing new runs', async () => {
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

timed('rehearsals go on while code is new, but no longer than four warm-ups', () => {
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

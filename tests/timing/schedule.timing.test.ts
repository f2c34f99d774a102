/** `bypassbench calibrate --schedule`: where others have the cores, no request counts, and it says so. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const bypassbench = join(import.meta.dirname, '../../bin/bypassbench');
const run = promisify(execFile);

it('--schedule: the speed, how late at half of it, and what was left out of that', {
  timeout: 60_000,
}, async () => {
  const schedule = ['calibrate', '--schedule', '--backend', 'rdma', '--duration-s', '0.2'];
  const { stdout: text } = await run(bypassbench, schedule);
  const numbers = (pattern: RegExp) => (pattern.exec(text) ?? []).slice(1).map(Number);
  const [closed, open] = numbers(/50 connections: closed loop (\d+) requests\/s, open loop (\d+) requests/);
  expect(closed).toBeGreaterThan(1000);
  const row = (kind: string) => numbers(new RegExp(` ${kind}${' +([\\d.]+)'.repeat(5)}`));
  for (const kind of ['constant', 'poisson']) {
    const [rate, sending, mean, p50, p99] = row(kind);
    expect(Math.abs(rate - open / 2)).toBeLessThanOrEqual(1);
    // No request takes longer than at full speed.
    expect(sending).toBeLessThan(1e6 / open + 0.01);
    expect(mean).toBeGreaterThan(0);
    expect(p99).toBeGreaterThanOrEqual(p50);
    const [leftOut, all] = numbers(new RegExp(`${kind}: left out (\\d+) of (\\d+) requests`));
    expect(Math.abs(all - 0.2 * rate)).toBeLessThan(6 * Math.sqrt(0.2 * rate));
    expect(leftOut).toBeLessThan(all);
  }
  // Pollaczek and Khinchin.
  const [rate, sending] = row('poisson');
  const busy = (rate * sending) / 1e6;
  const [queued] = numbers(/ M\/D\/1 +([\d.]+)/);
  expect(Math.abs(queued - (busy * sending) / (2 * (1 - busy)))).toBeLessThan(0.03);
});

/** `bypassbench floor uring`: a server that answers by io_uring, asked over loopback with short and long messages. */
import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { release, tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { availableCores } from '../experiments/machine/machine.ts';
import { hasRing } from '../libos/uring/test-traits.ts';
import { loadResultFormat } from '../results/formats/index.ts';

const bypassbench = join(import.meta.dirname, '..', 'bin', 'bypassbench');
const run = promisify(execFile);
const [first, second] = availableCores();
const short = [
  'floor',
  'uring',
  '--cores',
  `${first},${second}`,
  '--warmup-s',
  '0.05',
  '--duration-s',
  '0.3',
];

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'floor-test-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

it.runIf(hasRing())('measures a get, and writes what load writes', async () => {
  const out = join(folder, 'out');
  const { stdout } = await run(bypassbench, [...short, '--value-bytes', '64', '--out', out]);
  expect(stdout).toMatch(/^get: [1-9]\d* replies in [\d.]+ s, .*\n {2}us: min .* max /);
  expect(readdirSync(out).sort()).toEqual(['get.hdr', 'get.hgrm', 'result.json', 'slices.json.gz']);
  const result = loadResultFormat.read(readFileSync(join(out, 'result.json'), 'utf8'));
  expect(result).toMatchObject({ backend: 'uring', value_bytes: 64, versions: { linux: release() } });
  // Two system calls of the client and two of the server take longer than a microsecond.
  expect(result.operations[0].latency_ns?.min).toBeGreaterThan(1000);
});

it.runIf(hasRing())('sends and receives what is longer than all of its buffers', async () => {
  const bytes = 10_000_000;
  for (const operation of ['set', 'get']) {
    const args = [...short, '--operation', operation, '--value-bytes', `${bytes}`];
    const { stdout } = await run(bypassbench, args);
    const [, replies, seconds] = /^[sg]et: (\d+) replies in ([\d.]+) s/.exec(stdout)!;
    expect(Number(replies)).toBeGreaterThan(0);
    // Not 100 GB/s: the bytes really cross.
    expect((Number(replies) * bytes) / Number(seconds)).toBeLessThan(1e11);
  }
});

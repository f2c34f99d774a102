/** `bypassbench floor xdp`: two processes over a pair of devices that they make, and what is left of it. */
import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { release, tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { availableCores } from '../experiments/machine/machine.ts';
import { hasLink } from '../libos/xdp/test-rights.ts';
import { loadResultFormat } from '../results/formats/index.ts';
import { expectSlicesWithEarly } from './floor-slices.ts';

const bypassbench = join(import.meta.dirname, '..', 'bin', 'bypassbench');
const run = promisify(execFile);
const [first, second] = availableCores() as [number, number];
const short = ['floor', 'xdp', '--cores', `${first},${second}`, '--warmup-s', '0.05'];

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'floor-test-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe.runIf(hasLink)('bypassbench floor xdp', () => {
  it('measures a get, and writes what load writes', async () => {
    const out = join(folder, 'out');
    const { stdout } = await run(bypassbench, [...short, '--duration-s', '0.5', '--out', out]);
    expect(stdout).toMatch(/^get: [1-9]\d* replies in [\d.]+ s, .*\n {2}us: min .* max /);
    expect(readdirSync(out).sort()).toEqual(['get.hdr', 'get.hgrm', 'result.json', 'slices.json.gz']);
    const result = loadResultFormat.read(readFileSync(join(out, 'result.json'), 'utf8'));
    expect(result).toMatchObject({ backend: 'xdp', value_bytes: 64, versions: { linux: release() } });
    // Two system calls, one of each side, take longer than a microsecond.
    expect(result.operations[0].latency_ns?.min).toBeGreaterThan(1000);
    expectSlicesWithEarly(out, [first, second], result.operations[0].latency_ns!.min);
  });

  it('sends what takes many frames', async () => {
    const bytes = 200_000;
    const words = ['--duration-s', '0.3', '--operation', 'set', '--value-bytes', `${bytes}`];
    const { stdout } = await run(bypassbench, [...short, ...words]);
    const [, replies, seconds] = /^set: (\d+) replies in ([\d.]+) s/.exec(stdout)!;
    expect(Number(replies)).toBeGreaterThan(0);
    // Not 100 GB/s: the bytes really cross.
    expect((Number(replies) * bytes) / Number(seconds)).toBeLessThan(1e11);
  });

  it('says that a message is longer than the rings', async () => {
    const words = ['--duration-s', '0.1', '--value-bytes', '3000000'];
    await expect(run(bypassbench, [...short, ...words])).rejects.toMatchObject({
      stderr: expect.stringMatching(/a message has at most 1482752 bytes.*give a smaller --value-bytes/),
    });
  });
});

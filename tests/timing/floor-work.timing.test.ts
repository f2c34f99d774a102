/**
 * The piece of work of a reading takes the same in every program that it is built into: who takes more for it is held
 * for one whose core others use. Where its code lies must not matter.
 */
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'vitest';
import { availableCores } from '../../experiments/machine/machine.ts';
import { hasLink } from '../../libos/xdp/test-rights.ts';
import { unpackSlices } from '../../results/formats/index.ts';
import { timed } from './timed.ts';

const bypassbench = join(import.meta.dirname, '..', '..', 'bin', 'bypassbench');
const cores = availableCores().slice(0, 2);
/** Those whose slices are read by libos/native/distance.c, each a program of its own. */
const floors = ['kernel', 'dpdk', ...(hasLink ? ['xdp'] : [])];

/** The least of all readings, which nothing has disturbed. */
async function leastWorkNs(floor: string, folder: string): Promise<number> {
  const out = join(folder, floor);
  const words = ['floor', floor, '--cores', cores.join(','), '--warmup-s', '0.1', '--duration-s', '0.8'];
  await promisify(execFile)(bypassbench, [...words, '--out', out]);
  const { probes } = unpackSlices(readFileSync(join(out, 'slices.json.gz')));
  const read = probes.filter((probe) => 'client_work_ns' in probe);
  return Math.min(
    ...read.flatMap(({ client_work_ns, server_work_ns }) => [client_work_ns!, server_work_ns!]),
  );
}

timed(`a piece of work takes the same in the floors ${floors.join(', ')}`, async (endWith) => {
  const folder = mkdtempSync(join(tmpdir(), 'bypassbench-work-'));
  endWith(() => rmSync(folder, { recursive: true }));
  const least: number[] = [];
  for (const floor of floors) least.push(await leastWorkNs(floor, folder));
  expect(Math.max(...least) / Math.min(...least), `${least}`).toBeLessThan(1.05);
});

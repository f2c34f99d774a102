import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { joulesBetween, readEnergy } from './energy.ts';

/** A folder as powercap has it: of each zone the name, and its energy in microjoules. */
function powercap(zones: Record<string, [name: string, energy_uj: number]>): string {
  const folder = mkdtempSync(join(tmpdir(), 'bypassbench-powercap-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  for (const [zone, [name, energy_uj]] of Object.entries(zones)) {
    mkdirSync(join(folder, zone));
    writeFileSync(join(folder, zone, 'name'), `${name}\n`);
    writeFileSync(join(folder, zone, 'energy_uj'), `${energy_uj}\n`);
    writeFileSync(join(folder, zone, 'max_energy_range_uj'), '100000000\n');
  }
  return folder;
}

test('packages count, also where their count began again, and their parts do not', () => {
  const zones = (first: number, second: number) =>
    readEnergy(
      powercap({
        'intel-rapl:0': ['package-0', first],
        'intel-rapl:0:0': ['core', first / 2],
        'intel-rapl:1': ['package-1', second],
        'intel-rapl:2': ['psys', 5],
      }),
    );
  const [before, after] = [zones(1_000_000, 99_000_000), zones(4_000_000, 1_000_000)];
  if (typeof before === 'string' || typeof after === 'string') throw new Error(`${before}, ${after}`);
  expect(joulesBetween(before, after)).toBeCloseTo(3 + 2);
});

test('a machine without a count says so', () => {
  expect(readEnergy('/nowhere')).toMatch(/does not count it/);
  expect(readEnergy(powercap({ 'dtpm:0': ['soc', 1] }))).toMatch(/has no package$/);
});

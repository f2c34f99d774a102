/**
 * A run with everything that tells where time goes and whether to believe it: stages, a repeated system,
 * calibration.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { availableCores } from '../experiments/machine/machine.ts';
import {
  calibrationFormat,
  type Summary,
  summaryFormat,
  uncalibratedFormat,
} from '../results/formats/index.ts';
import { redis, system, TestRun, tinyWorkload } from './experiments-campaign.ts';

const ported = system(
  'kv-kernel',
  [
    'bypassbench',
    'serve',
    '--frontend',
    'libos',
    '--port',
    '0',
    // A server that spins would take a core from the other tests.
    '--idle',
    'sleep',
    '--stamps',
    '{stamps}',
    '--pauses',
    '{pauses}',
  ],
  { ready: { by: 'json_line', timeout_s: 20 } },
);

let run: TestRun;
let summary: Summary;
let stdout = '';

beforeAll(async () => {
  run = new TestRun({
    // Claims are of an experiment.
    experiment: 'redis-figure',
    // Beside another test, pollers share two cores: a reply may take as long as their turns do.
    workload: { ...tinyWorkload, operations: ['get'], duration_s: 0.15 },
    stages: { every: 1, duration_s: 0.4 },
    calibration: { duration_s: 0.1 },
    repeat: 'kv-kernel',
    reference: 'hotos19',
    systems: [
      { ...redis, command_stats: true, role: 'unmodified' },
      { ...ported, role: 'libos_over_kernel' },
    ],
  });
  mkdirSync(run.temp);
  const ended = await run.start();
  stdout = ended.stdout;
  expect(ended.stderr).not.toContain('failed');
  expect(ended.stderr).not.toContain('not calibrated');
  summary = summaryFormat.read(readFileSync(path.join(run.out, 'summary.json'), 'utf8'));
}, 400_000);
afterAll(() => rmSync(run.folder, { recursive: true, force: true }));

describe('a run that splits its latencies', () => {
  test('has a breakdown for each point: of the ported server every stage, of Redis what it says of its commands', () => {
    for (const { system: name, breakdown } of summary.points) {
      const { latency_us, stages_us } = breakdown!.p50!;
      expect(Object.values(stages_us).reduce((sum, us) => sum! + us!)).toBeCloseTo(latency_us, 3);
      const names = Object.keys(stages_us);
      if (name === 'redis')
        expect(names).toEqual(expect.arrayContaining(['server_command', 'server_and_kernel']));
      else expect(names).toEqual(expect.arrayContaining(['server_application', 'reply_between']));
      expect(names).not.toContain(name === 'redis' ? 'server_application' : 'server_and_kernel');
    }
  });

  test('asks the server that has stamps how long it polled in vain: this one sleeps', () => {
    for (const { system: name, cost } of summary.points) {
      expect(cost!.server!.vain_s).toBeNull();
      const asked = cost!.unknown.some((sentence) =>
        sentence.startsWith('How long the server polled in vain'),
      );
      expect(asked).toBe(name !== 'redis');
    }
  });

  test('keeps stages and not stamps, the pauses of both sides, and leaves nothing in shared memory', () => {
    for (const folder of run.trialFolders()) {
      const stamped = readdirSync(path.join(folder, 'get-c1', 'stamped'));
      expect(stamped).toContain('stages.json.gz');
      expect(stamped.filter((name) => name.endsWith('.stamps'))).toEqual([]);
      expect(existsSync(path.join(folder, 'get-c1', 'pauses.json'))).toBe(true);
      expect(existsSync(path.join(folder, 'server.pauses.json'))).toBe(!folder.includes('redis'));
    }
    for (const trial of run.trials()) {
      expect(trial.server_command.join(' ')).not.toContain('/dev/shm');
      expect(trial.measurements.every(({ interference }) => interference !== null)).toBe(true);
    }
    expect(readdirSync(run.temp)).toEqual([]);
  });

  test('tells the noise, from a system that is measured twice and drawn once', () => {
    expect(summary.points.map(({ system: name }) => name)).not.toContain('kv-kernel-again');
    expect(summary.repeats.map(({ system: name, repeats }) => [name, repeats])).toEqual([
      ['kv-kernel-again', 'kv-kernel'],
    ]);
    expect(summary.repeats[0].versus_itself).toMatchObject({ trials: 1 });
    expect(stdout).toContain('kv-kernel against itself, GET: p50 ');
  });

  test('is calibrated before, where there are cores for it', () => {
    const folder = path.join(run.out, 'calibration', 'kernel');
    const file = path.join(folder, 'calibration.json');
    if (availableCores().length < 2) {
      expect(existsSync(file)).toBe(false);
      expect(
        uncalibratedFormat.read(readFileSync(path.join(folder, 'uncalibrated.json'), 'utf8')),
      ).toMatchObject({
        reason: 'client and server have one core, and a calibration wants two',
      });
      return;
    }
    const { floor_us, counter } = calibrationFormat.read(readFileSync(file, 'utf8'));
    expect(floor_us.p50).toBeGreaterThan(0);
    expect(counter!.missing_flags).toEqual([]);
  });

  test('ends with where the time goes, what stamping costs, and the claims', () => {
    expect(stdout).toContain('Where the time goes near the p50, in µs:');
    expect(stdout).toContain('Stamping changed the p50');
    expect(stdout).toContain('Claims:\n');
    expect(stdout).toMatch(/\d+ cannot be tested here\./);
    const page = readFileSync(path.join(run.out, 'report.html'), 'utf8');
    for (const id of ['breakdown', 'distributions', 'validity', 'claims'])
      expect(page).toContain(`id="${id}"`);
  });
});

/** A run is kept when nobody reads what it prints, when its terminal goes away, when its disk gets full. */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { execa } from 'execa';
import { describe, expect, test } from 'vitest';
import { manifestFormat } from '../results/formats/index.ts';
import { bypassbench, Gate, gatedRedis, redis, testRuns, tinyWorkload } from './experiments-campaign.ts';

const create = testRuns();
const workload = { ...tinyWorkload, operations: ['get'] };

test("a closed pipe ends the printing alone, and so does a closed terminal under nohup; the folder is one run's", async () => {
  const run = create({ systems: [gatedRedis('redis')], workload });
  const gate = new Gate(run, 0);
  const running = execa('nohup', [bypassbench, 'run', run.config, '--out', run.out], {
    env: { TMPDIR: run.temp, ...gate.env },
    reject: false,
    stdin: 'ignore',
  });
  running.stdout.destroy();
  running.stderr.once('data', () => running.stderr.destroy());
  while (!existsSync(path.join(run.out, 'manifest.json'))) await sleep(10);
  running.kill('SIGHUP');
  const second = await run.start();
  expect(second.stderr).toBe(
    `bypassbench: another run is writing to --out ${run.out}: name another folder, or let that run end`,
  );
  expect(second.exitCode).toBe(1);
  gate.open();
  await running;
  expect(run.manifest().finished_at).not.toBeNull();
  expect(run.trials()).toMatchObject([{ status: 'ok' }]);
  expect(existsSync(path.join(run.out, 'report.html'))).toBe(true);
});

const privileged = spawnSync('unshare', ['--mount', 'true']).status === 0;

describe.runIf(privileged)('a full disk', () => {
  test('is an error that names the file, and leaves a manifest that can be read', () => {
    const run = create({ trials: 3, systems: [redis], workload });
    mkdirSync(run.out);
    const script =
      'mount -t tmpfs -o size=48k none "$2" && { "$0" run "$1" --out "$2" >"$3/said" 2>&1; cp "$2"/*.json "$3"; }';
    execFileSync('unshare', ['--mount', 'sh', '-c', script, bypassbench, run.config, run.out, run.temp]);
    const said = readFileSync(path.join(run.temp, 'said'), 'utf8');
    expect(said).toMatch(
      /out\/\S+ cannot be written \(ENOSPC: [^)]*\): free space on its disk, or name another folder/,
    );
    expect(said).not.toMatch(/^ +at /m);
    expect(readdirSync(run.temp).sort()).toEqual(['manifest.json', 'said']);
    const manifest = readFileSync(path.join(run.temp, 'manifest.json'), 'utf8');
    expect(manifestFormat.read(manifest).experiment).toBe('test');
  });
});

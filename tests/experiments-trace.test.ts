/** `bypassbench run` of an experiment that replays a trace against a real server. */
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { execa } from 'execa';
import { expect, test } from 'vitest';
import { loadResultFormat } from '../results/formats/index.ts';
import { bypassbench, redis, testRuns } from './experiments-campaign.ts';

const create = testRuns();

/** Half a second: of each three requests one sets, one gets what is set, one gets what nobody sets. */
const lines = Array.from({ length: 300 }, (_, i) => {
  const request = [`set a${i % 20} 40`, `get a${i % 20} 40`, `get none${i} -`][i % 3];
  return `${(i / 600).toFixed(6)} ${request}`;
});

test('replays it with its operations, and says so in all that is made of the run', async () => {
  const run = create({
    trials: 1,
    workload: {
      trace: 'half.trace',
      duration_s: 0.3,
      warmup_s: 0.1,
      clients: 2,
      pipeline: 64,
      margin_s: 100,
    },
    systems: [redis],
  });
  writeFileSync(path.join(run.folder, 'half.trace'), `# bypassbench trace 1\n${lines.join('\n')}\n`);
  const { stderr, exitCode } = await run.start();
  expect(stderr).not.toContain('failed');
  expect(exitCode).toBe(run.exitCodeOfPoints());
  const [trial] = run.trialFolders();
  const result = loadResultFormat.read(readFileSync(path.join(trial, 'mix-c2/result.json'), 'utf8'));
  expect(result).toMatchObject({
    loop: 'open',
    arrivals: null,
    trace: { file: 'half.trace', requests: 300 },
  });
  // From 0.1 s to 0.4 s, of which a third are of each kind. Of right replies those that a reading of the distance has
  // delayed are no samples: how many is a matter of the machine.
  const { delayed } = run.slices(1, 'mix-c2');
  const [get, set] = result.operations;
  expect(get).toMatchObject({ operation: 'get', requests: get.hits + 60, misses: 60, unanswered: 0 });
  expect(set).toMatchObject({ operation: 'set', requests: set.hits, unanswered: 0 });
  expect(get.hits + set.hits + delayed).toBe(120);
  expect(Math.max(get.hits, set.hits)).toBeLessThanOrEqual(60);
  const manifest = run.manifest();
  expect(manifest.plan).toMatchObject({
    trace: { file: 'half.trace', speed: 1 },
    open_loop: { arrivals: null },
    mix: { get: 200, set: 100 },
  });
  expect(manifest.config.workload).toMatchObject({ trace: 'half.trace' });
  expect(manifest.versions['trace half.trace']).toMatch(/^[0-9a-f]{64}$/);
  const [point] = run.summary().points;
  expect(point).toMatchObject({ operation: 'mix', value_bytes: 40, misses: 60 });
  expect(point.verdicts.p50.reasons.join()).not.toContain('missed');
  expect(readFileSync(path.join(run.out, 'figure.txt'), 'utf8')).toMatch(/\(trace\s+half\.trace\)/);
  const archive = path.join(run.folder, 'x.tar.gz');
  await execa(bypassbench, ['bundle', run.out, '--out', archive]);
  const texts = gunzipSync(readFileSync(archive)).toString('latin1');
  expect(texts).toContain('a trace, which is not in here');
  expect(texts).toContain(`- \`half.trace\`, SHA-256 ${manifest.versions['trace half.trace']}`);
  expect(texts).toContain('COPY experiment.yaml repeat.sh half.trace /artifact/');
});

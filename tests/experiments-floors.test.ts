/** Floors that fail, and where floors work. What a floor is to a run is in experiments-run.test.ts. */
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { availableCores } from '../experiments/machine/machine.ts';
import { type Summary, summaryFormat, type Trial, type Verdicts } from '../results/formats/index.ts';
import { nodeServer, redis, system, type TestRun, testRuns } from './experiments-campaign.ts';

const create = testRuns();

const fakeProgram = path.join(import.meta.dirname, 'experiments-fake-floor.ts');
const fake = [process.execPath, fakeProgram, '{operation}', '{value_bytes}', '{out}'];

function floor(name: string, command: string[], rest: object = {}): { name: string; [key: string]: unknown } {
  return { name, label: `${name} frames`, command, cores: [availableCores()[0]], ...rest };
}

/** Redis with floors across its bars. */
function redisOver(...floors: { name: string }[]): { systems: object[]; floors: object[] } {
  return { systems: [{ ...redis, floor: floors.map(({ name }) => name) }], floors };
}

/** A program that has its placeholders, and then runs a script instead. */
function script(text: string): string[] {
  return [process.execPath, '-e', text, '{operation}', '{value_bytes}', '{out}'];
}

function outcome(run: TestRun): { trials: Record<string, Trial>; summary: Summary; html: string } {
  const read = (file: string): string => readFileSync(path.join(run.out, file), 'utf8');
  return {
    trials: Object.fromEntries(run.trials().map((trial) => [trial.subject, trial])),
    summary: summaryFormat.read(read('summary.json')),
    html: read('report.html'),
  };
}

function reasonsOf({ verdicts }: { verdicts: Verdicts }): string[] {
  return Object.values(verdicts).flatMap((verdict) => verdict?.reasons ?? []);
}

test('a floor that fails is a failed trial with its reason, and costs the others nothing', async () => {
  const run = create({
    ...redisOver(
      floor('fake', fake),
      floor('fails', script(`console.error('no such device'); process.exit(3)`)),
      floor('silent', script('')),
      floor('other', [process.execPath, fakeProgram, '{operation}', '65', '{out}']),
      floor('wrong', [process.execPath, fakeProgram, 'set', '{value_bytes}', '{out}', '{operation}']),
      floor('absent', ['no-such-floor', '{operation}', '{out}'], {
        requires: [{ binary: 'no-such-floor', package: 'floors' }],
      }),
    ),
  });
  const { exitCode, stderr } = await run.start();
  expect(exitCode).toBe(1);
  expect(stderr).toContain('5 trials failed');
  expect(stderr).toContain('warning: absent cannot be run: no-such-floor is not on the PATH');
  const { trials, summary, html } = outcome(run);
  expect(trials.redis!.status).toBe('ok');
  expect(trials.fake!.status).toBe('ok');
  expect(trials.fails).toMatchObject({
    status: 'failed',
    reason: "the floor's program exited with code 3 during set: no such device",
    log_tail: ['no such device'],
  });
  expect(trials.silent!.reason).toMatch(/^the floor's program wrote no usable result\.json: ENOENT/);
  expect(trials.other!.reason).toBe(
    "the floor's program wrote no usable result.json: connections 1 and value_bytes 65 are not the 1 and 64 that " +
      'were to be measured',
  );
  expect(trials.wrong).toMatchObject({
    reason: "the floor's program wrote no usable result.json: it is not about get alone",
    measurements: [{ status: 'ok' }, { status: 'failed' }],
  });
  expect(trials.absent!.reason).toContain('install the Debian package floors');
  // Whether the points are valid is a matter of what else runs on this machine; no trial of theirs failed.
  expect(summary.points.flatMap(reasonsOf).join()).not.toContain('failed');
  const failed = summary.floors.filter((floor) => reasonsOf(floor).join().includes('failed'));
  expect(failed.every(({ verdicts }) => verdicts.p50.state === 'invalid')).toBe(true);
  expect(failed.map(({ name }) => name)).toEqual(
    ['fails', 'silent', 'other', 'wrong', 'absent'].flatMap((name) => [name, name]),
  );
  expect(html).toContain('Trial 1 failed in this measurement: the floor&#39;s program exited with code 3');
  expect(readdirSync(run.temp)).toEqual([]);
});

test('where TMPDIR is too long for Unix sockets, the folder of a trial is elsewhere, and removed too', async () => {
  const seen = script(`require('fs').writeFileSync(process.argv[3] + '/cwd', process.env.TMPDIR)`);
  const unable = system('unable', nodeServer('process.exit(1)'));
  const run = create({
    systems: [{ ...unable, floor: ['looks'] }],
    floors: [floor('looks', seen)],
  });
  const long = path.join(run.temp, 'x'.repeat(80));
  mkdirSync(long);
  await run.startWith({ TMPDIR: long });
  const [trial] = run.trialFolders().filter((name) => name.includes('looks'));
  const folder = readFileSync(path.join(trial!, 'set-c1', 'cwd'), 'utf8');
  expect(folder).toMatch(/^\/tmp\/bypassbench-run-\w+\/\d+$/);
  expect(existsSync(folder)).toBe(false);
  expect(readdirSync(long)).toEqual([]);
});

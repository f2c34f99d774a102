/** Floors in `bypassbench run`: measured beside the systems, and reported like them, also when they fail. */
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { availableCores } from '../experiments/machine/machine.ts';
import { type Summary, summaryFormat, type Trial, type Verdicts } from '../results/formats/index.ts';
import { nodeServer, redis, system, type TestRun, testRuns, tinyWorkload } from './experiments-campaign.ts';

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

test('a floor is measured once in each block, for each operation, and stands in all that is made of the run', async () => {
  const run = create({ trials: 2, ...redisOver(floor('fake', fake)) });
  const { exitCode, stdout, stderr } = await run.start();
  expect(stderr).not.toContain('failed');
  expect(exitCode).toBe(run.exitCodeOfPoints());
  expect(stderr).toContain('A test\n4 trials, about');
  expect(stderr).toMatch(/\[\d\/4\] fake {4}trial 1 {3}set p50 1\.20 us {3}get p50 1\.10 us/);
  expect(run.manifest().floors).toEqual([
    { name: 'fake', label: 'fake frames', systems: ['redis'], cores: [availableCores()[0]] },
  ]);
  const ran = run.trials().map(({ subject: name, trial }) => `${name} ${trial}`);
  expect(ran.slice(0, 2).sort()).toEqual(['fake 1', 'redis 1']);
  expect(ran.slice(2).sort()).toEqual(['fake 2', 'redis 2']);

  const { trials, summary, html } = outcome(run);
  expect(trials.fake).toMatchObject({
    status: 'ok',
    server_command: [process.execPath, fakeProgram, '{operation}', '64', '{out}'],
    measurements: [
      { operation: 'set', clients: 1, value_bytes: 64, status: 'ok', dir: 'set-c1' },
      { operation: 'get', clients: 1, value_bytes: 64, status: 'ok', dir: 'get-c1' },
    ],
  });
  expect(summary.floors).toMatchObject([
    { name: 'fake', label: 'fake frames', systems: ['redis'], operation: 'set', samples: 12_000, trials: 2 },
    { name: 'fake', systems: ['redis'], operation: 'get', latency_us: { p50: 1.1 } },
  ]);
  // What the hypervisor takes is a matter of this machine.
  const doubts = summary.floors.flatMap(reasonsOf).filter((reason) => !/\(steal\)/.test(reason));
  expect(doubts).toEqual([]);
  expect(stdout).toMatch(/^fake \(floor\) +GET +1\.10 .* 2\/2$/m);
  expect(html).toContain('fake frames (floor)');
  expect(readdirSync(run.temp)).toEqual([]);
});

test('a floor that fails is a failed trial with its reason, and costs the others nothing', async () => {
  const run = create({
    workload: { ...tinyWorkload, margin_s: 4 },
    ...redisOver(
      floor('fake', fake),
      floor('fails', script(`console.error('no such device'); process.exit(3)`)),
      floor('hangs', script('setInterval(() => {}, 1000)')),
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
  expect(stderr).toContain('6 trials failed');
  expect(stderr).toContain('warning: absent cannot be run: no-such-floor is not on the PATH');
  const { trials, summary, html } = outcome(run);
  expect(trials.redis!.status).toBe('ok');
  expect(trials.fake!.status).toBe('ok');
  expect(trials.fails).toMatchObject({
    status: 'failed',
    reason: "the floor's program exited with code 3 during set: no such device",
    log_tail: ['no such device'],
  });
  expect(trials.hangs!.reason).toBe(
    "the floor's program had not finished set after 4.25 s (warm-up, duration and margin): it hangs",
  );
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
    ['fails', 'hangs', 'silent', 'other', 'wrong', 'absent'].flatMap((name) => [name, name]),
  );
  expect(html).toContain('Trial 1 failed in this measurement: the floor&#39;s program exited with code 3');
  expect(readdirSync(run.temp)).toEqual([]);
});

test('the last word of a server that cannot start is its reason, such as a backend that is not there', async () => {
  const run = create({
    systems: [
      redis,
      system('unable', nodeServer(`console.error('bypassbench: run npm run setup'); process.exit(1)`)),
      system('refused', ['bypassbench', 'serve', '--frontend', 'libos', '--port', '{port}', '-o', 'mtu=1']),
    ],
  });
  await run.start();
  const { trials } = outcome(run);
  expect(trials.unable!.reason).toBe(
    'the server exited with code 1 before it was ready: bypassbench: run npm run setup',
  );
  expect(trials.refused!.reason).toMatch(
    /before it was ready: .*the kernel backend takes no options: leave out mtu/,
  );
});

test('the load generator is given the options of its backend', async () => {
  const run = create({
    systems: [
      {
        ...redis,
        client: { backend: 'kernel', core: availableCores().at(-1), options: { socket: '{dir}/x.sock' } },
      },
    ],
  });
  await run.start();
  expect(run.trials()[0].reason).toBe(
    'the load generator exited with code 1 during set: bypassbench: createLibos: the kernel backend takes no ' +
      'options: leave out socket (INVALID_ARGUMENT)',
  );
});

test('where TMPDIR is too long for Unix sockets, the folder of a trial is elsewhere, and removed too', async () => {
  const seen = script(`require('fs').writeFileSync(process.argv[3] + '/cwd', process.env.TMPDIR)`);
  const run = create(redisOver(floor('looks', seen)));
  const long = path.join(run.temp, 'x'.repeat(80));
  mkdirSync(long);
  await run.startWith({ TMPDIR: long });
  const [trial] = run.trialFolders().filter((name) => name.includes('looks'));
  const folder = readFileSync(path.join(trial!, 'set-c1', 'cwd'), 'utf8');
  expect(folder).toMatch(/^\/tmp\/bypassbench-\w+$/);
  expect(existsSync(folder)).toBe(false);
  expect(readdirSync(long)).toEqual([]);
});

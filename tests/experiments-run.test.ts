/** `bypassbench run` on real servers: what a run leaves on disk, and what it does when servers fail. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { command } from '../experiments/commands/run.ts';
import { availableCores } from '../experiments/machine/machine.ts';
import { loadResultFormat, type Summary, summaryFormat, type Trial } from '../results/formats/index.ts';
import { nodeServer, redis, system, TestRun, testRuns, tinyWorkload } from './experiments-campaign.ts';
import { refusal } from './refusal.ts';

const create = testRuns();

/** Answers PING; does `then` with any other request. */
const onlyPing = (then: string) =>
  nodeServer(`require('net').createServer((socket) => {
    socket.on('error', () => {});
    socket.on('data', (data) => String(data).includes('PING') ? socket.write('+PONG\\r\\n') : (${then}));
  }).listen(port, host)`);

const fakeFloor = path.join(import.meta.dirname, 'experiments-fake-floor.ts');

describe('a run of real Redis over a floor', () => {
  let run: TestRun;
  let ended: Awaited<ReturnType<TestRun['start']>>;
  let summary: Summary;
  beforeAll(async () => {
    const ready = { by: 'output', pattern: 'Ready to accept connections' };
    const command = [process.execPath, fakeFloor, '{operation}', '{value_bytes}', '{out}'];
    run = new TestRun({
      trials: 2,
      systems: [{ ...redis, ready, floor: ['fake'] }],
      floors: [{ name: 'fake', label: 'fake frames', command, cores: [availableCores()[0]] }],
    });
    mkdirSync(run.temp);
    ended = await run.start();
    summary = summaryFormat.read(readFileSync(path.join(run.out, 'summary.json'), 'utf8'));
  });
  afterAll(() => rmSync(run.folder, { recursive: true, force: true }));

  test('leaves a complete run folder, and exits with 0', () => {
    const { exitCode, stdout, stderr } = ended;
    expect(stderr).toMatch(
      /\[[12]\/4\] redis {3}trial 1 {3}set p50 \S+ us {3}get p50 \S+ us {3}about \d+ s left/,
    );
    expect(stderr).not.toContain('failed');
    expect(exitCode).toBe(run.exitCodeOfPoints());
    expect(stdout).toContain('redis');
    expect(stdout).toContain(path.join(run.out, 'report.html'));

    const manifest = run.manifest();
    expect(manifest.finished_at).not.toBeNull();
    expect(JSON.stringify(manifest)).not.toContain(os.homedir());
    expect(JSON.stringify(manifest)).not.toContain(run.folder);
    expect(manifest.command).toEqual(['bypassbench', 'run', 'config.yaml']);
    expect(manifest.versions.redis).toMatch(/^Redis server v=\d/);
    expect(manifest.versions.node).toBe(process.versions.node);
    // Nor does a quick run go on, which has no time for it either.
    expect(manifest.plan).toMatchObject({ trials: 2, added_trials: 0, distance: { extend_s: 0 } });
    expect(manifest.config).toMatchObject({ trials: 2, workload: { clients: 1, pipeline: 1 } });
    const ofRedis = run.trials().filter(({ subject }) => subject === 'redis');
    const status = { status: 'ok', reason: null, log_tail: null };
    expect(ofRedis).toMatchObject([1, 2].map((trial) => ({ trial, ...status })));
    expect(run.trials().map(({ order }) => order)).toEqual([1, 2, 3, 4]);
    for (const folder of run.trialFolders().filter((name) => name.includes('redis'))) {
      expect(readFileSync(path.join(folder, 'server.stdout.log'), 'utf8')).toContain(
        'Ready to accept connections',
      );
      for (const operation of ['set', 'get']) {
        const measured = path.join(folder, `${operation}-c1`);
        const result = loadResultFormat.read(readFileSync(path.join(measured, 'result.json'), 'utf8'));
        expect(result).toMatchObject({
          connections: 1,
          operations: [{ operation, misses: 0, errors: 0, wrong: 0 }],
        });
        expect(existsSync(path.join(measured, `${operation}.hdr`))).toBe(true);
      }
    }
    expect(summary.points.map(({ operation, trials }) => [operation, trials])).toEqual([
      ['set', 2],
      ['get', 2],
    ]);
    expect(readdirSync(run.temp)).toEqual([]);
  });

  test('measures it once in each block, for each operation, and it stands in all that is made of the run', () => {
    const { stdout, stderr } = ended;
    expect(stderr).toContain('A test\n4 trials, about');
    expect(stderr).toMatch(/\[\d\/4\] fake {4}trial 1 {3}set p50 1\.20 us {3}get p50 1\.10 us/);
    expect(run.manifest().floors).toEqual([
      { name: 'fake', label: 'fake frames', systems: ['redis'], cores: [availableCores()[0]] },
    ]);
    const ran = run.trials().map(({ subject: name, trial }) => `${name} ${trial}`);
    expect(ran.slice(0, 2).sort()).toEqual(['fake 1', 'redis 1']);
    expect(ran.slice(2).sort()).toEqual(['fake 2', 'redis 2']);

    expect(run.trials().find(({ subject }) => subject === 'fake')).toMatchObject({
      status: 'ok',
      server_command: [process.execPath, fakeFloor, '{operation}', '64', '{out}'],
      measurements: [
        { operation: 'set', clients: 1, value_bytes: 64, status: 'ok', dir: 'set-c1' },
        { operation: 'get', clients: 1, value_bytes: 64, status: 'ok', dir: 'get-c1' },
      ],
    });
    const ofFloor = { name: 'fake', label: 'fake frames', systems: ['redis'] };
    expect(summary.floors).toMatchObject([
      { ...ofFloor, operation: 'set', samples: 12_000, trials: 2 },
      { ...ofFloor, operation: 'get', latency_us: { p50: 1.1 } },
    ]);
    // What the hypervisor takes is a matter of this machine.
    const reasons = summary.floors.flatMap(({ verdicts }) =>
      Object.values(verdicts).flatMap((verdict) => verdict?.reasons ?? []),
    );
    expect(reasons.filter((reason) => !/\(steal\)/.test(reason))).toEqual([]);
    expect(stdout).toMatch(/^fake \(floor\) +GET +1\.10 .* 2\/2$/m);
    expect(readFileSync(path.join(run.out, 'report.html'), 'utf8')).toContain('fake frames (floor)');
  });
});

describe('an open loop', () => {
  const results = (run: TestRun) =>
    run
      .trialFolders()
      .map((folder) => loadResultFormat.read(readFileSync(path.join(folder, 'get-c2/result.json'), 'utf8')));
  /** Stores what is set at once; answers one GET after the other, each in 3 ms: 333 a second. */
  const slow = system(
    'slow',
    nodeServer(`
      const values = new Map();
      let answered = Promise.resolve();
      const answer = (socket, name, key, value) => {
        if (name === 'PING') return socket.write('+PONG\\r\\n');
        if (name === 'SET') return values.set(key, value), socket.write('+OK\\r\\n');
        const found = values.get(key);
        answered = answered
          .then(() => new Promise((done) => setTimeout(done, 3)))
          .then(() => void socket.write('$' + found.length + '\\r\\n' + found + '\\r\\n'));
      };
      require('net').createServer((socket) => {
        let text = '';
        socket.on('error', () => {}).on('data', (data) => {
          const lines = (text + data.toString('latin1')).split('\\r\\n');
          let at = 0;
          for (let n; (n = Number(lines[at].slice(1))) > 0 && lines.length > at + 1 + 2 * n; at += 1 + 2 * n) {
            answer(socket, ...Array.from({ length: n }, (_, i) => lines[at + 2 + 2 * i]));
          }
          text = lines.slice(at).join('\\r\\n');
        });
      }).listen(port, host)`),
  );
  const withRate = (rate_ops: number, duration_s: number, of = redis) =>
    create({
      workload: {
        ...tinyWorkload,
        operations: ['get'],
        duration_s,
        clients: 2,
        pipeline: 64,
        open_loop: { rate_ops },
      },
      systems: [of],
    });

  test('sends at the rate of the config, and says so beside its numbers', async () => {
    const run = withRate(500, 0.2);
    const { stderr } = await run.start();
    expect(stderr).not.toContain('failed');
    expect(results(run)).toMatchObject([
      { loop: 'open', rate_ops: 500, arrivals: 'poisson', connections: 2 },
    ]);
    const summary = summaryFormat.read(readFileSync(path.join(run.out, 'summary.json'), 'utf8'));
    expect(summary.open_loop).toEqual({ rate_ops: 500, arrivals: 'poisson' });
    expect(readFileSync(path.join(run.out, 'report.html'), 'utf8')).toContain(
      'an open loop of 500 requests per second (Poisson), with latencies from when each was due, with 2 clients, pipeline 64',
    );
  });

  test('beyond what the server can take says so', async () => {
    const run = withRate(2000, 0.3, slow);
    const { exitCode } = await run.start();
    expect(exitCode).toBe(run.exitCodeOfPoints());
    const [{ fell_behind, verdicts, latency_us }] = run.summary().points;
    expect(fell_behind).toBe('server');
    for (const { reasons } of [verdicts.p50, verdicts.p99!]) {
      const said = reasons.join('\n');
      expect(said).toMatch(
        /^Trial 1: the server did not keep up with the offered rate, of which it answered up to [\d.]+ % too/m,
      );
      expect(said).not.toContain('drifts');
    }
    // The last of 600 waits for most of the others, from when it was due.
    expect(latency_us!.max).toBeGreaterThan(0.5e6);
    expect(verdicts.throughput!.reasons.join()).not.toContain('keep up');
  });
});

const crashingAtItsEnd = `
  process.on('SIGTERM', () => process.kill(process.pid, 'SIGSEGV'));
  setInterval(() => {}, 1000)`;

describe('a server that fails', () => {
  test('fails its trial with the reason and the end of its log, and the others go on', async () => {
    const run = create({
      systems: [
        redis,
        system(
          'exits',
          nodeServer(`
            require('child_process').spawn('sleep', ['600'], { detached: true, stdio: 'ignore' }).unref();
            console.error('cannot load its data');
            process.exit(3)`),
        ),
        system('crashes', onlyPing(`console.error('out of luck'), process.kill(process.pid, 'SIGSEGV')`)),
        // It crashes when it is told to end.
        system('silent', nodeServer(crashingAtItsEnd), {
          ready: { by: 'tcp_connect', timeout_s: 0.4 },
        }),
        system(
          'loading',
          onlyPing('0').map((word) => word.replace('+PONG', '-LOADING data')),
          {
            ready: { by: 'resp_ping', timeout_s: 2 },
          },
        ),
        system('babbles', onlyPing(`socket.write('what?\\\\r\\\\n')`)),
        system('refused', ['bypassbench', 'serve', '--frontend', 'libos', '--port', '{port}', '-o', 'mtu=1']),
        system('absent', ['no-such-server', '{port}'], {
          requires: [{ binary: 'no-such-server', package: 'no-such-package' }],
        }),
      ],
    });
    const { exitCode, stderr } = await run.start();
    expect(exitCode).toBe(1);
    expect(stderr).toContain('7 trials failed');
    expect(stderr).toMatch(
      /warning: exits trial 1: left in sessions of their own, and ended now: sleep \(process \d+\)/,
    );
    expect(stderr).toMatch(
      /warning: silent trial 1: the server was ended by SIGSEGV when it was told to end/,
    );
    expect(stderr.match(/was told to end/g)).toHaveLength(1);
    const trials = Object.fromEntries(run.trials().map((trial) => [trial.subject, trial])) as Record<
      string,
      Trial
    >;
    expect(trials.redis).toMatchObject({ status: 'ok' });
    expect(trials.exits).toMatchObject({
      status: 'failed',
      reason: 'the server exited with code 3 before it was ready: cannot load its data',
      log_tail: ['cannot load its data'],
    });
    expect(trials.crashes).toMatchObject({
      reason: 'the server was ended by SIGSEGV during set',
      log_tail: ['out of luck'],
      measurements: [
        { operation: 'set', status: 'failed', reason: 'the server was ended by SIGSEGV during set' },
        { operation: 'get', status: 'failed', reason: 'the server was ended by SIGSEGV during set' },
      ],
    });
    expect(trials.silent!.reason).toMatch(/^the server was not ready after 0.4 s: connect ECONNREFUSED/);
    expect(trials.loading!.reason).toBe('the server was not ready after 2 s: PING got -LOADING data');
    expect(trials.babbles!.reason).toMatch(
      /^the load generator exited with code 1 during set: bypassbench: /,
    );
    // The last word of a server that cannot start.
    expect(trials.refused!.reason).toMatch(
      /before it was ready: .*the kernel backend takes no options: leave out mtu/,
    );
    expect(trials.absent).toMatchObject({
      reason:
        'absent cannot be run: no-such-server is not on the PATH ' +
        '(install the Debian package no-such-package, or leave the system out with --only)',
      log_tail: null,
    });
    expect(stderr).toContain('warning: absent cannot be run: no-such-server is not on the PATH');
    expect(run.manifest().finished_at).not.toBeNull();
    expect(readdirSync(run.temp)).toEqual([]);
  });

  test('and hangs is ended after the time of the measurement and its margin, and so is a floor', async () => {
    const words = ['{operation}', '{value_bytes}', '{out}'];
    const hanging = [process.execPath, '-e', 'setInterval(() => {}, 1000)', ...words];
    const run = create({
      workload: { ...tinyWorkload, margin_s: 1 },
      systems: [{ ...(system('hangs', onlyPing('0')) as object), floor: ['below'] }],
      floors: [{ name: 'below', label: 'below', command: hanging, cores: [availableCores()[0]] }],
    });
    expect((await run.start()).exitCode).toBe(1);
    const had = 'had not finished set after 1.12 s (warm-up, duration and margin)';
    expect(Object.fromEntries(run.trials().map(({ subject, reason }) => [subject, reason]))).toEqual({
      hangs: `the load generator ${had}: the server or the load generator hangs`,
      below: `the floor's program ${had}: it hangs`,
    });
  });
});

describe('a run that cannot be', () => {
  const refused = ({ config, out }: TestRun, ...options: string[]) =>
    refusal(command(), config, '--out', out, ...options);

  test('has no server installed', async () => {
    const run = create({ systems: [system('absent', ['no-such-server', '{port}'])] });
    expect(await refused(run)).toContain(
      'bypassbench: absent cannot be run: no-such-server is not on the PATH (install it, or correct the config',
    );
    expect(existsSync(run.out)).toBe(false);
  });

  test.each([
    [['--only', 'redsi'], "--only: no system is named 'redsi' in this config; its systems are redis"],
    [['--only', 'redis,'], 'Names of systems, separated by commas.'],
  ])('has wrong options: %s', async (options, message) => {
    expect(await refused(create({ systems: [redis] }), ...options)).toContain(message);
  });
});

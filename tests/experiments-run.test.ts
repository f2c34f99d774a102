/** `bypassbench run` on real servers: what a run leaves on disk, and what it does when servers fail. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadResultFormat, summaryFormat, type Trial } from '../results/formats/index.ts';
import { nodeServer, redis, system, type TestRun, testRuns, tinyWorkload } from './experiments-campaign.ts';

const create = testRuns();

/** Answers PING; does `then` with any other request. */
const onlyPing = (then: string) =>
  nodeServer(`require('net').createServer((socket) => {
    socket.on('error', () => {});
    socket.on('data', (data) => String(data).includes('PING') ? socket.write('+PONG\\r\\n') : (${then}));
  }).listen(port, host)`);

describe('a run of real Redis', () => {
  test('leaves a complete run folder, and exits with 0', async () => {
    const run = create({
      trials: 2,
      workload: { ...tinyWorkload, clients: 2 },
      systems: [{ ...redis, ready: { by: 'output', pattern: 'Ready to accept connections' } }],
    });
    const { exitCode, stdout, stderr } = await run.start();
    expect(stderr).toMatch(
      /\[1\/2\] redis {3}trial 1 {3}set p50 \S+ us {3}get p50 \S+ us {3}about \d+ s left/,
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
    expect(manifest.config).toMatchObject({ trials: 2, workload: { clients: 2, pipeline: 1 } });
    expect(run.trials()).toMatchObject([
      { subject: 'redis', trial: 1, order: 1, status: 'ok', reason: null, log_tail: null },
      { subject: 'redis', trial: 2, order: 2, status: 'ok', reason: null, log_tail: null },
    ]);
    for (const folder of run.trialFolders()) {
      expect(readFileSync(path.join(folder, 'server.stdout.log'), 'utf8')).toContain(
        'Ready to accept connections',
      );
      for (const operation of ['set', 'get']) {
        const measured = path.join(folder, `${operation}-c2`);
        const result = loadResultFormat.read(readFileSync(path.join(measured, 'result.json'), 'utf8'));
        expect(result).toMatchObject({
          connections: 2,
          operations: [{ operation, misses: 0, errors: 0, wrong: 0 }],
        });
        expect(existsSync(path.join(measured, `${operation}.hdr`))).toBe(true);
      }
    }
    const summary = summaryFormat.read(readFileSync(path.join(run.out, 'summary.json'), 'utf8'));
    expect(summary.points.map(({ operation, trials }) => [operation, trials])).toEqual([
      ['set', 2],
      ['get', 2],
    ]);
    expect(readdirSync(run.temp)).toEqual([]);
  });
});

describe('an open loop', () => {
  const results = (run: TestRun) =>
    run
      .trialFolders()
      .map((folder) => loadResultFormat.read(readFileSync(path.join(folder, 'get-c2/result.json'), 'utf8')));
  const withRate = (rate_ops: number) =>
    create({
      workload: { ...tinyWorkload, operations: ['get'], clients: 2, pipeline: 64, open_loop: { rate_ops } },
      systems: [redis],
    });

  test('sends at the rate of the config, and says so beside its numbers', async () => {
    const run = withRate(500);
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

  test('that falls behind its schedule backs no claim', async () => {
    const run = withRate(500_000);
    const { exitCode } = await run.start();
    expect(exitCode).toBe(1);
    const summary = summaryFormat.read(readFileSync(path.join(run.out, 'summary.json'), 'utf8'));
    expect(summary.points).toMatchObject([
      { system: 'redis', verdicts: { p50: { state: 'invalid' }, p99: { state: 'invalid' } } },
    ]);
    expect(summary.points[0].verdicts.p50.reasons.join()).toContain(
      'the load generator sent behind its schedule',
    );
  });
});

describe('a server that fails', () => {
  test('fails its trial with the reason and the end of its log, and the others go on', async () => {
    const run = create({
      systems: [
        redis,
        system('exits', nodeServer(`console.error('cannot load its data'); process.exit(3)`)),
        system('crashes', onlyPing(`console.error('out of luck'), process.kill(process.pid, 'SIGSEGV')`)),
        system('silent', nodeServer('setInterval(() => {}, 1000)'), {
          ready: { by: 'tcp_connect', timeout_s: 0.4 },
        }),
        system(
          'loading',
          onlyPing('0').map((word) => word.replace('+PONG', '-LOADING data')),
          {
            ready: { by: 'resp_ping', timeout_s: 5 },
          },
        ),
        system('babbles', onlyPing(`socket.write('what?\\\\r\\\\n')`)),
        system('absent', ['no-such-server', '{port}'], {
          requires: [{ binary: 'no-such-server', package: 'no-such-package' }],
        }),
      ],
    });
    const { exitCode, stderr } = await run.start();
    expect(exitCode).toBe(1);
    expect(stderr).toContain('6 trials failed');
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
    expect(trials.loading!.reason).toBe('the server was not ready after 5 s: PING got -LOADING data');
    expect(trials.babbles!.reason).toMatch(
      /^the load generator exited with code 1 during set: bypassbench: /,
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

  test('and hangs is ended after the time of the measurement and its margin', async () => {
    const run = create({
      workload: { ...tinyWorkload, margin_s: 1 },
      systems: [system('hangs', onlyPing('0'))],
    });
    expect((await run.start()).exitCode).toBe(1);
    expect(run.trials()[0].reason).toBe(
      'the load generator had not finished set after 1.25 s (warm-up, duration and margin): ' +
        'the server or the load generator hangs',
    );
  });

  test('and does not end on SIGTERM is killed, and what it started with it', async () => {
    const stubborn = `trap '' TERM; sleep 600 & echo "started $! $$"; while :; do sleep 1; done`;
    const run = create({
      systems: [
        system('stubborn', ['sh', '-c', stubborn, '{port}'], {
          ready: { by: 'output', pattern: 'started', timeout_s: 20 },
        }),
      ],
    });
    await run.start();
    expect(run.trials()[0].reason).toMatch(
      /^the load generator exited with code 1 during set: .*cannot connect/,
    );
    const [folder] = run.trialFolders();
    expect(readFileSync(path.join(folder!, 'runner.log'), 'utf8')).toContain('still there 5 s after SIGTERM');
    const pids = readFileSync(path.join(folder!, 'server.stdout.log'), 'utf8').match(/\d+/g)!;
    expect(pids).toHaveLength(2);
    for (const pid of pids) expect(existsSync(`/proc/${pid}/exe`)).toBe(false);
  });
});

describe('a run that cannot be', () => {
  test('has no server installed', async () => {
    const run = create({ systems: [system('absent', ['no-such-server', '{port}'])] });
    const { exitCode, stderr } = await run.start();
    expect(exitCode).toBe(1);
    expect(stderr).toContain(
      'bypassbench: absent cannot be run: no-such-server is not on the PATH (install it, or correct the config',
    );
  });

  test.each([
    [['--only', 'redsi'], "--only: no system is named 'redsi' in this config; its systems are redis"],
    [['--only', 'redis,'], 'Names of systems, separated by commas.'],
  ])('has wrong options: %s', async (options, message) => {
    const { exitCode, stderr } = await create({ systems: [redis] }).start(...options);
    expect(exitCode).toBe(1);
    expect(stderr).toContain(message);
    expect(stderr).not.toMatch(/^ +at /m);
  });
});

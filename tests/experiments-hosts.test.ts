/** `bypassbench run` with server and load generator on two hosts over real OpenSSH. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { decodeFromCompressedBase64 } from 'hdr-histogram-js';
import { median } from 'simple-statistics';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { availableCores } from '../experiments/machine/machine.ts';
import {
  calibrationFormat,
  type LoadResult,
  loadResultFormat,
  manifestFormat,
  type StagesFile,
  type Trial,
  trialFormat,
  unpackStages,
} from '../results/formats/index.ts';
import { CHECKOUT, INTERFACE, LabRig, mayMakeLab, PREFIX_BITS, type RigHostName } from './lab-rig.ts';
import { root } from './source-tree.ts';

const [first, last = first] = [availableCores()[0], availableCores().at(-1)];
const hostNames = ['server0', 'client0', 'client1'] as const;
/** A link that is cut is noticed within five seconds; after ten no process is left. */
const GONE_MS = 10_000;
/** How unevenly clocks of one machine run within a second. */
const SLACK_NS = 20_000;

interface Run {
  out: string;
  child: ChildProcess;
  /** How it ended, with what it said. */
  ended: Promise<{ exitCode: number | null; stderr: string }>;
}

describe.runIf(mayMakeLab())('a run on other hosts (takes root, and an sshd that set-up unpacks)', () => {
  let rig: LabRig;
  beforeAll(async () => {
    rig = await LabRig.make();
  });
  afterAll(() => rig?.close());

  function writeLab(): string {
    const hosts = hostNames.map((name) => {
      const { address } = rig.hosts[name];
      const lan = { address: `${address}/${PREFIX_BITS}`, interface: INTERFACE };
      const networks = { lan: { ...lan, device: 'veth', provenance: 'software_device' } };
      const cores = { server_cores: [first], client_cores: [last] };
      return [name, { folder: CHECKOUT, networks, ...cores, env: rig.hosts[name].access().env }];
    });
    const file = path.join(rig.folder, 'lab.yaml');
    const place = { server: 'server0', generators: ['client0'] };
    // JSON is YAML.
    writeFileSync(file, JSON.stringify({ lab: 'rig', hosts: Object.fromEntries(hosts), place }));
    return file;
  }

  function start(
    name: string,
    systems: readonly string[],
    more: object,
    own: object = {},
    isTrace = false,
  ): Run {
    const shape = { operations: ['get'], keys: 500, value_bytes: 64, warmup_s: 0.05, duration_s: 0.2 };
    // A trace says itself what is sent.
    const workload = isTrace ? {} : shape;
    const config = {
      ...{ experiment: name, title: name, trials: 1, ...more },
      workload: { ...workload, margin_s: 60, ...own },
      systems: systems.map((use) => ({ use, client: { idle: 'sleep' } })),
    };
    const [file, out] = [path.join(rig.folder, `${name}.yaml`), path.join(rig.folder, name)];
    writeFileSync(file, JSON.stringify(config));
    const words = ['run', file, '--lab', writeLab(), '--out', out];
    const child = spawn(path.join(root, 'bin/bypassbench'), words, { stdio: ['ignore', 'ignore', 'pipe'] });
    onTestFinished(() => void child.kill('SIGKILL'));
    let stderr = '';
    child.stderr!.on('data', (text) => {
      stderr += text;
    });
    const ended = once(child, 'close').then(([exitCode]) => ({ exitCode, stderr }));
    return { out, child, ended };
  }

  const trialIn = (out: string, name: string): Trial =>
    trialFormat.read(readFileSync(path.join(out, 'trials', name, 'trial.json'), 'utf8'));
  const trialsOf = (out: string): Trial[] =>
    readdirSync(path.join(out, 'trials')).map((name) => trialIn(out, name));
  const resultIn = (folder: string): LoadResult =>
    loadResultFormat.read(readFileSync(path.join(folder, 'result.json'), 'utf8'));

  async function until(what: () => boolean, patienceMs = 60_000): Promise<void> {
    const end = performance.now() + patienceMs;
    while (!what()) {
      if (performance.now() > end) throw new Error(`not within ${patienceMs} ms: ${what}`);
      await sleep(20);
    }
  }

  const left = (): number[][] => hostNames.map((name) => rig.hosts[name].processes());
  const isRunning = (name: RigHostName, program: RegExp): boolean =>
    rig.hosts[name].processes().some((pid) => program.test(commandOf(pid)));

  it('measures Redis and kvserver from another host, into the same files as on one', async () => {
    const run = start('two', ['redis', 'kv-kernel'], {});
    const { exitCode, stderr } = await run.ended;
    expect(stderr).toContain('connecting to server0, client0');
    const trials = trialsOf(run.out);
    expect(trials.map(({ status, reason }) => [status, reason])).toEqual([
      ['ok', null],
      ['ok', null],
    ]);
    for (const { server_command, measurements } of trials) {
      expect(server_command.join(' ')).toContain(rig.hosts.server0.address);
      const cores = Object.keys(measurements[0]?.interference?.steal_s ?? {});
      expect(cores).toEqual([`server0:${first}`, `client0:${last}`]);
    }
    for (const name of readdirSync(path.join(run.out, 'trials'))) {
      const files = readdirSync(path.join(run.out, 'trials', name));
      expect(files).toEqual(expect.arrayContaining(['get-c1', 'server.stdout.log', 'server.stderr.log']));
      const measured = readdirSync(path.join(run.out, 'trials', name, 'get-c1'));
      expect(measured).toEqual(expect.arrayContaining(['result.json', 'load.stderr.log']));
    }
    const manifest = manifestFormat.read(readFileSync(path.join(run.out, 'manifest.json'), 'utf8'));
    expect(manifest.systems.map(({ device }) => device)).toEqual(['veth', 'veth']);
    expect(manifest.distances).toEqual([]);
    expect(manifest.versions.redis).toMatch(/^Redis server v=/);
    expect(manifest.systems.map(({ place }) => place)).toEqual([
      { server: 'server0', generators: ['client0'] },
      { server: 'server0', generators: ['client0'] },
    ]);
    // What each is before and behind, with the NIC that it goes over: a veth, which knows no coalescing.
    expect(manifest.hosts.map(({ name }) => name)).toEqual(['server0', 'client0']);
    for (const { before, after, after_unknown } of manifest.hosts) {
      expect(after_unknown).toBeNull();
      for (const state of [before, after]) {
        expect(state?.nics.map(({ name }) => name)).toEqual([INTERFACE]);
        expect(state?.nics[0]).toMatchObject({ mtu_bytes: 1500, coalescing: null });
        expect(state?.nics[0]?.unknown.coalescing).toMatch(/does not tell|is not installed/);
        expect(state?.clock.bound_us).toBeGreaterThan(0);
        expect(state?.versions).toMatchObject({ node: process.versions.node });
      }
    }
    const figure = readFileSync(path.join(run.out, 'figure.txt'), 'utf8');
    expect(figure).not.toContain('distance unknown');
    expect(figure).not.toContain('changed during the run');
    expect(existsSync(path.join(run.out, 'figure.svg'))).toBe(true);
    expect([0, 1]).toContain(exitCode);
    expect(left()).toEqual([[], [], []]);
  });

  it('splits latencies into stages by the clock of each host, with one stage for both ways', async () => {
    const own = { duration_s: 0.3 };
    const more = { stages: { every: 2, duration_s: 0.5 }, calibration: { duration_s: 0.1 } };
    const run = start('stages', ['redis', 'kv-kernel'], more, own);
    const { stderr } = await run.ended;
    expect(trialsOf(run.out).map(({ status, reason }) => [status, reason])).toEqual([
      ['ok', null],
      ['ok', null],
    ]);
    const stamped = Object.fromEntries(
      readdirSync(path.join(run.out, 'trials')).map((name) => {
        const folder = path.join(run.out, 'trials', name, 'get-c1', 'stamped');
        expect(readdirSync(folder).filter((file) => file.endsWith('.stamps'))).toEqual([]);
        const file = unpackStages(readFileSync(path.join(folder, 'stages.json.gz')));
        return [trialIn(run.out, name).subject, file];
      }),
    );
    const { redis, 'kv-kernel': ported } = stamped as Record<string, StagesFile>;
    expect([redis?.clocks, ported?.clocks]).toEqual(['client only', 'two']);
    expect(redis?.server_command_us).toBeGreaterThan(0);
    expect(ported?.joined).toBeGreaterThan(20);
    // Of slow requests on a busy machine many are at the edge of a window.
    expect(ported!.incomplete + ported!.inconsistent).toBeLessThan(ported!.joined / 2);
    const { both_ways_between = [], server_application = [], ...others } = ported!.stages_ns;
    expect(Object.keys(others)).not.toContain('request_between');
    // Hosts' clocks are days apart: with the rate of a counter by two of them no stage would be within the latency.
    for (const [index, latency_ns] of ported!.latency_ns.entries()) {
      const all = Object.values(ported!.stages_ns).map((values) => values[index] ?? Number.NaN);
      expect(Math.max(...all)).toBeLessThanOrEqual(latency_ns + 100);
      expect(all.reduce((sum, ns) => sum + ns)).toBeLessThanOrEqual(latency_ns + 100);
    }
    expect(median(server_application)).toBeGreaterThan(0);
    expect(median(both_ways_between)).toBeGreaterThan(0);
    // The estimate of one way is within its bound of what can be: no less than nothing, no more than both.
    expect(redis?.one_way).toBeNull();
    const { request_ns, before, after } = ported!.one_way!;
    const bound_ns = Math.max(before.bound_ns, after.bound_ns);
    expect(bound_ns).toBeGreaterThan(0);
    for (const [index, ns] of request_ns.entries()) {
      // The call that sends may return after the other side has received.
      const sending_ns = ported?.stages_ns.client_device_send?.[index] ?? Number.NaN;
      expect(ns).toBeGreaterThanOrEqual(-bound_ns - sending_ns - SLACK_NS);
      expect(ns).toBeLessThanOrEqual((both_ways_between[index] ?? Number.NaN) + bound_ns + SLACK_NS);
    }
    const report = readFileSync(path.join(run.out, 'report.html'), 'utf8');
    expect(report).toContain('on the way, both ways');
    expect(report).toMatch(/machines('|&#39;|’) clocks (are known to|before and after)/);
    expect(left()).toEqual([[], [], []]);
    // Before all that the load generator is calibrated on its own host.
    if (first === last) return expect(stderr).toContain('not calibrated over kernel on host client0');
    const calibration = path.join(run.out, 'calibration/kernel/hosts/client0/calibration.json');
    expect(calibrationFormat.read(readFileSync(calibration, 'utf8'))).toMatchObject({
      core: last,
      server_core: first,
    });
    expect(report).toContain('calibrated over kernel on host client0');
    expect(report).not.toContain('One invariant counter stamps both sides');
  });

  it('brings a trace to the host that replays it', async () => {
    const lines = Array.from(
      { length: 300 },
      (_, i) => `${(i / 600).toFixed(6)} ${i % 2 ? 'get' : 'set'} a${i % 20} 40`,
    );
    writeFileSync(path.join(rig.folder, 'half.trace'), `# bypassbench trace 1\n${lines.join('\n')}\n`);
    const own = {
      trace: 'half.trace',
      duration_s: 0.3,
      warmup_s: 0.1,
      clients: 2,
      pipeline: 64,
      margin_s: 100,
    };
    const several = await start('traces', ['redis'], both, own, true).ended;
    expect(several.stderr).toContain('redis: client0, client1 are to replay one trace');
    const run = start('trace', ['redis'], {}, own, true);
    const { stderr } = await run.ended;
    const [name] = readdirSync(path.join(run.out, 'trials'));
    expect(trialIn(run.out, name ?? stderr)).toMatchObject({ status: 'ok', reason: null });
    const result = resultIn(path.join(run.out, 'trials', name as string, 'mix-c2'));
    expect(result.trace).toMatchObject({ file: 'half.trace', requests: 300 });
    expect(left()).toEqual([[], [], []]);
  });

  it('doubts what was measured where a setting of a NIC changed meanwhile', async () => {
    const run = start('changed', ['redis'], {}, { duration_s: 2 });
    await until(() => isRunning('client0', / load /));
    const set = (mtu: number): void => {
      rig.hosts.client0.run('ip', 'link', 'set', INTERFACE, 'mtu', String(mtu));
    };
    set(1400);
    onTestFinished(() => set(1500));
    await run.ended;
    const figure = readFileSync(path.join(run.out, 'figure.txt'), 'utf8');
    expect(figure).toContain(
      `Its host client0 changed during the run: MTU of ${INTERFACE} was 1500 and is 1400.`,
    );
    const report = readFileSync(path.join(run.out, 'report.html'), 'utf8');
    expect(report).toContain(`Changed during the run: MTU of ${INTERFACE} (client0).`);
  });

  it('fails the trial whose link is cut, by name, and goes on when it is there again', async () => {
    const run = start('cut', ['redis'], { trials: 3 }, { duration_s: 3 });
    await until(() => isRunning('client0', / load /));
    await sleep(500);
    rig.setLink('client0', 'down');
    await until(() => existsSync(path.join(run.out, 'trials')) && failedTrials(run.out).length > 0).finally(
      () => rig.setLink('client0', 'up'),
    );
    await run.ended;
    // The run may have been faster to connect again than the link was to come back.
    const [cut, , other] = trialsOf(run.out).sort((a, b) => a.order - b.order);
    expect(cut).toMatchObject({ status: 'failed', is_final: false });
    expect(cut?.reason).toMatch(/^host client0:? was lost/);
    expect(other).toMatchObject({ status: 'ok', reason: null });
    await until(() => left().every((pids) => pids.length === 0), GONE_MS);
  });

  function failedTrials(out: string): string[] {
    const folder = path.join(out, 'trials');
    return readdirSync(folder).filter((name) => existsSync(path.join(folder, name, 'trial.json')));
  }

  const both = { place: { generators: ['client0', 'client1'] } };
  const folderOf = (out: string, name: string): string => path.join(out, 'trials', name, 'get-c3');

  it('has two generators begin at one moment, over sockets and io_uring, and makes one result of theirs', async () => {
    const run = start('generators', ['redis', 'kv-uring'], both, { clients: 3, duration_s: 1 });
    const { stderr } = await run.ended;
    expect(stderr).toContain('connecting to server0, client0, client1');
    for (const name of readdirSync(path.join(run.out, 'trials'))) {
      const { status, reason, measurements } = trialIn(run.out, name);
      expect([status, reason]).toEqual(['ok', null]);
      const { generators, interference } = measurements[0] as Trial['measurements'][number];
      expect(Object.keys(interference?.steal_s ?? {})).toEqual([
        `server0:${first}`,
        `client0:${last}`,
        `client1:${last}`,
      ]);
      expect(generators?.missing_hosts).toEqual([]);
      expect(generators?.hosts.map(({ host }) => host)).toEqual(['client0', 'client1']);
      // One machine has one clock; its offset is measured over ssh all the same.
      expect(generators?.bound_us).toBeGreaterThan(0);
      expect(generators?.spread_us).toBe(Math.max(...generators!.hosts.map(({ began_us }) => began_us!)));
      const folder = folderOf(run.out, name);
      const [merged, ...parts] = ['', 'hosts/client0', 'hosts/client1'].map((own) =>
        resultIn(path.join(folder, own)),
      );
      expect(parts.map(({ connections }) => connections)).toEqual([2, 1]);
      expect(merged).toMatchObject({ connections: 3, generator: null, cost: null });
      const [get] = merged!.operations;
      expect(get).toMatchObject({ misses: 0, errors: 0, wrong: 0 });
      expect(get?.hits).toBe(parts.reduce((sum, { operations }) => sum + operations[0]?.hits, 0));
      const histogram = readFileSync(path.join(folder, 'get.hdr'), 'utf8');
      expect(decodeFromCompressedBase64(histogram.trim(), 64, false).totalCount).toBe(get?.hits);
      // What both measured is no longer than what either did, which ends with the last reply of its second.
      const windows_s = parts.map(({ generator }) => (generator!.ended_us - generator!.began_us) / 1e6);
      expect(merged!.rates!.window_s).toBeLessThanOrEqual(Math.min(...windows_s) + 1e-6);
    }
    expect(existsSync(path.join(run.out, 'figure.svg'))).toBe(true);
    expect(left()).toEqual([[], [], []]);
  });

  it('deals one schedule to two generators', async () => {
    const own = { clients: 2, open_loop: { rate_ops: 2000, arrivals: 'constant' }, duration_s: 0.5 };
    const run = start('dealt', ['redis'], both, own);
    await run.ended;
    const [name = ''] = readdirSync(path.join(run.out, 'trials'));
    expect(trialIn(run.out, name)).toMatchObject({ status: 'ok', reason: null });
    const { operations, rate_ops, own_lag_us } = resultIn(path.join(run.out, 'trials', name, 'get-c2'));
    expect(Math.abs(operations[0]?.requests - 1000)).toBeLessThanOrEqual(2);
    expect([rate_ops, operations[0]?.service_time_ns === null, own_lag_us === null]).toEqual([
      2000,
      false,
      false,
    ]);
  });

  it('names the generator whose link is cut, marks its part as missing, and stops the other', async () => {
    const run = start('one-cut', ['redis'], both, { clients: 2, duration_s: 30 });
    await until(() => isRunning('client0', / load /) && isRunning('client1', / load /));
    await sleep(2000);
    rig.setLink('client1', 'down');
    await until(() => existsSync(path.join(run.out, 'trials')) && failedTrials(run.out).length > 0).finally(
      () => rig.setLink('client1', 'up'),
    );
    await run.ended;
    const [trial] = trialsOf(run.out);
    expect(trial).toMatchObject({ status: 'failed', is_final: false });
    expect(trial?.reason).toMatch(/^host client1:? was lost/);
    expect(trial?.measurements[0]?.generators?.missing_hosts).toEqual(['client1']);
    await until(() => left().every((pids) => pids.length === 0), GONE_MS);
  });

  it('names the generator that is not ready in time', async () => {
    const run = start('late', ['redis'], both, { clients: 2, margin_s: 6 });
    await until(() => isRunning('client1', / load /));
    for (const pid of rig.hosts.client1.processes())
      if (/ load /.test(commandOf(pid))) process.kill(pid, 'SIGSTOP');
    await run.ended;
    const [trial] = trialsOf(run.out);
    expect(trial?.reason).toMatch(
      /^the load generator on client1 was not ready to begin after 6\.05 s .*; client0 waited for it$/,
    );
    expect(trial?.measurements[0]?.generators?.missing_hosts).toEqual(['client1']);
    expect(left()).toEqual([[], [], []]);
  });

  it('leaves nothing on any host when the controller is killed', async () => {
    const run = start('killed', ['redis'], {}, { duration_s: 30 });
    await until(() => isRunning('client0', / load /) && isRunning('server0', /redis-server/));
    run.child.kill('SIGKILL');
    await run.ended;
    await until(() => left().every((pids) => pids.length === 0), GONE_MS);
  });
});

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').join(' ');
  } catch {
    return '';
  }
}

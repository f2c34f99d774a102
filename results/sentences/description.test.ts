/** The words under the figure say what the manifest and the verdicts say, in sentences. */
import { expect, test } from 'vitest';
import type { Manifest } from '../formats/index.ts';
import { report } from '../test-report.ts';
import { axis, manifest, type SyntheticRun, swept, system } from '../test-synthetic-run.ts';

async function figureText(synthetic: Partial<SyntheticRun>): Promise<string> {
  return (await report(synthetic)).words.join('\n\n');
}

test('machine, method and software', async () => {
  const text = await figureText({ manifest: manifest({ quick: true, finished_at: null }) });
  for (const fact of [
    'the p50 latency of SET and GET, for Redis; kvserver on sockets; kvserver on libOS, kernel.',
    'This is a quick run',
    'The run did not finish.',
    'Bars show the p50 of 5 trials, merged by count; whiskers show its interval over the trials, with 93.8 % confidence.',
    "Black marks show published values: HotOS'19, 25 Gb/s ConnectX-4",
    'read off its figure of Redis SET and GET latency (± 0.3 µs; it names neither clients nor value size).',
    'a closed loop, with 1 client, pipeline 1, 64-byte values and 1,000,000 keys (uniform), for 5 s after 1 s of warm-up',
    'The client polls through the kernel backend.',
    'The server ran on core 0 and the client on core 1.',
    'The bytes went over loopback, a software device.',
    'a virtual machine (KVM): AMD EPYC 7B13, 2 cores, 8 GiB, governor unknown',
    'Debian GNU/Linux 12 (bookworm), kernel Linux 6.18.5 x86_64.',
    'node v24.21.0, bypassbench 0.1.0 and Redis server v=7.0.15',
    'commit 0123456789ab;',
    '2026-01-02',
    'Every p50 shown is valid.',
  ]) {
    expect(text).toContain(fact);
  }
});

test('several hosts are named, those that are alike together, and which of them changed', async () => {
  const { machine } = manifest();
  const clock = { source: 'tsc', offset_us: null, bound_us: null };
  const at = (cpu: string) => ({
    at: '2026-01-02T03:04:05Z',
    machine: { ...machine, cpu },
    versions: {},
    nics: [],
    clock,
  });
  const host = (name: string, cpu: string, later = cpu) => ({
    ...{ name, before: at(cpu), after: at(later), after_unknown: null },
  });
  const hosts = [host('server0', 'A'), host('client0', 'B'), host('client1', 'B', 'C')];
  const place = { server: 'server0', generators: ['client1'] };
  const text = await figureText({ manifest: manifest({ hosts, systems: [system('redis', { place })] }) });
  expect(text).toContain('The hosts were: server0, a virtual machine (KVM): A, 2 cores');
  expect(text).toContain('; client0 and client1, each a virtual machine (KVM): B, 2 cores');
  expect(text).toContain('Its host client1 changed during the run: cpu was B and is C.');
});

test('systems that differ are named with what they differ in', async () => {
  const systems = [
    system('redis', { label: 'Redis' }),
    system('kv-dpdk', {
      label: 'DPDK',
      device: 'net_memif',
      client: { idle: 'sleep', backend: 'dpdk' },
      transport_note: 'There is no wire.',
      server_cores: [],
    }),
  ];
  const text = await figureText({ manifest: manifest({ systems, git: { commit: null, dirty: true } }) });
  expect(text).toContain(
    'The client polls through the kernel backend; for DPDK sleeps through the dpdk backend.',
  );
  expect(text).toContain('for DPDK the server ran unpinned and the client on core 1.');
  expect(text).toContain('DPDK: There is no wire.');
  expect(text).toContain('commit unknown with uncommitted changes');
});

test('a median that is doubtful, and why; doubts about the tail are none of the figure', async () => {
  const text = await figureText({
    trial: ({ name }, trial) =>
      name === 'kv-kernel' && trial === 2 ? { status: 'failed', reason: 'hung' } : {},
    measured: () => ({ latencies_ns: Array(100).fill(32_000) }),
  });
  expect(text.split('\n\n')[1]).toBe(
    'The p50 is invalid of kvserver on libOS, kernel, SET and GET. Trial 2 failed: hung.',
  );
});

test('what a figure shows is said of that figure', async () => {
  const whole = manifest();
  const clients = [axis('clients', [1, 4])];
  const of = (plan: Partial<Manifest['plan']>, axes = clients): Promise<string> =>
    figureText({ manifest: swept({ ...whole, plan: { ...whole.plan, ...plan } }, axes) });
  const throughput = await of({ figure: 'throughput' });
  expect(throughput).toContain('Redis SET and GET latency: the throughput of SET and GET, for Redis;');
  expect(throughput).toContain(
    'Lines show the right replies per second of 5 trials over the clients; whiskers go from the lowest to the highest trial.',
  );
  expect(throughput).not.toContain('Bars');
  // What was published is a latency, and no mark of this figure.
  expect(throughput).not.toContain('Black marks');
  expect(throughput).toContain('Every throughput shown is valid.');
  expect(await of({})).toContain('Lines show the p50 of 5 trials, merged by count, over the clients;');
  const rates = await of({}, [axis('rate_ops', [1000, 2000], { path: 'workload.open_loop.rate_ops' })]);
  expect(rates).toContain(
    'Curves show p50 and p99 of 5 trials, merged by count, over the right replies per second',
  );
  const sizes = [axis('value_bytes', [64, 1024])];
  expect(await of({ figure: 'bandwidth' }, sizes)).toContain(
    'Lines show the bandwidth of the values alone, of 5 trials',
  );
  // Without sizes there is no bandwidth to show.
  expect(await of({ figure: 'bandwidth' })).toContain('Lines show the p50');
});

test('floors are said where they are drawn', async () => {
  const floors = [{ name: 'frames', label: 'raw frames', systems: ['redis'], cores: [0, 1] }];
  const whole = manifest({ floors });
  expect(await figureText({ manifest: whole })).toContain('Dashed lines show floors');
  const plan = { ...whole.plan, figure: 'throughput' as const };
  expect(await figureText({ manifest: { ...whole, plan } })).not.toContain('show floors');
});

test('versions and notes that several systems have stand once', async () => {
  const note = 'there is no wire';
  const systems = ['redis', 'redis-port', 'redis-again'].map((name) =>
    system(name, { label: name, transport_note: name === 'redis' ? null : note }),
  );
  const version = 'Redis server v=7.0.15 sha=00000000:0 malloc=jemalloc-5.3.0 bits=64';
  const versions = {
    ...manifest().versions,
    ...Object.fromEntries(systems.map(({ name }) => [name, version])),
  };
  const text = await figureText({ manifest: manifest({ systems, versions }) });
  expect(text).toContain(
    'The software was node v24.21.0, bypassbench 0.1.0 and Redis server v=7.0.15 …, of commit',
  );
  expect(text).toContain('redis-port and redis-again: there is no wire.');
  expect(text.split(note)).toHaveLength(2);
});

test('a doubt that many points have, each with its own numbers, is said once', async () => {
  const names = Array.from({ length: 10 }, (_, index) => `s${index}`);
  const text = await figureText({
    manifest: manifest({ systems: names.map((name) => system(name)) }),
    // Each of them drifts by another share.
    measured: ({ name }) => ({
      latencies_ns: Array(3000).fill(20_000),
      slice_p50_ns: [1, 1, 1, 1, 1, 2, 2, 2, 2, 2].map((far) =>
        far === 1 ? 10_000 : 20_000 + 100 * Number(name.slice(1)),
      ),
    }),
  });
  const doubts = text.split('\n\n')[1];
  expect(doubts.match(/something drifts/g)).toHaveLength(1);
  expect(doubts).toContain('p50 suspect at 20 of 20 points: 2 of s0');
});

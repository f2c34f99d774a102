/** The words under the figure say what the manifest and the verdicts say, in sentences. */
import { expect, test } from 'vitest';
import { report } from '../test-report.ts';
import { manifest, type SyntheticRun, system } from '../test-synthetic-run.ts';

async function figureText(synthetic: Partial<SyntheticRun>): Promise<string> {
  return (await report(synthetic)).words.join('\n\n');
}

test('machine, method and software', async () => {
  const text = await figureText({ manifest: manifest({ quick: true, finished_at: null }) });
  for (const fact of [
    'the p50 of SET and GET for Redis; kvserver on sockets; kvserver on libOS, kernel.',
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

test('systems that differ are named with what they differ in', async () => {
  const systems = [
    system('redis', { label: 'Redis' }),
    system('kv-dpdk', {
      label: 'DPDK',
      device: 'net_memif',
      client: { wait: 'block', backend: 'dpdk' },
      transport_note: 'There is no wire.',
      server_cores: [],
    }),
  ];
  const text = await figureText({ manifest: manifest({ systems, git: { commit: null, dirty: true } }) });
  expect(text).toContain(
    'The client polls through the kernel backend; for DPDK blocks through the dpdk backend.',
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

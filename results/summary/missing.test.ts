/** What a run lacks of what was asked for is said, with why. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readRun } from '../run/run-folder.ts';
import { manifest, run, type SyntheticMeasurement, system, target, writeRun } from '../test-synthetic-run.ts';
import { summarize } from './summary.ts';

const latencies_ns = Array.from({ length: 200 }, (_, index) => 20_000 + index);
const stages = { client_libos_send: 0.25, server_and_kernel: 0.75 };

/** Of one trial of GET of Redis and of a server over DPDK, with stages asked for. */
async function folderOf(measured: (name: string) => SyntheticMeasurement | null): Promise<string> {
  const whole = manifest({ systems: [system('redis'), system('kv-dpdk')] });
  const plan = { ...whole.plan, trials: 1, measurements: [target('get')] };
  const staged = { ...plan, stages: { every: 10, duration_s: 1 } };
  return writeRun(run({ manifest: { ...whole, plan: staged }, measured: ({ name }) => measured(name) }));
}

const missingIn = async (dir: string): Promise<string[]> => summarize(await readRun(dir)).missing;

test('nothing is missing where everything that was asked for is there', async () => {
  expect(await missingIn(await folderOf(() => ({ latencies_ns, stages })))).toEqual([]);
});

test('a backend that was not calibrated, and calibrations of the others', async () => {
  const dir = await folderOf(() => ({ latencies_ns, stages }));
  await mkdir(join(dir, 'calibration', 'dpdk'), { recursive: true });
  const missing = { schema: 'bypassbench.uncalibrated/1', backend: 'dpdk', reason: 'there is one core' };
  await writeFile(join(dir, 'calibration', 'dpdk', 'uncalibrated.json'), JSON.stringify(missing));
  const ofHost = join(dir, 'calibration', 'kernel', 'hosts', 'client0');
  await mkdir(ofHost, { recursive: true });
  await writeFile(join(ofHost, 'uncalibrated.json'), JSON.stringify({ ...missing, backend: 'kernel' }));
  expect(await missingIn(dir)).toEqual([
    'The load generator was not calibrated over dpdk: there is one core.',
    'The load generator was not calibrated over kernel on host client0: there is one core.',
  ]);
});

test('stages over a backend that does not say when its device is entered', async () => {
  const backends = [
    { name: 'pipes', title: 'Pipes', api_version: 1, moments: false, module: null, versions: {} },
  ];
  const overPipes = system('kv-dpdk', { label: 'kv-pipes', client: { idle: 'poll', backend: 'pipes' } });
  const whole = manifest({ systems: [system('redis'), overPipes], backends });
  const plan = {
    ...whole.plan,
    trials: 1,
    measurements: [target('get')],
    stages: { every: 10, duration_s: 1 },
  };
  const measured = ({ name }: { name: string }) =>
    name === 'redis' ? { latencies_ns, stages } : { latencies_ns };
  const dir = await writeRun(run({ manifest: { ...whole, plan }, measured }));
  expect(await missingIn(dir)).toEqual([
    'The stages of kv-pipes are missing: the backend Pipes does not say when its device is entered and left.',
  ]);
});

test('stages of a load that several generators put on a server', async () => {
  const place = { server: 'server0', generators: ['client0', 'client1'] };
  const whole = manifest({ systems: [system('redis', { place })] });
  const plan = {
    ...whole.plan,
    trials: 1,
    measurements: [target('get')],
    stages: { every: 1, duration_s: 1 },
  };
  const dir = await writeRun(run({ manifest: { ...whole, plan }, measured: () => ({ latencies_ns }) }));
  expect(await missingIn(dir)).toEqual([
    'The stages of redis are missing: stamps are of one load generator, and it has several.',
  ]);
});

test('stages that nobody stamped, that are too few, and of what was not measured', async () => {
  const only = (measured: SyntheticMeasurement | null) =>
    folderOf((name) => (name === 'redis' ? measured : { latencies_ns, stages }));
  expect(await missingIn(await only({ latencies_ns }))).toEqual([
    'The stages of redis are missing: none of its measurements was followed by one with stamps.',
  ]);
  expect(await missingIn(await only({ latencies_ns: latencies_ns.slice(0, 20), stages }))).toEqual([
    expect.stringMatching(
      /^The stages of redis are missing: 20 stamped requests are too few near the p50 \(of/,
    ),
  ]);
  expect(await missingIn(await only(null))).toEqual([
    'The stages of redis are missing: nothing was measured.',
  ]);
});

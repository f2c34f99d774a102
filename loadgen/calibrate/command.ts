/**
 * `bypassbench calibrate`: the load generator's own time, and its error about the time that a server takes.
 */
import { join } from 'node:path';
import { Command, Option } from 'commander';
import { type BackendFlags, chooseBackend, knownBackends, withBackendFlags } from '../../libos/index.ts';
import { core, seconds } from '../arguments.ts';
import { LoadError } from '../errors.ts';
import { createResultFolder } from '../measurement/result.ts';
import { showProgress } from '../progress-bar.ts';
import { type CalibrateOptions, calibrate } from './calibration.ts';
import { phaseNames } from './client.ts';
import { phaseNames as schedulePhases } from './schedule/client.ts';
import { CONNECTIONS, measureSchedules } from './schedule/schedule.ts';
import { describeSchedules } from './schedule/text.ts';
import { describeCalibration } from './table.ts';

export function command(): Command {
  return withBackendFlags(new Command('calibrate'), 'libOS backend of both sides')
    .description(
      `Compares the load generator with a server whose time is known: a process that answers \
at once with the right reply, through the same libOS backend: ${pairings()}.

Floor: the latency when the server takes no time. Every latency measured over this backend includes it.
Delays: the server works for a known time, by its own clock, before each reply. The measured p50 minus the floor's p50 \
must be the injected delay; the difference is the error. Floor and delays take turns in slices.
Pauses: the server does nothing for 5 ms every 200 ms. In an open loop this delays all requests that are due \
meanwhile, by up to 5 ms; in a closed loop only the one outstanding request. The result stands beside what arithmetic \
expects.

With --schedule it measures instead how many requests a second the generator offers with ${CONNECTIONS} connections, and how \
late it sends them at half of that, when they are due at constant or at random times (Poisson). What the host takes from the \
thread meanwhile is left out and named; the lateness of a queue that has nothing but the time of sending (M/D/1) stands beside.

Both threads poll: give them two idle cores. The calibration takes about 10 times --duration-s, with --schedule 7 times.

Exit code: 0 when it was measured, whatever the errors; 1 when it could not be; 130 when interrupted.`,
    )
    .option('--core <n>', "pin the generator's thread to this core", core, 1)
    .option('--server-core <n>', "pin the server's thread to this core", core, 0)
    .option('--duration-s <seconds>', 'measured time of each step', seconds, 1)
    .option('--schedule', 'how fast the generator is, and how late at half its speed')
    .addOption(new Option('--out <dir>', 'write calibration.json there').conflicts('schedule'))
    .addHelpText('after', EXAMPLES)
    .action(run);
}

const EXAMPLES = `
Examples:
  bypassbench calibrate
  bypassbench calibrate --backend dpdk --core 1 --server-core 0 --out /tmp/calibration
  bypassbench calibrate --backend rdma --schedule`;

/** "kernel over loopback, ..." */
function pairings(): string {
  return knownBackends()
    .flatMap(({ name, pairing }) => (pairing === null ? [] : `${name} over ${pairing.about}`))
    .join(', ');
}

interface Flags extends Omit<CalibrateOptions, 'backend' | 'backendOptions'>, BackendFlags {
  out?: string;
  schedule?: boolean;
}

async function run({ out, schedule = false, backendOption, backendModule, ...rest }: Flags): Promise<void> {
  const options: CalibrateOptions = {
    ...rest,
    ...(await chooseBackend({ ...rest, backendModule, backendOption })),
  };
  if (options.core === options.serverCore) {
    throw new LoadError(
      'INVALID_OPTION',
      `--core and --server-core are both ${options.core}: both sides poll, so give each a core of its own`,
    );
  }
  if (schedule) await runSchedule(options);
  else await runCalibration(options, out);
}

async function runSchedule(options: CalibrateOptions): Promise<void> {
  const progress = new Float64Array(new SharedArrayBuffer(24));
  const bar = showProgress(progress, schedulePhases);
  const kinds = ['constant', 'poisson'] as const;
  const report = await measureSchedules({ ...options, kinds }, progress).finally(() => bar?.stop());
  if (report === null) process.exitCode = 130;
  else console.log(describeSchedules(options.backend, report));
}

async function runCalibration(options: CalibrateOptions, out: string | undefined): Promise<void> {
  // A folder that cannot be made is better found before the measurement than after it.
  if (out !== undefined) await createResultFolder(out);
  const progress = new Float64Array(new SharedArrayBuffer(24));
  const bar = showProgress(progress, phaseNames);
  const calibration = await calibrate(options, progress).finally(() => bar?.stop());
  if (calibration === null) {
    process.exitCode = 130;
    return;
  }
  if (out !== undefined) {
    // Loaded when there is something to write, as for the result of a load.
    const { CALIBRATION_FILE, calibrationFormat, replaceFile } = await import(
      '../../results/formats/index.ts'
    );
    const { schema } = calibrationFormat;
    await replaceFile(join(out, CALIBRATION_FILE), calibrationFormat.write({ schema, ...calibration }));
  }
  console.log(describeCalibration(calibration));
}

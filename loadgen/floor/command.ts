/**
 * `bypassbench floor`: how long the workload's exchange takes with the device alone, below all that we build.
 */
import { Command, InvalidArgumentError, Option } from 'commander';
import { type BackendFlags, chooseBackend, wholeNumber, withBackendFlags } from '../../libos/index.ts';
import { core, seconds, secondsOrNone, valueBytes } from '../arguments.ts';
import { createResultFolder, describeOutcome, writeResult } from '../measurement/result.ts';
import { type DpdkFloorOptions, measureDpdkFloor } from './dpdk.ts';
import { type KernelFloorOptions, measureKernelFloor } from './kernel.ts';
import { floorOperations } from './messages.ts';
import { floorTarget, measureModuleFloor } from './module.ts';
import type { FloorOutcome } from './outcome.ts';
import { measureRdmaFloor, type RdmaFloorOptions } from './rdma.ts';
import { measureUringFloor } from './uring.ts';
import { measureXdpFloor } from './xdp.ts';

/** The options of every floor, as commander names them. */
interface Flags {
  operation: string;
  valueBytes: number;
  warmupS: number;
  durationS: number;
  cores: [number, number];
  out?: string;
}

export function command(): Command {
  return new Command('floor')
    .description(
      `Measures the floor of a latency: messages as long as a request and its reply, to and fro over the device alone, without \
library OS, server and load generator. No server is needed: both sides are started. What lies between this and the latency of \
a load over the same device is theirs.`,
    )
    .addCommand(kernel())
    .addCommand(uring())
    .addCommand(dpdk())
    .addCommand(xdp())
    .addCommand(rdma())
    .addCommand(ofModule())
    .addHelpText('after', EXAMPLES);
}

const EXAMPLES = `
Examples:
  bypassbench floor kernel --cores 0,1
  bypassbench floor dpdk --operation set --value-bytes 1024
  bypassbench floor rdma --provider 'tcp;ofi_rxm' --out /tmp/floor`;

function kernel(): Command {
  return floor('kernel')
    .description(
      `Sends messages as long as a request and its reply to and fro between two processes over TCP on loopback, in C,
one request in flight. Both sides poll their kernel sockets and never sleep.

The measured window is cut into slices of about 75 ms.
${READINGS}

${EXIT_CODES}`,
    )
    .option('--datagrams', 'each message is a datagram, over UDP in the place of TCP', false)
    .action((options: Flags & KernelFloorOptions) => {
      const transport = options.datagrams ? 'UDP' : 'TCP';
      const what = { target: `polled ${transport} sockets over loopback`, backend: 'kernel' };
      return measure(options, what, (stop) => measureKernelFloor(options, stop));
    });
}

function uring(): Command {
  return floor('uring')
    .description(
      `Sends messages as long as a request and its reply to and fro between two processes over TCP on loopback, in C,
one request in flight. The client polls its kernel socket, as that of the kernel's floor; the server answers by
io_uring, with a standing receive into a ring of buffers, and enters the kernel when something is due.

The measured window is cut into slices of about 75 ms.
${READINGS}

${EXIT_CODES}`,
    )
    .action((options: Flags) => {
      const what = { target: 'io_uring over loopback, asked by polled sockets', backend: 'uring' };
      return measure(options, what, (stop) => measureUringFloor(options, stop));
    });
}

function dpdk(): Command {
  return floor('dpdk')
    .description(
      `Sends frames to and fro between two processes over DPDK's memif (shared memory), in C, one request in flight.
The frames are as long as those of our TCP for a request and its reply: 66 bytes of headers before each part of
the data.

The measured window is cut into slices of about 75 ms.
${READINGS}

${EXIT_CODES}`,
    )
    .option('--mtu <bytes>', 'largest IPv4 packet', wholeNumber(576, 9200), 9000)
    .action((options: Flags & DpdkFloorOptions) => {
      const what = { target: 'raw frames over net_memif', backend: 'dpdk' };
      return measure(options, what, (stop) => measureDpdkFloor(options, stop));
    });
}

function xdp(): Command {
  return floor('xdp')
    .description(
      `Sends frames to and fro between two processes over XDP sockets on a pair of devices (veth), in C, one request in
flight. The frames are as long as those of our TCP for a request and its reply: 66 bytes of headers before each part
of the data. Takes root.

The measured window is cut into slices of about 75 ms.
${READINGS}

${EXIT_CODES}`,
    )
    .action((options: Flags) => {
      const what = { target: 'raw frames over XDP sockets', backend: 'xdp' };
      return measure(options, what, (stop) => measureXdpFloor(options, stop));
    });
}

function rdma(): Command {
  return floor('rdma')
    .description(
      `Runs libfabric's fi_pingpong between two processes of this machine, one message in flight. The messages are
as long as those of our libOS for a request and its reply: 24 bytes of header before the data, in one message.
Runs at the two lengths take turns; a round trip is the mean transfer of one plus that of the other. fi_pingpong
reports means only, so each pair of runs gives one value.

A slice of the measured window is a pair of runs.
${READINGS}

${EXIT_CODES}`,
    )
    .option('--provider <name>', "provider of libfabric: shm, 'verbs;ofi_rxm', 'tcp;ofi_rxm', efa", 'shm')
    .option('--domain <name>', 'device of the provider, such as rxe0 (default: its first one)')
    .action((options: Flags & RdmaFloorOptions) => {
      const device = options.domain === undefined ? '' : ` (${options.domain})`;
      const what = { target: `fi_pingpong over ${options.provider}${device}`, backend: 'rdma' };
      return measure(options, what, (stop) => measureRdmaFloor(options, stop));
    });
}

function ofModule(): Command {
  return withBackendFlags(floor('module'), 'the backend from outside')
    .description(
      `Sends messages as long as a request and its reply to and fro between two processes of the program that a
backend from outside brings with it (--backend-module), one request in flight.

The measured window is cut into slices of about 75 ms.
${READINGS}

${EXIT_CODES}`,
    )
    .action(async ({ backendModule, backendOption, ...options }: Flags & BackendFlags) => {
      const chosen = await chooseBackend({ backendModule, backendOption });
      const what = { target: floorTarget(chosen.backend), backend: chosen.backend };
      return measure(options, what, (stop) => measureModuleFloor({ ...options, ...chosen }, stop));
    });
}

const READINGS = `Before each slice and behind the last one nothing is in flight, and the distance of the two cores is read: how
long a cache line takes from the client's core to the server's and back. slices.json.gz has the readings, and
what each slice measured. Where the distance cannot be read, it says why, and the slices go on without.`;
const EXIT_CODES = 'Exit code: 0 when it was measured; 1 when it could not be; 130 when interrupted.';

function floor(name: string): Command {
  return new Command(name)
    .addOption(
      new Option('--operation <name>', 'operation whose messages are exchanged')
        .choices(floorOperations)
        .default('get'),
    )
    .option('--value-bytes <n>', 'length of each value', valueBytes, 64)
    .option('--warmup-s <seconds>', 'time before the measured window', secondsOrNone, 1)
    .option('--duration-s <seconds>', 'length of all slices together', seconds, 5)
    .option('--cores <server,client>', 'pin the two sides to these cores', twoCores, [0, 1])
    .option(
      '--out <dir>',
      "write result.json, slices.json.gz, OP.hdr and OP.hgrm there, as 'bypassbench load' does",
    );
}

/** `work` resolves to null when the promise `stop` that it gets resolves first. */
async function measure(
  options: Flags,
  what: { target: string; backend: string },
  work: (stop: Promise<void>) => Promise<FloorOutcome | null>,
): Promise<void> {
  const { out } = options;
  if (out !== undefined) await createResultFolder(out);
  const stopped = Promise.withResolvers<void>();
  process.once('SIGTERM', stopped.resolve);
  process.once('SIGINT', stopped.resolve);
  const outcome = await work(stopped.promise);
  process.off('SIGTERM', stopped.resolve);
  process.off('SIGINT', stopped.resolve);
  if (outcome === null) {
    process.exitCode = 130;
    return;
  }
  const setup = {
    ...what,
    idle: 'poll' as const,
    protocol: 'resp' as const,
    connections: 1,
    idleConnections: 0,
    pipeline: 1,
    rateOps: null,
    arrivals: null,
    trace: null,
    // Requests for all keys have the same length.
    keys: 1,
    keyDistribution: 'single' as const,
    mix: null,
    seed: 0,
    valueBytes: options.valueBytes,
    core: options.cores[1],
    warmupS: options.warmupS,
    versions: outcome.versions,
  };
  if (out !== undefined) await writeResult(out, setup, outcome);
  console.log(describeOutcome(outcome));
}

function twoCores(text: string): [number, number] {
  const [server, client, ...rest] = text.split(',').map(core);
  if (client === undefined || rest.length > 0 || server === client) {
    throw new InvalidArgumentError('It must be two different cores, such as 0,1: both sides poll.');
  }
  return [server, client];
}

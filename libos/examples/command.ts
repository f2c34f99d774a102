/** `bypassbench echo`, `sink` and `relay`: the example servers, each with a line that says when it is ready. */
import { Command, Option } from 'commander';
import {
  type BackendFlags,
  backendNamed,
  chooseBackend,
  type Endpoint,
  finishedOrSignalled,
  SOCKETS_BACKEND,
  startDataPath,
  wholeNumber,
  withBackendFlags,
} from '../index.ts';
import type { ExampleName, ExampleOptions } from './data-path.ts';

/** The parsed command line, as commander names the options. */
interface Flags extends BackendFlags {
  bind?: string;
  port: number;
  datagrams?: boolean;
  idle: 'poll' | 'sleep';
  core?: number;
  stamps?: string;
  stampsEvery: number;
  pauses?: string;
}

const descriptions: Record<ExampleName, string> = {
  echo: 'Sends back what it receives, as it came: the server of libos/examples/echo.ts on the library OS.',
  sink: `Takes messages, and answers each with its length: the server of libos/examples/sink.ts on the library OS.

A message is its length, four bytes in network order, and so many bytes; the answer is these four bytes.`,
  relay: `Forwards datagrams from one socket to another: the server of libos/examples/relay.ts on the library OS.

A socket registers for what another one of its host sends by a datagram of two bytes, the other one's port in network
order. It comes back as the acknowledgement. What nobody has registered for is dropped.`,
};

/** How to put load on each. */
const examples: Record<ExampleName, string> = {
  echo: `  bypassbench echo --port 7000 --core 0
  bypassbench load --target 127.0.0.1:7000 --protocol echo --value-bytes 64 --core 1
  bypassbench echo --port 7000 --datagrams          # for load --protocol datagrams`,
  sink: `  bypassbench sink --port 7000 --core 0
  bypassbench load --target 127.0.0.1:7000 --protocol sink --value-bytes 65536 --pipeline 16 --core 1`,
  relay: `  bypassbench relay --port 7000 --core 0
  bypassbench load --target 127.0.0.1:7000 --protocol relay --value-bytes 64 --core 1`,
};

export function exampleCommand(name: ExampleName): Command {
  const command = withBackendFlags(new Command(name), 'backend of the library OS')
    .description(
      `${descriptions[name]}

It serves until SIGTERM or SIGINT. When it is ready, it prints one line of JSON:
{"ready":true,"address":"127.0.0.1","port":43211,"pid":123,"backend":"${SOCKETS_BACKEND}"}`,
    )
    .option(
      '--bind <ipv4>',
      'address to serve at (default: 127.0.0.1; 0.0.0.0 for a backend with a network of its own)',
    )
    .option('--port <number>', 'port to serve at; 0 takes any free one', wholeNumber(0, 65_535), 0)
    .addOption(
      new Option('--idle <how>', 'while nothing happens: spin (poll) or sleep in the kernel (sleep)')
        .choices(['poll', 'sleep'])
        .default('poll'),
    )
    .option('--core <number>', 'pin the data path to this CPU', wholeNumber(0, 1023))
    .option(
      '--stamps <file>',
      'file for stamps of when messages pass the libOS and its device, best in /dev/shm; a load generator on this ' +
        'machine turns stamping on (load --server-stamps), and reads there how long the server had something to do ' +
        '(load --server-busy-time)',
    )
    .option(
      '--stamps-every <n>',
      'stamp every n-th window of time from the start (1: all, 0: wait for the load generator)',
      wholeNumber(0, 1_000_000),
      0,
    )
    .option(
      '--pauses <file>',
      'JSON file, written at the end: garbage collections, and gaps of the data path',
    )
    .addHelpText('after', `\nExamples:\n${examples[name]}`)
    .action((flags: Flags) => serve(name, flags));
  if (name === 'echo')
    command.option('--datagrams', 'serve datagrams (UDP) in place of streams (TCP)', false);
  return command;
}

async function serve(name: ExampleName, flags: Flags): Promise<void> {
  const { core = null } = flags;
  const { backend, backendOptions } = await chooseBackend(flags);
  const address = flags.bind ?? backendNamed(backend).defaultBind;
  const options: ExampleOptions = {
    name,
    kind: name === 'relay' || flags.datagrams === true ? 'datagram' : 'stream',
    backend,
    backendOptions,
    idle: flags.idle,
    endpoint: { address, port: flags.port },
    stamps: flags.stamps ?? null,
    stampsEvery: flags.stampsEvery,
    pauses: flags.pauses ?? null,
  };
  const module = new URL('./data-path.ts', import.meta.url);
  const dataPath = startDataPath<ExampleOptions, Endpoint, null>(module, options, core);
  const at = await dataPath.ready;
  const ended = finishedOrSignalled(dataPath);
  console.log(JSON.stringify({ ready: true, ...at, pid: process.pid, backend }));
  await ended;
}

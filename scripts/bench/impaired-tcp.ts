/**
 * Our TCP against Linux's where frames are lost, overtake each other and take long: the rate of one stream, each way,
 * beside Linux to Linux through the same impairment (libos/inet/devices, the same seeds). Prints the table of
 * docs/tcp.md. As root, with iproute2 and /dev/net/tun:
 *
 *     node scripts/bench/impaired-tcp.ts [--trials 5] [--seconds 4] [--only NAMES] [--receive-window-bytes N]
 *
 * Our stack is a process on a TAP device with `impair`; Linux beside it is two network namespaces, with a process of
 * ours between their TAP devices that passes frames through the same decorator. Trials of all four are interleaved.
 */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { Command } from 'commander';
import { execa, type ResultPromise } from 'execa';
import { median } from 'simple-statistics';
import type { LibosEnd } from './libos-peer.ts';
import { CLIENT_CORE, SERVER_CORE } from './pair.ts';

interface Flags {
  trials: string;
  seconds: string;
  only?: string[];
  receiveWindowBytes: string;
}

const flags = new Command('impaired-tcp.ts')
  .option('--trials <n>', 'of each', '5')
  .option('--seconds <n>', 'of each trial', '4')
  .option('--only <names...>', 'some of the impairments')
  .option(
    '--receive-window-bytes <n>',
    'of our stack; Linux has 32 MiB on the machine of the table',
    '8388608',
  )
  .parse()
  .opts<Flags>();

const impairments = new Map([
  ['none', 'loss=0'],
  ['loss 1 %', 'loss=0.01'],
  ['loss 5 %', 'loss=0.05'],
  ['reordering 2 %', 'reorder=0.02,reorder_delay_us=500'],
  ['20 ms', 'delay_us=20000'],
  ['20 ms, loss 1 %', 'delay_us=20000,loss=0.01'],
  ['20 ms, loss 5 %', 'delay_us=20000,loss=0.05'],
]);

/** Of both: what ours has by default, and Linux where nobody has set another for the machine. */
const CONGESTION = 'cubic';
const LINUX_ADDRESS = '10.98.0.2';
/** Our stack's, or of the Linux in its place. */
const NEAR_ADDRESS = '10.98.0.1';
const PREFIX = '/24';
const PORT = 7000;
const TAP = 'bypass0';
const FAR_TAP = 'impaired0';
const NEAR_TAP = 'impaired1';
const PATIENCE_MS = 30_000;
const networks = { far: `bypassbench-far-${process.pid}`, near: `bypassbench-near-${process.pid}` };
const program = join(import.meta.dirname, 'timed-stream.ts');
const wire = join(import.meta.dirname, '..', '..', 'libos', 'impaired-wire', 'wire-process.ts');

/** Who sends: the end whose place is ours, or the other one; and whether our stack is there. */
interface Way {
  sender: 'near' | 'far';
  near: 'our stack' | 'Linux';
}
const ways: Way[] = [
  { sender: 'near', near: 'our stack' },
  { sender: 'near', near: 'Linux' },
  { sender: 'far', near: 'our stack' },
  { sender: 'far', near: 'Linux' },
];

/** A process that says what it does line by line. */
class Peer {
  readonly #process: ResultPromise;
  readonly #lines: AsyncIterator<unknown>;

  constructor(words: string[]) {
    this.#process = execa(words[0], words.slice(1), { reject: false, stderr: 'inherit' });
    this.#lines = this.#process.iterable()[Symbol.asyncIterator]();
  }

  /** The next line. Throws when the process ends before it, or says nothing for long. */
  async line(): Promise<string> {
    let late: NodeJS.Timeout | undefined;
    const tooLate = new Promise<never>((_, reject) => {
      late = setTimeout(() => reject(new Error('a peer says nothing')), PATIENCE_MS);
    });
    const { done, value } = await Promise.race([this.#lines.next(), tooLate]);
    clearTimeout(late);
    if (done) throw new Error('a peer has ended before it was through');
    return `${value}`;
  }

  begin(): void {
    this.#process.stdin?.write('\n');
  }

  async end(): Promise<void> {
    this.#process.kill('SIGKILL');
    await this.#process;
  }
}

/** Gbit/s of one stream. */
async function measure({ sender, near }: Way, impairment: string): Promise<number> {
  const started: Peer[] = [];
  const start = (words: string[]): Peer => {
    const peer = new Peer(words);
    started.push(peer);
    return peer;
  };
  for (const name of Object.values(networks)) makeNetwork(name);
  try {
    const server = { address: sender === 'near' ? LINUX_ADDRESS : NEAR_ADDRESS, port: PORT };
    const peerAt = (network: string, core: number, end: LibosEnd, sends: boolean): Peer =>
      start(
        at(network, ...taskset(core), program, sends ? 'send' : 'sink', JSON.stringify(end), flags.seconds),
      );
    const kernel: LibosEnd = { backend: 'kernel', backendOptions: {}, server };
    let nearPeer: Peer;
    if (near === 'our stack') {
      const backendOptions = ourOptions(impairment);
      const end: LibosEnd = { backend: 'dpdk', backendOptions, server };
      nearPeer = peerAt(networks.far, CLIENT_CORE, end, sender === 'near');
      await nearPeer.line();
      giveAddress(networks.far, TAP, LINUX_ADDRESS);
    } else {
      await start([...taskset(CLIENT_CORE), wire, FAR_TAP, NEAR_TAP, impairment]).line();
      for (const [name, network, address] of [
        [FAR_TAP, networks.far, LINUX_ADDRESS],
        [NEAR_TAP, networks.near, NEAR_ADDRESS],
      ] as const) {
        ip('link', 'set', name, 'netns', network);
        giveAddress(network, name, address);
      }
      nearPeer = peerAt(networks.near, SERVER_CORE, kernel, sender === 'near');
      await nearPeer.line();
    }
    const farPeer = peerAt(networks.far, SERVER_CORE, kernel, sender === 'far');
    await farPeer.line();
    const [sends, sinks] = sender === 'near' ? [nearPeer, farPeer] : [farPeer, nearPeer];
    sinks.begin();
    await sinks.line();
    sends.begin();
    const { bytes, elapsed_ns } = JSON.parse(await sinks.line());
    return (bytes * 8) / elapsed_ns;
  } finally {
    await Promise.all(started.map((peer) => peer.end()));
    for (const name of Object.values(networks)) ip('netns', 'delete', name);
  }
}

/** With nothing on the wire but what is measured. */
function makeNetwork(name: string): void {
  ip('netns', 'add', name);
  const [program, ...words] = at(name, 'sh', '-c', 'echo 1 > /proc/sys/net/ipv6/conf/all/disable_ipv6');
  execFileSync(program, words);
}

function ourOptions(impairment: string): Record<string, string> {
  return {
    device: 'tap',
    interface: TAP,
    ip: `${NEAR_ADDRESS}${PREFIX}`,
    impair: impairment,
    receive_window_bytes: flags.receiveWindowBytes,
  };
}

function taskset(core: number): string[] {
  return ['taskset', '-c', `${core}`, process.execPath];
}

function at(network: string, ...words: string[]): string[] {
  return ['nsenter', `--net=/run/netns/${network}`, ...words];
}

function ip(...words: string[]): void {
  execFileSync('ip', words, { stdio: ['ignore', 'ignore', 'inherit'] });
}

function giveAddress(network: string, name: string, address: string): void {
  ip('-n', network, 'address', 'add', `${address}${PREFIX}`, 'dev', name);
  ip('-n', network, 'link', 'set', name, 'up');
  // By the route: a namespace may not set what the machine has not allowed everybody.
  const route = ['10.98.0.0/24', 'dev', name, 'src', address, 'congctl', CONGESTION];
  ip('-n', network, 'route', 'replace', ...route);
}

function inMbits(rates: readonly number[]): string {
  const [low, middle, high] = [Math.min(...rates), median([...rates]), Math.max(...rates)];
  const shown = [low, middle, high].map((rate) => (rate * 1000).toPrecision(3)).map(Number);
  return `${shown[1]} (${shown[0]} to ${shown[2]})`;
}

const chosen = [...impairments].filter(([name]) => flags.only === undefined || flags.only.includes(name));
if (chosen.length === 0) throw new Error(`--only takes one of: ${[...impairments.keys()].join('; ')}`);
console.log('Mbit/s of one stream: median of the trials (lowest to highest)\n');
console.log(
  '| each way | we send | Linux sends, in our place | ratio | we receive | Linux receives, in our place | ratio |',
);
console.log('|---|---|---|---|---|---|---|');
for (const [name, impairment] of chosen) {
  const rates: number[][] = ways.map(() => []);
  for (let trial = 1; trial <= Number(flags.trials); trial++) {
    for (const [index, way] of ways.entries()) {
      rates[index].push(await measure(way, `${impairment},seed=${trial}`));
      console.error(
        `${name}, trial ${trial}, ${way.near}, ${way.sender} sends: ${rates[index].at(-1)} Gbit/s`,
      );
    }
  }
  const [weSend, linuxSends, weReceive, linuxReceives] = rates;
  const ratio = (ours: number[], linux: number[]): string =>
    (median([...ours]) / median([...linux])).toFixed(2);
  const cells = [inMbits(weSend), inMbits(linuxSends), ratio(weSend, linuxSends)];
  cells.push(inMbits(weReceive), inMbits(linuxReceives), ratio(weReceive, linuxReceives));
  console.log(`| ${name} | ${cells.join(' | ')} |`);
}

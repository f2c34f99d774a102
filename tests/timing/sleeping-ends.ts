/**
 * Two processes with a libOS each. The first one sleeps while nothing happens; the second one polls, wakes it now and
 * then, and prints what that took.
 *
 *     node sleeping-ends.ts SETUP                    an EndSetup, as JSON
 *
 * The server echoes what comes, but for ASK_IDLE: it is silent then, and answers with the time that its process has had
 * of a core meanwhile.
 */
import { createLibos } from '../../libos/every-backend.ts';
import {
  type BackendOptions,
  type Libos,
  type LibosError,
  nowNs,
  type QueueDescriptor,
} from '../../libos/index.ts';
import { type Transport, TransportHost } from '../../libos/transport.ts';

export interface EndSetup {
  role: 'server' | 'client';
  backend: 'dpdk' | 'rdma';
  options: BackendOptions;
  address: string;
  port: number;
  /** Of the server: as the backend does, or by the back-off of those whose device wakes nobody. */
  sleeps: 'backend' | 'back-off';
}

export interface SleepFound {
  /** Of processor time, in a silence of SILENCE_MS with a peer that is connected. */
  idle_cpu_ms: number;
  /** Of a message to one that has slept for PAUSE_MS, and back. */
  p50_us: number;
}

const ASK_IDLE = 'idle?';
const SILENCE_MS = 2000;
const PAUSE_MS = 20;
const PINGS = 41;
const PATIENCE_MS = 20_000;

/** The next message, or null behind the last one. */
function read(libos: Libos, qd: QueueDescriptor): string | null {
  const popped = libos.wait(libos.pop(qd), PATIENCE_MS);
  if (popped === null) throw new Error(`nothing came for ${PATIENCE_MS / 1000} s`);
  const { sga } = popped;
  if (sga === null) return null;
  const { bytes, offset, length } = sga.segments[0];
  const words = Buffer.from(bytes.subarray(offset, offset + length)).toString();
  libos.free(sga);
  return words;
}

function write(libos: Libos, qd: QueueDescriptor, words: string): void {
  const sga = libos.alloc(words.length);
  const [segment] = sga.segments;
  segment.bytes.set(Buffer.from(words), segment.offset);
  segment.length = words.length;
  const push = libos.push(qd, sga);
  libos.free(sga);
  libos.wait(push, PATIENCE_MS);
}

/** Waits for what does not come. */
function beSilent(libos: Libos, listener: QueueDescriptor, ms: number): void {
  if (libos.wait(libos.accept(listener), ms) !== null) throw new Error('it was no silence');
}

function serve(libos: Libos, { address, port, sleeps }: EndSetup): void {
  if (sleeps === 'back-off') {
    const host = new TransportHost(null, true);
    const { transport } = libos as unknown as { transport: Transport };
    transport.sleep = (timeoutMs) => host.sleep(timeoutMs);
  }
  const listener = libos.socket('stream');
  libos.bind(listener, { address, port });
  libos.listen(listener, 4);
  console.log('ready');
  const { newQd: qd } = libos.wait(libos.accept(listener))!;
  for (let words = read(libos, qd); words !== null; words = read(libos, qd)) {
    if (words !== ASK_IDLE) {
      write(libos, qd, words);
      continue;
    }
    const before = process.cpuUsage();
    beSilent(libos, listener, SILENCE_MS);
    const { user, system } = process.cpuUsage(before);
    write(libos, qd, `${(user + system) / 1000}`);
  }
}

/** Polls for so long, that the peer has nothing to do. */
function pause(libos: Libos): void {
  for (const endNs = nowNs() + PAUSE_MS * 1e6; nowNs() < endNs; ) libos.waitNext(0, 0);
}

function ask(libos: Libos, { address, port }: EndSetup): SleepFound {
  const qd = libos.socket('stream');
  const connected = libos.wait(libos.connect(qd, { address, port }), PATIENCE_MS);
  if (connected?.error !== null) throw new Error(`no connection: ${connected?.error ?? 'silence'}`);
  const roundTripsUs: number[] = [];
  for (let i = 0; i < PINGS; i++) {
    pause(libos);
    const sentNs = nowNs();
    write(libos, qd, 'ping');
    read(libos, qd);
    roundTripsUs.push((nowNs() - sentNs) / 1000);
  }
  write(libos, qd, ASK_IDLE);
  const idleCpuMs = Number(read(libos, qd));
  libos.close(qd);
  roundTripsUs.sort((a, b) => a - b);
  return { idle_cpu_ms: idleCpuMs, p50_us: roundTripsUs[PINGS >> 1] };
}

const setup = JSON.parse(process.argv[2]) as EndSetup;
const { role, backend, options } = setup;
try {
  const libos = createLibos({ backend, backendOptions: options, idle: role === 'server' ? 'sleep' : 'poll' });
  if (role === 'server') serve(libos, setup);
  else console.log(JSON.stringify(ask(libos, setup)));
  libos.shutdown();
} catch (error) {
  console.error((error as LibosError).message);
  process.exitCode = 1;
}

/**
 * Runs libfabric's fi_pingpong: a server and a client, each polling its completion queue on its own core.
 * They find each other over a TCP connection and then send messages of one length to and fro.
 */
import { once } from 'node:events';
import { globSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { LoadError } from '../errors.ts';
import { transferNs } from './fi-pingpong-output.ts';
import { type Fabric, fabricEnvironment, fabricRemedy } from './libfabric.ts';
import { Side } from './side.ts';

/** The two ends of the exchange. */
export interface Link extends Fabric {
  /** The server's core, and the client's. */
  cores: [number, number];
}

export interface PingpongRun {
  bytes: number;
  /** Round trips. */
  iterations: number;
}

const RUN_LIMIT_S = 15;
const LISTEN_POLL_MS = 2;
const PORT_ATTEMPTS = 5;
/** How long one side may take to say why after the other has failed. */
const NEWS_MS = 200;

/** Mean time of one transfer in nanoseconds; null when `stop` resolved first. Throws FLOOR_FAILED. */
export async function meanTransferNs(
  link: Link,
  run: PingpongRun,
  stop: Promise<void>,
): Promise<number | null> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await runOn(await freePort(), link, run, stop);
    } catch (error) {
      // Another process may have taken the port since it was found free.
      const taken = (error as Error).message.includes('Address already in use');
      if (!taken || attempt === PORT_ATTEMPTS) throw error;
    }
  }
}

async function runOn(
  port: number,
  link: Link,
  run: PingpongRun,
  stop: Promise<void>,
): Promise<number | null> {
  const over = new AbortController();
  const { signal } = over;
  const sides: Side[] = [];
  const start = (name: string, core: number, ...args: string[]): Side => {
    const side = new Side(name, commandLine(link, run, core, args), fabricEnvironment(link));
    sides.push(side);
    return side;
  };
  const exchange = async (): Promise<string> => {
    const server = start('server', link.cores[0], '-B', `${port}`);
    await Promise.race([listening(port, signal), server.succeeded]);
    signal.throwIfAborted();
    const client = start('client', link.cores[1], '-P', `${port}`, '127.0.0.1');
    const [printed] = await Promise.all([client.succeeded, server.succeeded]);
    return printed;
  };
  const timeOver = async (): Promise<never> => {
    await sleep(RUN_LIMIT_S * 1000, null, { signal });
    throw new LoadError('FLOOR_FAILED', `fi_pingpong did not end within ${RUN_LIMIT_S} s; ${fabricRemedy()}`);
  };
  try {
    const printed = await Promise.race([exchange(), timeOver(), stop.then(() => null)]);
    return printed === null ? null : transferNs(printed, run.bytes);
  } catch (error) {
    throw await causeOf(error as Error, sides);
  } finally {
    over.abort();
    await Promise.all(sides.map((side) => side.end()));
    for (const { pid } of sides) removeSharedMemory(pid);
  }
}

/**
 * TERM as the death signal: the provider shm then removes its files, also when the kernel ends an orphaned
 * process.
 */
function commandLine(link: Link, run: PingpongRun, core: number, rest: string[]): [string, ...string[]] {
  const pinned = ['--pdeathsig', 'TERM', 'taskset', '--cpu-list', `${core}`, 'fi_pingpong'];
  const domain = link.domain === undefined ? [] : ['-d', link.domain];
  const what = ['-p', link.provider, ...domain, '-e', 'rdm', '-S', `${run.bytes}`, '-I', `${run.iterations}`];
  return ['setpriv', ...pinned, ...what, ...rest];
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}

/**
 * Looks for the listening port instead of connecting: the server takes the first connection as its client.
 */
async function listening(port: number, signal: AbortSignal): Promise<void> {
  const socket = new RegExp(`: 0+:${port.toString(16).padStart(4, '0')} 0+:0+ 0A `, 'i');
  while (!socket.test(readFileSync('/proc/self/net/tcp', 'utf8'))) {
    await sleep(LISTEN_POLL_MS, null, { signal });
  }
}

/** The failure of the side that failed first, not of the one that lost its peer, with the remedy. */
async function causeOf(first: Error, sides: Side[]): Promise<Error> {
  if (sides.length === 0) return first;
  const failures = await Promise.all(
    sides.map((side) =>
      Promise.race([
        side.succeeded.then(
          () => null,
          (error: Error) => error,
        ),
        sleep(NEWS_MS, null),
      ]),
    ),
  );
  const failed = failures.filter((failure) => failure !== null);
  if (failed.length === 0) return first;
  const { message } = failed.find((failure) => !failure.message.includes('ctrl/')) ?? failed[0];
  return new LoadError('FLOOR_FAILED', `${message}; ${remedy(message)}`);
}

function remedy(message: string): string {
  if (message.includes('affinity')) {
    return 'a core of --cores is not one that this process may run on: choose another (see nproc and taskset -p)';
  }
  return fabricRemedy();
}

/** The provider shm names a file after its process, and a killed process leaves it behind. */
function removeSharedMemory(pid: number | undefined): void {
  if (pid === undefined) return;
  for (const file of globSync(`/dev/shm/${pid}:*:*`)) rmSync(file, { force: true });
}

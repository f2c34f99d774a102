/** What the network between two hosts of a lab does: its latency by ping(8), what it carries by iperf3(1). */
import { setTimeout as sleep } from 'node:timers/promises';
import type { HostConnection } from '../agent/connection.ts';
import { readText } from '../agent/file-transfer.ts';
import { type Ran, runThere, SUCCEEDED } from '../agent/run-there.ts';

export interface Ping {
  min_us: number;
  avg_us: number;
  /** Of 1. */
  loss: number;
}

export interface PairReport {
  network: string;
  from: string;
  to: string;
  /** Null where nothing came back. */
  ping: Ping | null;
  /** In bits a second, from the first to the second, and back; null where it could not be measured. */
  to_bits_per_s: number | null;
  from_bits_per_s: number | null;
  lacks: string[];
}

/** One end of a pair. */
export interface PairEnd {
  connection: HostConnection;
  address: string;
  /** Those that are there, of ping and iperf3. */
  programs: readonly string[];
}

const PINGS = 5;
const PING_TIMEOUT_MS = 15_000;
/** A second of load, and the time to begin and end it. */
const IPERF_S = 1;
const IPERF_TIMEOUT_MS = 15_000;
const LISTENING_PATIENCE_MS = 5000;

export async function checkPair(network: string, from: PairEnd, to: PairEnd): Promise<PairReport> {
  const names = { network, from: from.connection.name, to: to.connection.name };
  const pinged = await ping(from, to);
  const carried = await bandwidth(from, to, pinged.found !== null);
  return { ...names, ping: pinged.found, ...carried.found, lacks: [...pinged.lacks, ...carried.lacks] };
}

async function ping(from: PairEnd, to: PairEnd): Promise<{ found: Ping | null; lacks: string[] }> {
  // That it is missing is told of the host.
  if (!from.programs.includes('ping')) return { found: null, lacks: [] };
  const words = ['-n', '-q', '-c', `${PINGS}`, '-i', '0.2', '-W', '1', '-I', from.address, to.address];
  const ran = await runThere(from.connection, ['ping', ...words], PING_TIMEOUT_MS);
  const found = readPing(ran.stdout);
  if (found === null)
    return { found, lacks: [`no answer to ping from ${to.address}${lastWords(ran)}: is the link up?`] };
  const lost = `${(found.loss * 100).toFixed(0)} % of pings from ${from.address} to ${to.address} are lost`;
  return { found, lacks: found.loss > 0 ? [`${lost}: look at the link (ip -s link)`] : [] };
}

/** What ping -q prints; null where nothing came back. */
export function readPing(text: string): Ping | null {
  const loss = /([\d.]+)% packet loss/.exec(text)?.[1];
  const [, min, avg] = /^(?:rtt|round-trip) min\/avg\/max\S* = ([\d.]+)\/([\d.]+)\//m.exec(text) ?? [];
  if (loss === undefined || min === undefined || avg === undefined) return null;
  return { min_us: Number(min) * 1000, avg_us: Number(avg) * 1000, loss: Number(loss) / 100 };
}

type Bandwidth = Pick<PairReport, 'to_bits_per_s' | 'from_bits_per_s'>;

async function bandwidth(
  from: PairEnd,
  to: PairEnd,
  isReached: boolean,
): Promise<{ found: Bandwidth; lacks: string[] }> {
  const none = { to_bits_per_s: null, from_bits_per_s: null };
  const canMeasure = isReached && [from, to].every(({ programs }) => programs.includes('iperf3'));
  if (!canMeasure) return { found: none, lacks: [] };
  const { port } = await to.connection.ask('port', { address: to.address });
  const server = await iperfServer(to, port);
  try {
    const ask = async (...direction: string[]): Promise<Ran> => {
      const target = ['-c', to.address, '-B', from.address, '-p', `${port}`];
      const words = [...target, '-t', `${IPERF_S}`, '--json', ...direction];
      return runThere(from.connection, ['iperf3', ...words], IPERF_TIMEOUT_MS);
    };
    const runs = [await ask(), await ask('--reverse')];
    const [to_bits_per_s = null, from_bits_per_s = null] = runs.map(({ stdout }) => readIperf(stdout));
    const failed = runs.find(({ end, stdout }) => end !== SUCCEEDED || readIperf(stdout) === null);
    const lacks = failed
      ? [`iperf3 to ${to.address}, port ${port}, failed${lastWords(failed)}: does a firewall drop it?`]
      : [];
    return { found: { to_bits_per_s, from_bits_per_s }, lacks };
  } finally {
    await server.stop();
  }
}

async function iperfServer(
  { connection, address }: PairEnd,
  port: number,
): Promise<{ stop(): Promise<void> }> {
  const { folder } = await connection.ask('folder', { shared: false });
  const [stdoutFile, stderrFile] = [`${folder}/stdout`, `${folder}/stderr`];
  const argv = ['iperf3', '-s', '-B', address, '-p', `${port}`, '--forceflush'] as const;
  const files = { cwd: folder, stdoutFile, stderrFile };
  const server = await connection.start({ argv: [...argv], cores: [], env: {}, ...files });
  const until = performance.now() + LISTENING_PATIENCE_MS;
  // Where it does not come, the client says what it met.
  while (performance.now() < until && !(await readText(connection, stdoutFile)).includes('listening'))
    await sleep(20);
  const stop = async (): Promise<void> => {
    await server.stop(1000);
    await connection.ask('remove_folder', { folder });
  };
  return { stop };
}

/** What arrived, of what iperf3 --json prints; null where it says none. */
export function readIperf(text: string): number | null {
  try {
    const bits = JSON.parse(text).end?.sum_received?.bits_per_second;
    return typeof bits === 'number' ? bits : null;
  } catch {
    return null;
  }
}

function lastWords({ stdout, stderr }: Ran): string {
  const json = /"error":\s*"([^"]*)"/.exec(stdout)?.[1];
  const last = json ?? stderr.trim().split('\n').at(-1);
  return last ? ` (${last})` : '';
}

/**
 * Which of DPDK's devices work on this machine, found by trying, and what to do about those that do not.
 * Whatever is made for it (processes, a network namespace, a Unix socket) is gone afterwards.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DoctorFinding } from '../finding.ts';
import type { RoundTrips } from './frame-peer.ts';
import { glue } from './glue.ts';
import { isForDpdk, type Nic, readNics, takingOver, VFIO } from './nics.ts';

const PROBE_MS = 20_000;
/** A frame of a small request on the wire. */
const FRAME_BYTES = 100;

const peerProgram = join(import.meta.dirname, 'frame-peer.ts');
const probeProgram = join(import.meta.dirname, 'device-probe.ts');

/** Examines everything, one after the other. */
export async function* examineDpdk(): AsyncGenerator<DoctorFinding> {
  const library = examineGlue();
  yield library;
  yield examineHugepages();
  if (library.works) {
    yield await examineMemif();
    yield await examineInterface('tap', 'tap:bypass0');
    yield await examineInterface('af_packet', 'af_packet:bypass0', 'af_packet:bypass1');
    yield await examineInterface('af_xdp', 'af_packet:bypass0', 'af_xdp:bypass1');
  }
  yield* examineNics(library.works === true);
}

function examineGlue(): DoctorFinding {
  try {
    return { what: 'DPDK', works: true, found: `${glue().dpdkVersion()}, glue built`, remedy: null };
  } catch (error) {
    return { what: 'DPDK', works: false, found: (error as Error).message, remedy: 'node scripts/setup.mjs' };
  }
}

function examineHugepages(): DoctorFinding {
  const meminfo = read('/proc/meminfo');
  const of = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(meminfo)?.[1] ?? 0);
  const found = `${of('HugePages_Free')} of ${of('HugePages_Total')} free, ${of('Hugepagesize')} kB each`;
  const enough = of('HugePages_Free') > 0;
  const remedy = 'only device=pci needs them; as root: echo 512 > /proc/sys/vm/nr_hugepages';
  return { what: 'hugepages', works: enough ? true : null, found, remedy: enough ? null : remedy };
}

async function examineMemif(): Promise<DoctorFinding> {
  const folder = mkdtempSync(join(tmpdir(), 'bypassbench-doctor-'));
  const socket = join(folder, 'memif.sock');
  const server = spawn(process.execPath, [peerProgram, 'server', socket, '-'], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const failed = firstWords(server);
  try {
    const ready = await Promise.race([once(server.stdout, 'data'), failed]);
    if (typeof ready === 'string') return { what: 'memif', works: false, found: ready, remedy: null };
    const args = [peerProgram, 'client', socket, '-', `${FRAME_BYTES}`, '2000'];
    const client = await run(process.execPath, args);
    if (client.code !== 0) return { what: 'memif', works: false, found: client.stderr, remedy: null };
    const { p50_us, rounds, wake_way } = JSON.parse(client.stdout) as RoundTrips;
    const found = `${rounds} frames of ${FRAME_BYTES} bytes went to another process and back, half in ${p50_us.toFixed(1)} us or less; ${wake_way}`;
    return { what: 'memif', works: true, found, remedy: null };
  } finally {
    server.kill('SIGKILL');
    rmSync(folder, { recursive: true });
  }
}

/** Tries a device of an interface in a network namespace that lasts as long as the try. */
async function examineInterface(what: string, ...ends: string[]): Promise<DoctorFinding> {
  const remedy = 'run as root (sudo), or give node CAP_NET_ADMIN and CAP_NET_RAW';
  if (process.getuid?.() !== 0) return { what, works: false, found: 'needs root', remedy };
  if (what === 'tap' && !existsSync('/dev/net/tun')) {
    return { what, works: false, found: 'there is no /dev/net/tun', remedy: 'modprobe tun' };
  }
  const wire =
    'ip link add bypass0 type veth peer name bypass1 && ip link set bypass0 up && ip link set bypass1 up';
  const script = `mount -t sysfs sysfs /sys && ${what === 'tap' ? 'true' : wire} && exec "$@"`;
  const probe = [process.execPath, probeProgram, ...ends];
  const { code, stdout, stderr } = await run('unshare', [
    '--net',
    '--mount',
    'sh',
    '-c',
    script,
    'sh',
    ...probe,
  ]);
  if (code === 0) return { what, works: true, found: stdout.trim(), remedy: null };
  const said = stderr.trim().split('\n').at(-1) ?? '';
  return { what, works: false, found: said, remedy: kernelRemedy(what, said) };
}

function kernelRemedy(what: string, said: string): string | null {
  if (/^unshare|^mount/.test(said)) return 'this container may not make network namespaces: try on the host';
  if (said.includes('PERMISSION_DENIED'))
    return 'give the container these rights (--cap-add), or try on the host';
  if (what === 'af_xdp')
    return 'the kernel must have CONFIG_XDP_SOCKETS and CONFIG_BPF_SYSCALL; use af_packet else';
  return null;
}

/**
 * The network interfaces on the PCI bus, and what each lacks.
 *
 * @param canTry DPDK is there, and may open those that are its own
 */
export async function* examineNics(canTry: boolean): AsyncGenerator<DoctorFinding> {
  const nics = readNics();
  if (nics.length === 0) {
    const remedy = 'use memif, tap or af_packet, or a machine with a NIC';
    yield { what: 'pci', works: false, found: 'no network interface on a PCI bus', remedy };
  }
  for (const nic of nics) yield await examineNic(nic, canTry);
}

/** A NIC that is bound to vfio-pci is nobody's but DPDK's, and one process' at a time: it can be opened. */
async function examineNic(nic: Nic, canTry: boolean): Promise<DoctorFinding> {
  const { address, id, driver, interfaces, hasIommu } = nic;
  const what = `pci ${address}`;
  const facts = [`${id}, ${driver ?? 'no driver'}`, ...interfaces, hasIommu ? 'IOMMU' : 'no IOMMU'].join(
    ', ',
  );
  if (!isForDpdk(nic)) {
    const remedy = `it would be lost to the kernel, so not the one you are logged in by; as root: ${takingOver(nic)}`;
    return { what, works: false, found: facts, remedy };
  }
  if (driver !== VFIO || !canTry) return { what, works: true, found: facts, remedy: null };
  const { code, stdout, stderr } = await run(process.execPath, [probeProgram, `pci:${address}`]);
  const works = code === 0;
  const found = `${facts}; ${works ? stdout.trim() : stderr.split('\n').at(-1)}`;
  return { what, works, found, remedy: works ? null : 'mend what it says; another process may have it' };
}

interface Outcome {
  code: number | null;
  stdout: string;
  stderr: string;
}

async function run(command: string, args: string[]): Promise<Outcome> {
  const child = spawn(command, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: PROBE_MS,
    killSignal: 'SIGKILL',
  });
  const outcome: Outcome = { code: null, stdout: '', stderr: '' };
  child.stdout.on('data', (text) => {
    outcome.stdout += text;
  });
  child.stderr.on('data', (text) => {
    outcome.stderr += text;
  });
  try {
    const [code, signal] = await once(child, 'close');
    outcome.code = code;
    if (signal !== null) outcome.stderr += `it did not end within ${PROBE_MS / 1000} s`;
  } catch (error) {
    outcome.stderr = (error as Error).message;
  }
  outcome.stderr = outcome.stderr.trim();
  return outcome;
}

/** What a process first says on standard error, or that it ended without a word. */
async function firstWords(child: ChildProcess): Promise<string> {
  const ended = once(child, 'close').then(() => ['the process ended']);
  const [text] = await Promise.race([once(child.stderr!, 'data'), ended]);
  return `${text}`.trim();
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return '';
  }
}

/**
 * A virtual machine with Soft-RoCE, for as long as a few commands take: QEMU without KVM, Debian's kernel, and this
 * machine's own root file system, read-only, with a writable layer that is gone afterwards.
 *
 *     host                                         guest
 *     initramfs: modules, init.sh, steps.sh  --->  init.sh loads modules, mounts, starts steps.sh
 *     second serial port                     <---  output of the steps, between lines that say where one begins and ends
 *     first serial port                      <---  console, told only when something goes wrong
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { createInterface } from 'node:readline';
import { stripVTControlCharacters } from 'node:util';
import { gzipSync } from 'node:zlib';
import { type ArchivedFile, cpioArchive } from './cpio.ts';
import type { Kernel } from './packages.ts';

export interface Step {
  title: string;
  /** For the shell, in the folder of the checkout. */
  command: string;
  timeoutS: number;
}

export interface StepResult {
  title: string;
  /** Of the command; 124 when its time was over; null when it was never reached or did not end. */
  exitCode: number | null;
  seconds: number;
}

export interface GuestOptions {
  kernel: Kernel;
  /** Working folder of the steps: it exists in the guest under the same path. */
  folder: string;
  env: Record<string, string>;
  steps: readonly Step[];
  /** Told of each line of output, and of where each step begins. */
  onLine: (line: string) => void;
  onStep: (title: string) => void;
  /** Ends the guest. */
  signal: AbortSignal;
}

/** The address of the device rxe0 in the guest. */
export const ROCE_ADDRESS = '10.98.0.1';
export const ROCE_DEVICE = 'rxe0';

const BOOT_TIMEOUT_S = 120;
const MEMORY_MB = 4096;
const MARK = '@@guest';
const CONSOLE_LINES_TOLD = 15;

/**
 * Boots, runs the steps one after the other, and turns the guest off. A step that fails does not keep the next ones from
 * running. Throws when the guest did not come to the end, with where it was and what its console said.
 */
export async function runInGuest(options: GuestOptions): Promise<StepResult[]> {
  const folder = mkdtempSync(join(tmpdir(), 'bypassbench-guest-'));
  try {
    const initramfs = join(folder, 'initramfs.gz');
    writeFileSync(initramfs, gzipSync(cpioArchive(initramfsFiles(options)), { level: 1 }));
    return await new Guest(options, initramfs, join(folder, 'console.log')).run();
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function initramfsFiles(options: GuestOptions): ArchivedFile[] {
  const { modules } = options.kernel;
  const text = (content: string) => Buffer.from(content);
  return [
    { path: 'init', content: readFileSync(join(import.meta.dirname, 'init.sh')), executable: true },
    { path: 'bin/busybox', content: readFileSync('/usr/bin/busybox'), executable: true },
    { path: 'modules/order', content: text(modules.map((path) => `${basename(path)}\n`).join('')) },
    ...modules.map((path) => ({ path: `modules/${basename(path)}`, content: readFileSync(path) })),
    { path: 'steps.sh', content: text(script(options)) },
  ];
}

const quoted = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`;

/** What the guest does once its root is there. */
function script({ folder, env, steps }: GuestOptions): string {
  const lines = [
    'export HOME=/root',
    ...Object.entries(env).map(([name, value]) => `export ${name}=${quoted(value)}`),
    'ip link set lo up',
    'ip link add roce0 type veth peer name roce1',
    `ip addr add ${ROCE_ADDRESS}/24 dev roce0`,
    'ip link set roce0 up',
    'ip link set roce1 up',
    `rdma link add ${ROCE_DEVICE} type rxe netdev roce0`,
    'ulimit -l unlimited',
    `cd ${quoted(folder)}`,
    `echo ${MARK} booted`,
  ];
  steps.forEach(({ command, timeoutS }, index) => {
    lines.push(
      `echo ${MARK} step ${index}`,
      // Through cat, so that the command has no terminal.
      `{ timeout -k 5 ${timeoutS} sh -c ${quoted(command)}; echo $? > /run/code; } 2>&1 | cat`,
      `echo ${MARK} exit ${index} $(cat /run/code)`,
    );
  });
  // The serial port has its own buffer to empty.
  lines.push(
    `echo ${MARK} end`,
    'sleep 1',
    'exec > /dev/null 2>&1',
    'echo o > /proc/sysrq-trigger',
    'sleep 60',
  );
  return `${lines.join('\n')}\n`;
}

class Guest {
  readonly #options: GuestOptions;
  readonly #initramfs: string;
  readonly #console: string;
  readonly #results: StepResult[];
  #where = 'booting';
  #ended = false;
  #startedMs = 0;

  constructor(options: GuestOptions, initramfs: string, console: string) {
    this.#options = options;
    this.#initramfs = initramfs;
    this.#console = console;
    this.#results = options.steps.map(({ title }) => ({ title, exitCode: null, seconds: 0 }));
  }

  async run(): Promise<StepResult[]> {
    const { steps, signal } = this.#options;
    const limitS = steps.reduce((sum, { timeoutS }) => sum + timeoutS + 10, BOOT_TIMEOUT_S);
    const qemu = spawn('qemu-system-x86_64', this.#arguments(), { stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    qemu.stderr.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
    const kill = () => qemu.kill('SIGKILL');
    signal.addEventListener('abort', kill);
    const boot = setTimeout(() => this.#where === 'booting' && kill(), BOOT_TIMEOUT_S * 1000);
    const limit = setTimeout(kill, limitS * 1000);
    createInterface({ input: qemu.stdout }).on('line', (line) => this.#hear(line.replace(/\r$/, '')));
    await new Promise((resolve) => qemu.once('close', resolve).once('error', resolve));
    clearTimeout(boot);
    clearTimeout(limit);
    signal.removeEventListener('abort', kill);
    if (this.#ended) return this.#results;
    if (signal.aborted) throw new Error('interrupted');
    throw new Error(`the guest ended while ${this.#where}; it said last:\n${said}${this.#consoleTail()}`);
  }

  #arguments(): string[] {
    const { kernel } = this.#options;
    return [
      ...['-nodefaults', '-display', 'none', '-monitor', 'none', '-no-reboot'],
      ...['-accel', 'tcg,thread=multi', '-cpu', 'max', '-smp', '2', '-m', `${MEMORY_MB}`],
      ...['-kernel', kernel.image, '-initrd', this.#initramfs],
      ...['-append', 'console=ttyS0 panic=-1 mitigations=off quiet'],
      ...['-serial', `file:${this.#console}`, '-serial', 'stdio'],
      '-virtfs',
      'local,path=/,mount_tag=host,security_model=none,readonly=on,multidevs=remap',
    ];
  }

  #hear(line: string): void {
    // A program may have left the line before unfinished.
    const at = line.indexOf(MARK);
    const text = stripVTControlCharacters(at < 0 ? line : line.slice(0, at));
    if (at < 0 || text !== '') this.#options.onLine(text);
    if (at < 0) return;
    const [, what, index, code] = line.slice(at).split(' ');
    if (what === 'end') this.#ended = true;
    else if (what === 'booted') this.#where = 'set up';
    else if (what === 'step') {
      const { title } = this.#options.steps[Number(index)];
      this.#where = `running: ${title}`;
      this.#startedMs = performance.now();
      this.#options.onStep(title);
    } else if (what === 'exit') {
      const result = this.#results[Number(index)];
      result.exitCode = Number(code);
      result.seconds = (performance.now() - this.#startedMs) / 1000;
    }
  }

  #consoleTail(): string {
    try {
      return readFileSync(this.#console, 'utf8').trim().split('\n').slice(-CONSOLE_LINES_TOLD).join('\n');
    } catch {
      return '';
    }
  }
}

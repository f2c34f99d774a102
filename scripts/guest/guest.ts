/**
 * A virtual machine with devices that this machine lacks, in which commands are run one after the other: an RDMA device
 * made by the kernel (Soft-RoCE), and two NICs on the PCI bus behind an IOMMU, joined by a wire.
 *
 * It needs no right to virtualize and no network: QEMU emulates the processors where there is no KVM, the guest's
 * file system is this machine's root, read over 9p, with a file system in memory laid over it that takes what is
 * written. So everything is where it is on this machine, the checkout included, and nothing of what the guest writes is
 * there afterwards.
 *
 *     runInGuest ──> QEMU ──> kernel ──> init.sh ──> steps.sh ──> step 1, step 2, ...
 *          ^           │                                │
 *          │           └ the kernel's console: shown when the guest fails
 *          └──────────── channel.ts: output of the steps, and marks ──┘
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Accelerator, chooseAccelerator, tryKvm } from './accelerator.ts';
import { ChannelReader, type Mark } from './channel.ts';
import { prepareHost, say } from './host.ts';
import { initramfs, KILL_AFTER_S, type Step } from './initramfs.ts';
import { type GuestKernel, guestKernel } from './kernel.ts';

/** The guest's RDMA device, the network device that it sits on, and the IPv4 address of that. */
export const RDMA_DEVICE = 'rxe0';
export const NETWORK_DEVICE = 'roce0';
export const ADDRESS = '10.98.0.1';

/** Where the NICs are on the PCI bus. What one sends the other receives. */
export const NICS = ['0000:00:10.0', '0000:00:11.0'] as const;
/** Has a driver in Linux and one in DPDK, computes checksums, and goes through the IOMMU. */
const NIC_MODEL = 'e1000e';
/** 2 MiB each: two processes with a NIC, and room. */
const HUGEPAGES = 160;

const MEMORY_MIB = 3072;
const CORES = 2;
/** For each of what comes before the first step: a machine that is busy needs several times the usual seconds. */
const STAGE_TIMEOUT_S = 120;
/** How much later than a step should have ended the guest is taken to hang. */
const STEP_GRACE_S = 20;
const CONSOLE_LINES_SHOWN = 30;
const CONSOLE_KEPT_CHARS = 64 * 1024;

export interface StepResult {
  title: string;
  passed: boolean;
  exitCode: number;
  timedOut: boolean;
  elapsedS: number;
}

export interface GuestOptions {
  steps: Step[];
  /** Folder in which the steps run. */
  project: string;
  /** Shows the kernel's console as it goes. */
  showConsole?: boolean;
}

/** The virtual machine failed, whatever the steps would have said. */
export class GuestError extends Error {}

/**
 * Boots a guest, runs the steps, prints their output and what became of them, and powers it off. Rejects with
 * GuestError when the guest itself fails or hangs; a step that fails is a result.
 */
export async function runInGuest({ steps, project, showConsole }: GuestOptions): Promise<StepResult[]> {
  await prepareHost();
  const kernel = await guestKernel();
  const key = randomBytes(8).toString('hex');
  const folder = await mkdtemp(join(tmpdir(), 'guest-'));
  let interruptedBy: NodeJS.Signals | undefined;
  try {
    const initrd = join(folder, 'initramfs');
    const settings = {
      key,
      project,
      networkDevice: NETWORK_DEVICE,
      rdmaDevice: RDMA_DEVICE,
      address: ADDRESS,
      hugepages: HUGEPAGES,
    };
    await writeFile(initrd, await initramfs(kernel, steps, settings));
    const accelerator = chooseAccelerator(await tryKvm());
    say(`booting Debian's kernel ${kernel.release}, ${accelerator.about}`);
    const guest = new Guest(steps, startEmulator(kernel, initrd, accelerator), key, showConsole ?? false);
    const interrupt = (signal: NodeJS.Signals) => {
      interruptedBy = signal;
      guest.end(`interrupted by ${signal}`);
    };
    const signals: NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];
    for (const signal of signals) process.on(signal, interrupt);
    try {
      return await guest.finished;
    } finally {
      for (const signal of signals) process.off(signal, interrupt);
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
    if (interruptedBy) process.kill(process.pid, interruptedBy);
  }
}

/** Starts QEMU with its descriptor 3 as the channel and its standard output as the kernel's console. */
function startEmulator({ image }: GuestKernel, initrd: string, accelerator: Accelerator): ChildProcess {
  const kernelArguments = [
    'console=ttyS0',
    'quiet',
    // With -no-reboot, a kernel that panics ends QEMU.
    'panic=-1',
    // What they guard against is not there, and emulated they cost most.
    'mitigations=off',
    'nokaslr',
    'nowatchdog',
    'random.trust_cpu=on',
    // Emulated, every clock but the time-stamp counter costs several times as much, and the kernel mistrusts that one.
    'tsc=reliable',
    // The kernel would try its timer for some milliseconds, and panic where a busy machine gives the emulator none.
    'no_timer_check',
    // Programs that poll give way at once to the threads that do the device's work.
    'preempt=full',
    'intel_iommu=on',
  ];
  const qemu = [
    ['qemu-system-x86_64', '-no-user-config', '-nodefaults', '-no-reboot', '-display', 'none'],
    ['-machine', 'q35', ...accelerator.arguments, '-device', 'intel-iommu,intremap=on'],
    ['-smp', `${CORES}`, '-m', `${MEMORY_MIB}M`],
    ['-kernel', image, '-initrd', initrd, '-append', kernelArguments.join(' ')],
    ['-virtfs', 'local,path=/,mount_tag=host,security_model=none,readonly=on,multidevs=remap'],
    ['-chardev', 'stdio,id=console,signal=off', '-serial', 'chardev:console'],
    ['-chardev', 'socket,id=channel,fd=3', '-device', 'virtio-serial-pci'],
    ['-device', 'virtserialport,chardev=channel'],
    ...NICS.map(nicArguments),
  ].flat();
  // It ends with this process, however that ends.
  return spawn('setpriv', ['--pdeathsig', 'KILL', ...qemu], { stdio: ['ignore', 'pipe', 'pipe', 'pipe'] });
}

/** A NIC at a port of one hub. It has no boot ROM: nothing is booted from it, and QEMU's package comes without. */
function nicArguments(address: string, index: number): string[] {
  const slot = address.slice(8, 10);
  const device = `${NIC_MODEL},netdev=wire${index},mac=52:54:00:00:00:0${index + 1},addr=0x${slot},romfile=`;
  return ['-netdev', `hubport,id=wire${index},hubid=0`, '-device', device];
}

class Guest {
  readonly finished: Promise<StepResult[]>;
  readonly #steps: Step[];
  readonly #emulator: ChildProcess;
  readonly #results: StepResult[] = [];
  readonly #startedMs = performance.now();
  #console = '';
  /** What it is doing, and since when. */
  #stage = '';
  #stageStartedMs = 0;
  #deadline: NodeJS.Timeout | undefined;
  /** Why it was ended, or what it reported itself. */
  #failure: string | undefined;
  #endsInNewline = true;

  constructor(steps: Step[], emulator: ChildProcess, key: string, showConsole: boolean) {
    this.#steps = steps;
    this.#emulator = emulator;
    const { promise, resolve, reject } = Promise.withResolvers<StepResult[]>();
    this.finished = promise;
    this.#enter('starting the kernel', STAGE_TIMEOUT_S);

    const reader = new ChannelReader(key, {
      output: (bytes) => this.#output(bytes),
      mark: (mark) => this.#mark(mark),
    });
    (emulator.stdio[3] as Socket).on('data', (chunk) => reader.receive(chunk));
    for (const stream of [emulator.stdout!, emulator.stderr!]) {
      stream.on('data', (chunk: Buffer) => {
        this.#console = (this.#console + chunk.toString('latin1')).slice(-CONSOLE_KEPT_CHARS);
        if (showConsole) this.#output(chunk);
      });
    }
    emulator.on('error', (error) => {
      clearTimeout(this.#deadline);
      reject(
        new GuestError(`setpriv, which starts QEMU, cannot be run (${error.message}): install util-linux`),
      );
    });
    // Unlike 'exit', this comes after the last byte of the channel and of the console.
    emulator.on('close', (code, signal) => {
      clearTimeout(this.#deadline);
      if (this.#failure === undefined && this.#results.length === steps.length) resolve(this.#results);
      else reject(this.#error(this.#failure ?? `QEMU ended (${signal ?? `exit code ${code}`})`));
    });
  }

  /** Ends the guest at once; `why` becomes the error. */
  end(why: string): void {
    this.#failure ??= why;
    this.#emulator.kill('SIGKILL');
  }

  #error(what: string): GuestError {
    const shown = this.#console.trimEnd().split(/\r*\n/).slice(-CONSOLE_LINES_SHOWN);
    const lines =
      shown.join('') === '' ? ' was empty' : `, its end:\n${shown.map((line) => `  ${line}`).join('\n')}`;
    return new GuestError(`${what}; the guest was ${this.#stage}. The kernel's console${lines}`);
  }

  #enter(stage: string, timeoutS: number): void {
    clearTimeout(this.#deadline);
    this.#stage = stage;
    this.#stageStartedMs = performance.now();
    this.#deadline = setTimeout(() => this.end(`no end after ${timeoutS} s`), timeoutS * 1000);
  }

  #mark({ word, detail }: Mark): void {
    if (word === 'stage') this.#enter(detail, STAGE_TIMEOUT_S);
    else if (word === 'failed') this.#failure ??= detail;
    else if (word === 'begin') this.#begin(this.#steps[Number(detail) - 1]);
    else if (word === 'end') {
      const [step, exitCode] = detail.split(' ').map(Number);
      this.#end(this.#steps[step - 1], exitCode);
    }
  }

  #begin({ title, timeoutS }: Step): void {
    if (this.#results.length === 0) say(`the guest is up after ${seconds(this.#startedMs)} s`);
    this.#enter(`running '${title}'`, timeoutS + KILL_AFTER_S + STEP_GRACE_S);
    this.#line(`\n== ${title}`);
  }

  #end({ title, timeoutS }: Step, exitCode: number): void {
    const elapsedS = (performance.now() - this.#stageStartedMs) / 1000;
    // 124 is timeout(1)'s own, 137 that of a command that it had to kill.
    const timedOut = (exitCode === 124 || exitCode === 137) && elapsedS >= timeoutS;
    const passed = exitCode === 0;
    this.#results.push({ title, passed, exitCode, timedOut, elapsedS });
    const outcome = passed
      ? 'passed'
      : timedOut
        ? 'ended by its time limit'
        : `failed with exit code ${exitCode}`;
    this.#line(`-- ${outcome} after ${seconds(this.#stageStartedMs)} s`);
  }

  #output(bytes: Buffer): void {
    process.stdout.write(bytes);
    this.#endsInNewline = bytes.at(-1) === 0x0a;
  }

  #line(text: string): void {
    this.#output(Buffer.from(`${this.#endsInNewline ? '' : '\n'}${text}\n`));
  }
}

const seconds = (sinceMs: number): string => ((performance.now() - sinceMs) / 1000).toFixed(1);

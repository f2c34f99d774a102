/**
 * A network namespace with a tap device in it: at one end a libOS in a process of its own (tap-libos.ts), or any other
 * process that makes the device, at the other this machine's own TCP/IP, with the test's own sockets.
 *
 * The test's thread itself moves into a new namespace, so that what it opens and starts is in there. The namespace has
 * no name: the kernel removes it with the last process in it, however that ends.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, closeSync, constants, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect } from 'vitest';
import { errno, errnoName, libc } from '../libos/native/libc.ts';
import type { Answer, LibosEnd, Request } from './tap-libos.ts';

/** The libOS and Linux on either end of the device. */
export const LIBOS_ADDRESS = '10.98.0.1';
export const LINUX_ADDRESS = '10.98.0.2';
const INTERFACE = 'libos0';

/** linux/sched.h */
const CLONE_NEWNET = 0x4000_0000;
const unshare = libc.func('unshare', 'int', ['int']);
const setns = libc.func('setns', 'int', ['int', 'int']);

const REMEDY =
  'run the tests as root, in a container with --cap-add NET_ADMIN --cap-add SYS_ADMIN --device /dev/net/tun';

/** The methods of the libOS's end, each asked for over IPC. */
export type RemoteEnd = {
  [call in keyof LibosEnd]: (
    ...args: Parameters<LibosEnd[call]>
  ) => Promise<Awaited<ReturnType<LibosEnd[call]>>>;
};

export class TapNetwork {
  readonly interfaceName = INTERFACE;
  /** For captures and the like; removed by close. */
  readonly folder: string;
  readonly #home: number;
  readonly #started: LibosProcess[] = [];

  /** Throws what is missing, with the remedy. */
  constructor() {
    checkRequirements();
    this.#home = openSync('/proc/thread-self/ns/net', 'r');
    if (unshare(CLONE_NEWNET) !== 0) {
      closeSync(this.#home);
      throw new Error(`no network namespace (${errnoName(errno())}): ${REMEDY}`);
    }
    this.folder = mkdtempSync(join(tmpdir(), 'bypassbench-tap-'));
    ip('link', 'set', 'lo', 'up');
  }

  /** What the option -o takes, one a pair, for a process that is to make the device. */
  backendOptions(more: Record<string, string> = {}): Record<string, string> {
    return { device: 'tap', interface: INTERFACE, ip: `${LIBOS_ADDRESS}/24`, ...more };
  }

  /** Gives Linux's end of the device its address, once the device is there. */
  connectLinux(): void {
    ip('address', 'replace', `${LINUX_ADDRESS}/24`, 'dev', INTERFACE);
    ip('link', 'set', INTERFACE, 'up');
  }

  setLinuxLink(state: 'up' | 'down'): void {
    ip('link', 'set', INTERFACE, state);
  }

  /** Starts a libOS with these options beside those of the device, and connects Linux to it. */
  async startLibos(options: Record<string, string> = {}): Promise<LibosProcess> {
    const libos = new LibosProcess(this.backendOptions(options));
    this.#started.push(libos);
    await libos.ready;
    this.connectLinux();
    return libos;
  }

  /** Records what passes Linux's end of the device until the returned function is called. */
  async capture(file: string): Promise<() => Promise<void>> {
    const args = ['-q', '-i', INTERFACE, '-B', '64', '-w', file];
    const dumpcap = spawn('dumpcap', args, { stdio: ['ignore', 'ignore', 'pipe'] });
    for await (const chunk of dumpcap.stderr) if (/^File: /m.test(String(chunk))) break;
    return async () => {
      // Its buffer is handed over every so often.
      await new Promise((resolve) => setTimeout(resolve, 500));
      const exited = once(dumpcap, 'exit');
      dumpcap.kill('SIGINT');
      await exited;
    };
  }

  /** Ends what was started, and takes the test's thread back to where it was. */
  async close(): Promise<void> {
    await Promise.all(this.#started.map((libos) => libos.kill()));
    setns(this.#home, CLONE_NEWNET);
    closeSync(this.#home);
    rmSync(this.folder, { recursive: true });
  }
}

export class LibosProcess {
  readonly end: RemoteEnd;
  readonly ready: Promise<unknown>;
  readonly #process: ChildProcess;
  readonly #asked = new Map<number, { resolve(result: unknown): void; reject(error: Error): void }>();
  #lastId = 0;

  constructor(options: Record<string, string>) {
    const program = fileURLToPath(new URL('./tap-libos.ts', import.meta.url));
    this.#process = spawn(process.execPath, [program, JSON.stringify(options)], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    this.ready = this.#answerTo(0);
    this.#process.on('message', (answer: Answer) => this.#settle(answer));
    this.#process.on('exit', (code, signal) => {
      for (const { reject } of this.#asked.values()) reject(new Error(`the libOS ended: ${signal ?? code}`));
      this.#asked.clear();
    });
    this.end = new Proxy({} as RemoteEnd, {
      get: (_, call) =>
        call === 'then' ? undefined : (...args: unknown[]) => this.#ask(call as Request['call'], args),
    });
  }

  /** Its exit code, after it has shut its libOS down. */
  async stop(): Promise<number | null> {
    const exited = once(this.#process, 'exit');
    await this.end.shutdown();
    const [code] = (await exited) as [number | null];
    return code;
  }

  async kill(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const exited = once(this.#process, 'exit');
    this.#process.kill('SIGKILL');
    await exited;
  }

  #ask(call: Request['call'], args: unknown[]): Promise<unknown> {
    const id = ++this.#lastId;
    const answer = this.#answerTo(id);
    this.#process.send({ id, call, args } satisfies Request);
    return answer;
  }

  #answerTo(id: number): Promise<unknown> {
    return new Promise((resolve, reject) => this.#asked.set(id, { resolve, reject }));
  }

  #settle(answer: Answer): void {
    const asked = this.#asked.get(answer.id);
    this.#asked.delete(answer.id);
    if ('code' in answer) asked?.reject(Object.assign(new Error(answer.message), { code: answer.code }));
    else asked?.resolve(answer.result);
  }
}

export interface World {
  network: TapNetwork;
  libos: RemoteEnd;
}

/** A network and a libOS on it for the tests of a describe, there from its first beforeAll on. */
export function useTap(options: Record<string, string>): World {
  const world = {} as World;
  let started: LibosProcess | undefined;

  beforeAll(async () => {
    world.network = new TapNetwork();
    started = await world.network.startLibos(options);
    world.libos = started.end;
  });

  afterAll(async () => {
    try {
      // Not 0 if buffers leaked.
      if (started) expect(await started.stop()).toBe(0);
    } finally {
      await world.network?.close();
    }
  });
  return world;
}

function checkRequirements(): void {
  if (process.getuid!() !== 0) throw new Error(`a tap device needs root: ${REMEDY}`);
  try {
    accessSync('/dev/net/tun', constants.R_OK | constants.W_OK);
  } catch {
    throw new Error(`a tap device needs /dev/net/tun, which is not there: modprobe tun, or ${REMEDY}`);
  }
}

function ip(...args: string[]): void {
  execFileSync('ip', args, { stdio: 'pipe' });
}

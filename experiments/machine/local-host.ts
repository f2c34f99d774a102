/** This machine, as a trial uses it. */
import { mkdirSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { THIS_MACHINE } from '../../results/formats/index.ts';
import { commandPath } from './checkout.ts';
import { converse } from './converse.ts';
import { readCounts, type TakenTime } from './interference.ts';
import { readClocks } from './linux.ts';
import { freePort } from './ports.ts';
import type { RunningProcess, Supervisor } from './process.ts';
import { redisInfo } from './redis-info.ts';
import { keepStamps, startStamps } from './server-stamps.ts';
import type { TrialClock, TrialHost, TrialLaunch } from './trial-host.ts';

/** Of each end of a log that is looked at while its program runs. */
const MOST_READ_BYTES = 256 * 1024;

export class LocalHost implements TrialHost {
  readonly name = THIS_MACHINE;
  readonly lost = null;
  readonly #supervisor: Supervisor;

  constructor(supervisor: Supervisor) {
    this.#supervisor = supervisor;
  }

  async mirror(ours: string): Promise<string> {
    mkdirSync(ours, { recursive: true });
    return ours;
  }

  async collect(): Promise<void> {}

  async bring(ours: string): Promise<string> {
    return ours;
  }

  async createFolder(shared: boolean): Promise<string> {
    return shared ? this.#supervisor.createSharedFolder() : this.#supervisor.createFolder();
  }

  async removeFolder(folder: string): Promise<void> {
    this.#supervisor.removeFolder(folder);
  }

  async start({ argv: [program = '', ...words], checkout, ...launch }: TrialLaunch): Promise<RunningProcess> {
    return this.#supervisor.start({ ...launch, argv: [commandPath(program, checkout), ...words] });
  }

  async readLog(file: string): Promise<string> {
    const handle = await open(file);
    try {
      const { size } = await handle.stat();
      const first = Buffer.alloc(Math.min(size, MOST_READ_BYTES));
      const last = Buffer.alloc(Math.min(size - first.length, MOST_READ_BYTES));
      await handle.read(first, 0, first.length, 0);
      await handle.read(last, 0, last.length, size - last.length);
      return `${first.toString('utf8')}${last.toString('utf8')}`;
    } finally {
      await handle.close();
    }
  }

  freePort(address: string): Promise<number> {
    return freePort(address);
  }

  converse(host: string, port: number, request: string | null): Promise<string> {
    return converse(host, port, request);
  }

  redisInfo(host: string, port: number, section: string): Promise<string> {
    return redisInfo(host, port, section);
  }

  startStamps(file: string): Promise<void> {
    return startStamps(file);
  }

  keepStamps(file: string, kept: string): Promise<void> {
    return keepStamps(file, kept);
  }

  readCounts(cores: readonly number[], pid: number | null): Promise<TakenTime> {
    return readCounts(cores, pid);
  }

  async setSysctls(values: Readonly<Record<string, string>>): Promise<void> {
    this.#supervisor.setSysctls(values);
  }

  async restoreSysctls(): Promise<void> {
    this.#supervisor.restoreSysctls();
  }

  endOrphans(): Promise<string[]> {
    return this.#supervisor.endOrphans();
  }

  async readClock(): Promise<TrialClock> {
    const monotonic = { offset_ns: 0, bound_ns: 0, at_ns: Number(readClocks().monotonic_ns) };
    return { offset_ns: 0, bound_ns: 0, monotonic, longest_trip_ns: 0 };
  }
}

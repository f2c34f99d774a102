/** A machine at the other end of a connection, as a trial uses it. */
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { type ExperimentError, TrialFailure } from '../errors.ts';
import type { TakenTime } from '../machine/interference.ts';
import { isCrash } from '../machine/process.ts';
import type { TrialClock, TrialHost, TrialLaunch, TrialProcess } from '../machine/trial-host.ts';
import { measureClocks } from './clocks.ts';
import { type HostConnection, type HostProcess, LOST } from './connection.ts';
import { getFile, putFile } from './file-transfer.ts';
import { type Answer, type Ask, CHUNK_BYTES, type RequestName } from './protocol.ts';

export class RemoteHost implements TrialHost {
  readonly #connection: HostConnection;
  /** By the folder here into which each is brought. */
  readonly #mirrors = new Map<string, string>();
  /** Files of ours that are there, by where they are here; the agent removes them when it ends. */
  readonly #brought = new Map<string, Promise<string>>();
  lost: string | null = null;

  constructor(connection: HostConnection) {
    this.#connection = connection;
    connection.ended.then((why) => {
      this.lost = why?.message ?? `the connection to host ${connection.name} is closed`;
    });
  }

  get name(): string {
    return this.#connection.name;
  }

  async mirror(ours: string): Promise<string> {
    const there = await this.createFolder(false);
    this.#mirrors.set(ours, there);
    return there;
  }

  async collect(ours: string): Promise<void> {
    const there = this.#mirrors.get(ours);
    if (there === undefined || this.lost !== null) return;
    try {
      const { files } = await this.#connection.ask('list', { folder: there });
      for (const name of files) {
        const file = path.join(ours, name);
        // What is outside of the folder is nobody's to write.
        if (path.relative(ours, file).startsWith('..')) continue;
        mkdirSync(path.dirname(file), { recursive: true });
        await getFile(this.#connection, path.join(there, name), file);
      }
    } catch (error) {
      if ((error as ExperimentError).code !== 'HOST_LOST') throw asFailure(error);
    }
  }

  bring(ours: string): Promise<string> {
    const brought = this.#brought.get(ours) ?? this.#copyThere(ours);
    this.#brought.set(ours, brought);
    brought.catch(() => this.#brought.delete(ours));
    return brought;
  }

  async #copyThere(ours: string): Promise<string> {
    const theirs = path.join(await this.createFolder(false), path.basename(ours));
    try {
      await putFile(this.#connection, ours, theirs);
    } catch (error) {
      throw asFailure(error);
    }
    return theirs;
  }

  async createFolder(shared: boolean): Promise<string> {
    return (await this.#ask('folder', { shared })).folder;
  }

  async removeFolder(folder: string): Promise<void> {
    for (const [ours, there] of this.#mirrors) if (there === folder) this.#mirrors.delete(ours);
    await this.#ask('remove_folder', { folder });
  }

  async start({
    argv,
    cores,
    cwd,
    env,
    takesInput,
    stdoutFile,
    stderrFile,
  }: TrialLaunch): Promise<TrialProcess> {
    const [program = '', ...words] = argv;
    const files = { stdoutFile, stderrFile };
    try {
      const command: [string, ...string[]] = [program, ...words];
      const launch = { argv: command, cores, cwd, env, takesInput, ...files };
      return new RemoteProcess(await this.#connection.start(launch), this.#connection);
    } catch (error) {
      throw asFailure(error);
    }
  }

  async readLog(file: string): Promise<string> {
    const first = await this.#ask('read', { file, offset: 0, bytes: CHUNK_BYTES });
    const begin = Buffer.from(first.data, 'base64');
    if (first.size <= begin.length) return begin.toString('utf8');
    const offset = Math.max(begin.length, first.size - CHUNK_BYTES);
    const last = await this.#ask('read', { file, offset, bytes: CHUNK_BYTES });
    return `${begin.toString('utf8')}${Buffer.from(last.data, 'base64').toString('utf8')}`;
  }

  async freePort(address: string): Promise<number> {
    return (await this.#ask('port', { address })).port;
  }

  async converse(host: string, port: number, request: string | null): Promise<string> {
    return (await this.#ask('converse', { host, port, request })).line;
  }

  async redisInfo(host: string, port: number, section: string): Promise<string> {
    return (await this.#ask('redis_info', { host, port, section })).info;
  }

  async startStamps(file: string): Promise<void> {
    await this.#ask('start_stamps', { file });
  }

  async keepStamps(file: string, kept: string): Promise<void> {
    await this.#ask('keep_stamps', { file, kept });
  }

  readCounts(cores: readonly number[], pid: number | null): Promise<TakenTime> {
    return this.#ask('counts', { cores: [...cores], pid });
  }

  async setSysctls(values: Readonly<Record<string, string>>): Promise<void> {
    await this.#ask('set_sysctls', { values });
  }

  async restoreSysctls(): Promise<void> {
    await this.#ask('restore_sysctls', {});
  }

  async endOrphans(): Promise<string[]> {
    const { ended } = await this.#ask('end_orphans', {});
    return ended.map((what) => `${what} on host ${this.name}`);
  }

  async readClock(): Promise<TrialClock> {
    try {
      const { realtime, monotonic, longest_trip_ns } = await measureClocks(this.#connection);
      const { offset_ns, bound_ns } = realtime;
      return {
        ...{ offset_ns, bound_ns, longest_trip_ns },
        monotonic: { ...monotonic, at_ns: Number(monotonic.at_ns) },
      };
    } catch (error) {
      throw asFailure(error);
    }
  }

  async #ask<Name extends RequestName>(ask: Name, asked: Ask<Name>): Promise<Answer<Name>> {
    try {
      return await this.#connection.ask(ask, asked);
    } catch (error) {
      throw asFailure(error);
    }
  }
}

/** A host that is lost, or has no space left, says nothing of what was to be measured. */
const PASSING: readonly string[] = ['HOST_LOST', 'HOST_NO_SPACE', 'HOST_CLOCK_SET'];

function asFailure(error: unknown): TrialFailure {
  const { code, message } = error as ExperimentError;
  return new TrialFailure(message, [], { isFinal: !PASSING.includes(code) });
}

class RemoteProcess implements TrialProcess {
  readonly pid: number;
  readonly ended: Promise<string>;
  end: string | null = null;
  readonly #process: HostProcess;

  constructor(started: HostProcess, connection: HostConnection) {
    this.#process = started;
    this.pid = started.pid;
    this.ended = started.ended.then(async (end) => {
      // Why it is lost is known before that it has ended.
      if (end === LOST) await connection.ended;
      this.end = end;
      return end;
    });
  }

  async tell(line: string): Promise<void> {
    await this.#process.tell(line).catch((error) => {
      throw asFailure(error);
    });
  }

  untilSaid(line: string): Promise<boolean> {
    return this.#process.untilSaid(line).catch((error) => {
      throw asFailure(error);
    });
  }

  get hasCrashed(): boolean {
    return this.end !== null && isCrash(this.end);
  }

  async stop(graceMs: number): Promise<boolean> {
    if (this.end !== null) return true;
    const byItself = await this.#process.stop(graceMs).catch((error: ExperimentError) => {
      if (error.code === 'HOST_LOST') return true;
      throw asFailure(error);
    });
    await this.ended;
    return byItself;
  }
}

/**
 * The other end of a connection to a host: does there what the near end asks (protocol.ts), and leaves nothing. It
 * ends when its input does, when nothing has come for a while (a link that is cut tells nobody for minutes), and at a
 * signal; with it end all processes that it has started, and the folders that it has made. When it is killed itself,
 * the kernel ends what it has started (machine/process.ts), and the next agent or run there removes the rest.
 */
import { constants } from 'node:fs';
import { lstat, open, readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { commandPath, gitState, ownCheckout } from '../machine/checkout.ts';
import { converse } from '../machine/converse.ts';
import { readCounts } from '../machine/interference.ts';
import { readClocks } from '../machine/linux.ts';
import { availableCores, softwareVersions } from '../machine/machine.ts';
import { freePort } from '../machine/ports.ts';
import { type RunningProcess, Supervisor } from '../machine/process.ts';
import { redisInfo } from '../machine/redis-info.ts';
import { removeLeftovers } from '../machine/runner-folder.ts';
import { keepStamps, startStamps } from '../machine/server-stamps.ts';
import { hostFacts } from './host-facts.ts';
import { LineReader } from './lines.ts';
import {
  type Answer,
  type Ask,
  lineOf,
  PROTOCOL,
  type ReadRequest,
  type RefusedRequest,
  type RequestName,
  readRequest,
} from './protocol.ts';

/** Nothing, not even a beat, came for so long: there is nobody any more. */
export const SILENCE_MS = 5000;
/** How often the near end says that it lives. */
export const BEAT_MS = 1000;

/** Why an agent ended: for its standard error. */
export type AgentEnd = 'its input ended' | `nothing came for ${number} s` | `it got ${NodeJS.Signals}`;

type Handlers = { [Name in RequestName]: (asked: Ask<Name>) => Answer<Name> | Promise<Answer<Name>> };

/**
 * Serves one near end until it goes; resolves then, with everything ended. `silenceMs`: after how long without a line
 * there is nobody any more.
 */
export async function serveAgent(
  input: Readable,
  output: Writable,
  silenceMs = SILENCE_MS,
): Promise<AgentEnd> {
  for (const removed of await removeLeftovers()) console.error(`bypassbench agent: ${removed}`);
  const agent = new Agent((line) => output.write(line));
  // As an exception ends this process, too.
  process.on('exit', () => agent.endAll());
  agent.greet();
  try {
    return await untilGone(input, agent, silenceMs);
  } finally {
    agent.endAll();
  }
}

function untilGone(input: Readable, agent: Agent, silenceMs: number): Promise<AgentEnd> {
  return new Promise((resolve) => {
    let heardAt = performance.now();
    const silent = (): boolean => performance.now() - heardAt > silenceMs;
    const look = setInterval(() => {
      // What this process was too busy to read may stand in the pipe: it is read before this is asked again.
      if (silent())
        setTimeout(() => setImmediate(() => silent() && end(`nothing came for ${silenceMs / 1000} s`)));
    }, silenceMs / 10);
    const end = (reason: AgentEnd): void => {
      clearInterval(look);
      resolve(reason);
    };
    input.on('data', (chunk: Buffer) => {
      heardAt = performance.now();
      agent.receive(chunk);
    });
    input.on('end', () => end('its input ended'));
    input.on('error', () => end('its input ended'));
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
      process.on(signal, () => end(`it got ${signal}`));
    }
  });
}

class Agent {
  readonly #supervisor = new Supervisor();
  readonly #processes = new Map<number, RunningProcess>();
  readonly #send: (line: string) => void;
  readonly #lines: LineReader;
  #started = 0;

  constructor(send: (line: string) => void) {
    this.#send = send;
    this.#lines = new LineReader({
      line: (text) => this.#line(text),
      tooLong: (limitBytes) =>
        this.#refuse(null, { code: 'LINE_TOO_LONG', message: `a line has more than ${limitBytes} bytes` }),
    });
  }

  greet(): void {
    // On a line of its own, whatever a login has printed.
    this.#send(`\n${lineOf({ event: 'greeting', protocol: PROTOCOL })}`);
  }

  receive(chunk: Buffer): void {
    this.#lines.receive(chunk);
  }

  endAll(): void {
    this.#supervisor.killAll();
  }

  #refuse(to: number | null, refused: RefusedRequest): void {
    this.#send(lineOf({ to, refused }));
  }

  #line(text: string): void {
    const received = readClocks();
    const read = readRequest(text);
    if ('refused' in read) this.#refuse(read.to, read.refused);
    // It never rejects.
    else void this.#answer(read.message, received);
  }

  async #answer({ id, ask, asked }: ReadRequest, received: Answer<'clock'>['received']): Promise<void> {
    try {
      if (ask === 'clock') {
        this.#send(lineOf({ to: id, answer: { received, sent: readClocks() } }));
        return;
      }
      const handle = this.#handlers[ask] as (asked: unknown) => unknown;
      this.#send(lineOf({ to: id, answer: await handle(asked) }));
    } catch (error) {
      const { code, message, stack } = error as NodeJS.ErrnoException;
      // Without a code it is a fault of ours.
      this.#refuse(id, { code: code ?? 'AGENT_FAULT', message: code ? message : `${stack}` });
    }
  }

  readonly #handlers: Handlers = {
    hello: async () => {
      const [{ bypassbench, node }, git] = await Promise.all([softwareVersions(), gitState(ownCheckout)]);
      return {
        ...{ version: `${bypassbench}`, node: `${node}` },
        ...{ commit: git.commit, dirty: git.dirty },
        ...{ platform: `${process.platform} ${process.arch}`, pid: process.pid },
      };
    },
    beat: () => ({}),
    clock: () => {
      throw new Error('a clock is read where its request comes in');
    },
    examine: hostFacts,
    start: (asked) => this.#start(asked),
    tell: ({ process: number, line }) => {
      this.#process(number).tell(line);
      return {};
    },
    until_said: async ({ process: number, line }) => ({ said: await this.#process(number).untilSaid(line) }),
    signal: ({ process: number, signal }) => {
      this.#process(number).signal(signal);
      return {};
    },
    stop: async ({ process: number, grace_ms }) => ({
      by_itself: await this.#process(number).stop(grace_ms),
    }),
    end_orphans: async () => ({ ended: await this.#supervisor.endOrphans() }),
    folder: ({ shared }) => ({
      folder: shared ? this.#supervisor.createSharedFolder() : this.#supervisor.createFolder(),
    }),
    remove_folder: async ({ folder }) => {
      await rm(folder, { recursive: true, force: true });
      return {};
    },
    remove_file: async ({ file }) => {
      if ((await lstat(file)).isFile()) await rm(file);
      return {};
    },
    list: listFiles,
    read: readChunk,
    write: writeChunk,
    port: async ({ address }) => ({ port: await freePort(address) }),
    converse: async ({ host, port, request }) => ({ line: await converse(host, port, request) }),
    redis_info: async ({ host, port, section }) => ({ info: await redisInfo(host, port, section) }),
    start_stamps: async ({ file }) => {
      await startStamps(file);
      return {};
    },
    keep_stamps: async ({ file, kept }) => {
      await keepStamps(file, kept);
      return {};
    },
    counts: ({ cores, pid }) => readCounts(cores, pid),
    set_sysctls: ({ values }) => {
      this.#supervisor.setSysctls(values);
      return {};
    },
    restore_sysctls: () => {
      this.#supervisor.restoreSysctls();
      return {};
    },
  };

  #start({ argv, cores, cwd, env, takes_input, stdout_file, stderr_file }: Ask<'start'>): Answer<'start'> {
    const [program = '', ...words] = argv;
    const started = this.#supervisor.start({
      argv: [commandPath(program, undefined), ...words],
      cores: cores.length > 0 ? cores : availableCores(),
      cwd,
      env,
      takesInput: takes_input,
      stdoutFile: stdout_file,
      stderrFile: stderr_file,
    });
    const number = ++this.#started;
    this.#processes.set(number, started);
    started.ended.then((end) => this.#send(lineOf({ event: 'ended', process: number, end })));
    return { process: number, pid: started.pid };
  }

  #process(number: number): RunningProcess {
    const found = this.#processes.get(number);
    if (found) return found;
    throw Object.assign(new Error(`no process ${number} was started over this connection`), {
      code: 'PROCESS_UNKNOWN',
    });
  }
}

async function listFiles({ folder }: Ask<'list'>): Promise<Answer<'list'>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  return { files: files.map(({ parentPath, name }) => path.relative(folder, path.join(parentPath, name))) };
}

async function readChunk({ file, offset, bytes }: Ask<'read'>): Promise<Answer<'read'>> {
  const handle = await open(file, 'r');
  try {
    const { size } = await handle.stat();
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(bytes), 0, bytes, offset);
    return { data: buffer.toString('base64', 0, bytesRead), size };
  } finally {
    await handle.close();
  }
}

async function writeChunk({ file, offset, data, fresh }: Ask<'write'>): Promise<Answer<'write'>> {
  const { O_WRONLY, O_CREAT, O_TRUNC } = constants;
  const handle = await open(file, fresh ? O_WRONLY | O_CREAT | O_TRUNC : O_WRONLY);
  try {
    const bytes = Buffer.from(data, 'base64');
    for (let written = 0; written < bytes.length; ) {
      const { bytesWritten } = await handle.write(bytes, written, bytes.length - written, offset + written);
      written += bytesWritten;
    }
    return {};
  } finally {
    await handle.close();
  }
}

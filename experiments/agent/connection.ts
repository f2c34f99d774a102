/**
 * The near end of a connection to a host: starts what carries it (launch.ts), sees that the same bypassbench is there,
 * asks the agent (agent.ts), and tells when it is lost. Nothing is asked twice: what is under way then fails.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { execa } from 'execa';
import { ExperimentError } from '../errors.ts';
import { gitState, ownCheckout } from '../machine/checkout.ts';
import { softwareVersions } from '../machine/machine.ts';
import { spareFromOrphans } from '../machine/process.ts';
import { BEAT_MS, SILENCE_MS } from './agent.ts';
import { agentCommand, carriedBy, type HostAccess } from './launch.ts';
import { LineReader } from './lines.ts';
import {
  type AgentEvent,
  type Answer,
  type Ask,
  type HostSignal,
  lineOf,
  PROTOCOL,
  type RefusedRequest,
  type Reply,
  type RequestName,
  readAnswer,
  readFromAgent,
} from './protocol.ts';
import { type CarrierEnd, whyLost, whyNotReached } from './unreachable.ts';

/** For the agent's first word, after whatever a login does there. */
const GREETING_PATIENCE_MS = 60_000;
/** After which a host is called slow. */
const SLOW_MS = 5000;
/** How a process has ended of which nobody can say it. */
export const LOST = 'was lost with its host';

/** For what takes longest: to look a machine over, or to move a large piece of a file over a slow link. */
const ANSWER_PATIENCE_MS = 60_000;
/** For the news that what was killed has ended. */
const KILLED_MS = 1000;
/** For an agent to end what it has started, when it is asked to go. */
const CLOSE_PATIENCE_MS = 5000;
/** Of standard error the end is kept. */
const SAID_CHARACTERS = 8192;

export interface ConnectOptions {
  /** Told in a line each: that a host is slow, that a line of it could not be read. */
  say?: (line: string) => void;
  patienceMs?: number;
  /** Closes the connection, whatever it is at. */
  signal?: AbortSignal;
}

/** What is to be started on a host; paths are the host's. */
export interface HostLaunch {
  argv: readonly [string, ...string[]];
  /** Empty: all that the agent may use. */
  cores: readonly number[];
  cwd: string;
  env: Readonly<Record<string, string>>;
  /** Whether it is told something on its standard input; by default there is nothing to read. */
  takesInput?: boolean;
  stdoutFile: string;
  stderrFile: string;
}

/** Connects to a host. Throws what unreachable.ts finds, HOST_SILENT, and HOST_VERSION where another one is there. */
export async function connect(
  access: HostAccess,
  { say = () => {}, patienceMs = GREETING_PATIENCE_MS, signal }: ConnectOptions = {},
): Promise<HostConnection> {
  if (access.launcher === 'srun' && process.env.SLURM_JOB_ID === undefined) {
    const remedy = 'run this within one (salloc, sbatch)';
    const why = `host ${access.name}: there is no allocation of Slurm for launcher srun: ${remedy}`;
    throw new ExperimentError('HOST_CONNECTION_FAILED', why);
  }
  const connection = new HostConnection(access, say);
  const close = (): void => void connection.close();
  if (signal?.aborted) close();
  signal?.addEventListener('abort', close);
  connection.ended.then(() => signal?.removeEventListener('abort', close));
  try {
    await connection.greeted(patienceMs);
    const { dirty } = await checkVersion(access, connection.protocol, () => connection.ask('hello', {}));
    if (dirty) say(`host ${access.name} has files that differ from its commit: what it measures is of those`);
    return connection;
  } catch (error) {
    await connection.close();
    throw error;
  }
}

/** Both ends must be of one commit: they are parts of one program. */
async function checkVersion(
  { name }: HostAccess,
  protocol: number | null,
  hello: () => Promise<Answer<'hello'>>,
): Promise<Answer<'hello'>> {
  const refuse = (there: string, here: string): never => {
    throw new ExperimentError(
      'HOST_VERSION',
      `host ${name} has ${there}, and here is ${here}: bring this one there: bypassbench lab setup ${name}`,
    );
  };
  if (protocol !== PROTOCOL) refuse(`an agent of protocol ${protocol}`, `protocol ${PROTOCOL}`);
  const [there, here] = await Promise.all([hello(), ownIdentity()]);
  if (there.version === here.version && there.commit === here.commit) return there;
  return refuse(identityInWords(there), identityInWords(here));
}

type Identity = Pick<Answer<'hello'>, 'version' | 'commit'>;

let own: Promise<Identity> | null = null;

/** Once for all hosts: this process stays what it was started from. */
function ownIdentity(): Promise<Identity> {
  own ??= Promise.all([softwareVersions(), gitState(ownCheckout)]).then(([{ bypassbench }, { commit }]) => ({
    version: `${bypassbench}`,
    commit,
  }));
  return own;
}

function identityInWords({ version, commit }: Identity): string {
  return `bypassbench ${version} ${commit === null ? 'that is no clone' : `of commit ${commit.slice(0, 12)}`}`;
}

/** A process on a host. */
export class HostProcess {
  readonly #connection: HostConnection;
  readonly #number: number;
  readonly pid: number;
  /** Settles with how it ended, as of a local process; `was lost with its host` when nobody can say. Never rejects. */
  readonly ended: Promise<string>;

  constructor(connection: HostConnection, { process, pid }: Answer<'start'>, ended: Promise<string>) {
    this.#connection = connection;
    this.#number = process;
    this.pid = pid;
    this.ended = ended;
  }

  /** Writes a line to its standard input. */
  async tell(line: string): Promise<void> {
    await this.#connection.ask('tell', { process: this.#number, line });
  }

  /** Resolves once it has said that line on its standard output: true; false where it has ended without. */
  async untilSaid(line: string): Promise<boolean> {
    return (await this.#connection.ask('until_said', { process: this.#number, line })).said;
  }

  async signal(signal: HostSignal): Promise<void> {
    await this.#connection.ask('signal', { process: this.#number, signal });
  }

  /** SIGTERM, and SIGKILL when it still runs after `graceMs`. Resolves to whether it ended without that. */
  async stop(graceMs: number): Promise<boolean> {
    const stopped = await this.#connection.ask('stop', { process: this.#number, grace_ms: graceMs });
    return stopped.by_itself;
  }
}

/** How a carrier ended that was killed, where nobody has told. */
interface KilledEnd {
  signal: NodeJS.Signals;
  exitCode?: undefined;
  code?: undefined;
}

/** How long an answer may take, in ms; null: whoever asks says so himself. */
function patienceOf<Name extends RequestName>(ask: Name, asked: Ask<Name>): number | null {
  if (ask === 'until_said') return null;
  const { grace_ms = 0 } = asked as { grace_ms?: number };
  return ANSWER_PATIENCE_MS + grace_ms;
}

interface Pending {
  resolve(answer: unknown): void;
  reject(error: Error): void;
}

interface ProcessEnd {
  ended: Promise<string>;
  resolve(end: string): void;
}

export class HostConnection {
  readonly access: HostAccess;
  /** Resolves once the connection has ended, with why where nobody closed it. */
  readonly ended: Promise<ExperimentError | null>;
  /** What the agent speaks, once it has greeted. */
  protocol: number | null = null;
  readonly #say: (line: string) => void;
  readonly #carrier;
  readonly #beat: NodeJS.Timeout;
  readonly #pending = new Map<number, Pending>();
  readonly #ends = new Map<number, ProcessEnd>();
  #asked = 0;
  #heardAt = performance.now();
  #said = '';
  /** What a login printed before the agent's first word. */
  #printed = '';
  #isClosing = false;
  /** Why it has ended, or is about to, unasked. */
  #why: ExperimentError | null = null;
  /** What is said to who asks now. */
  #over: ExperimentError | null = null;
  /** Resolves when it was killed, whatever still holds what it wrote to. */
  #isKilled: (end: KilledEnd) => void = () => {};
  readonly #killed = new Promise<KilledEnd>((resolve) => {
    this.#isKilled = resolve;
  });
  #greet: () => void = () => {};
  readonly #greeting = new Promise<void>((resolve) => {
    this.#greet = resolve;
  });

  constructor(access: HostAccess, say: (line: string) => void) {
    this.access = access;
    this.#say = say;
    const [program, ...words] = carriedBy(access, agentCommand(access));
    this.#carrier = execa(program, words, {
      stdio: ['pipe', 'pipe', 'pipe'],
      buffer: false,
      reject: false,
      // A Ctrl-C in the terminal is for us alone, who close the connection then.
      detached: true,
      // What ssh says is read by us; it goes to no agent that is a child of ours.
      env: access.launcher === 'local' ? {} : { LC_ALL: 'C' },
    });
    const { pid } = this.#carrier;
    if (pid !== undefined) this.#carrier.finally(spareFromOrphans(pid));
    const lines = new LineReader({
      line: (text) => this.#line(text),
      tooLong: (limitBytes) => this.#unreadable(`a line of more than ${limitBytes} bytes`),
    });
    this.#carrier.stdout.on('data', (chunk: Buffer) => {
      this.#heardAt = performance.now();
      lines.receive(chunk);
    });
    this.#carrier.stderr.on('data', (chunk: Buffer) => {
      this.#said = `${this.#said}${chunk}`.slice(-SAID_CHARACTERS);
    });
    // That it cannot be written to is told by its end.
    this.#carrier.stdin.on('error', () => {});
    this.#beat = setInterval(() => this.#lookAndBeat(), BEAT_MS);
    this.ended = this.#untilEnd(program);
  }

  get name(): string {
    return this.access.name;
  }

  async #untilEnd(program: string): Promise<ExperimentError | null> {
    const { exitCode, signal, code } = await Promise.race([this.#carrier, this.#killed]);
    clearInterval(this.#beat);
    const end: CarrierEnd = { exitCode, signal, said: this.#said };
    const describe = this.protocol === null ? whyNotReached : whyLost;
    if (this.#why === null && !this.#isClosing) {
      this.#why =
        code === 'ENOENT'
          ? new ExperimentError(
              'PROGRAM_MISSING',
              `host ${this.name}: there is no ${program} here; install it`,
            )
          : describe(this.access, end);
    }
    const over =
      this.#why ?? new ExperimentError('HOST_LOST', `the connection to host ${this.name} is closed`);
    this.#over = over;
    for (const { reject } of this.#pending.values()) reject(over);
    this.#pending.clear();
    for (const { resolve } of this.#ends.values()) resolve(LOST);
    return this.#why;
  }

  /** Resolves when the agent has said its first word. */
  async greeted(patienceMs: number): Promise<void> {
    const slow = setTimeout(() => this.#say(`host ${this.name} is slow to answer`), SLOW_MS);
    const late = setTimeout(
      () => this.#giveUp('HOST_SILENT', `no agent has answered there within ${patienceMs / 1000} s`),
      patienceMs,
    );
    try {
      const why = await Promise.race([this.#greeting, this.ended]);
      if (why ?? this.#over) throw why ?? this.#over;
    } finally {
      clearTimeout(slow);
      clearTimeout(late);
    }
  }

  async ask<Name extends RequestName>(ask: Name, asked: Ask<Name>): Promise<Answer<Name>> {
    if (this.#over) throw this.#over;
    const id = ++this.#asked;
    const reply = new Promise<unknown>((resolve, reject) => this.#pending.set(id, { resolve, reject }));
    this.#carrier.stdin.write(lineOf({ id, ask, with: asked }));
    const read = readAnswer(ask, await this.#inTime(ask, reply, patienceOf(ask, asked)));
    if ('refused' in read) throw this.#refusedError(read.refused);
    return read.message;
  }

  async start(launch: HostLaunch): Promise<HostProcess> {
    const { argv, cores, cwd, env, takesInput = false, stdoutFile, stderrFile } = launch;
    const files = { stdout_file: stdoutFile, stderr_file: stderrFile };
    const asked = { argv: [...argv], cores: [...cores], cwd, env, takes_input: takesInput, ...files };
    const started = await this.ask('start', asked);
    const { ended } = this.#endOf(started.process);
    ended.then(() => this.#ends.delete(started.process));
    return new HostProcess(this, started, ended);
  }

  /** Has the agent end, and all that it has started; resolves when it has. */
  async close(): Promise<void> {
    this.#isClosing = true;
    this.#carrier.stdin.end();
    const isOver = await Promise.race([
      this.ended.then(() => true),
      sleep(CLOSE_PATIENCE_MS, false, { ref: false }),
    ]);
    if (!isOver) this.#kill();
    await this.ended;
  }

  /** Its end may come in the same piece as the answer to its start. */
  #endOf(process: number): ProcessEnd {
    const known = this.#ends.get(process);
    if (known) return known;
    let resolve: (end: string) => void = () => {};
    const ended = new Promise<string>((done) => {
      resolve = done;
    });
    const made = { ended, resolve };
    this.#ends.set(process, made);
    return made;
  }

  #line(text: string): void {
    const read = readFromAgent(text);
    // Before its greeting a login may print what it likes.
    if ('refused' in read) {
      if (this.protocol !== null) this.#unreadable(read.refused.message);
      else this.#printed = `${this.#printed}${text}\n`.slice(-SAID_CHARACTERS);
    } else if ('event' in read.message) this.#event(read.message);
    else this.#reply(read.message);
  }

  #event(event: AgentEvent): void {
    if (event.event === 'greeting') {
      this.protocol = event.protocol;
      this.#greet();
    } else this.#endOf(event.process).resolve(event.end);
  }

  #reply(reply: Reply): void {
    if (reply.to === null) {
      // Who asked it would wait for ever.
      this.#unreadable('refused' in reply ? reply.refused.message : 'an answer to nothing');
      return;
    }
    const pending = this.#pending.get(reply.to);
    if (pending === undefined) {
      this.#say(`host ${this.name} sent an answer to ${reply.to}, which was not asked`);
      return;
    }
    this.#pending.delete(reply.to);
    if ('refused' in reply) pending.reject(this.#refusedError(reply.refused));
    else pending.resolve(reply.answer);
  }

  #refusedError({ code, message }: RefusedRequest): ExperimentError {
    if (code === 'ENOSPC' || code === 'EDQUOT') {
      const remedy =
        'make room there, or name another folder for temporary files (env: { TMPDIR: ... } of the host)';
      return new ExperimentError(
        'HOST_NO_SPACE',
        `host ${this.name} has no space left (${message}): ${remedy}`,
      );
    }
    return new ExperimentError('HOST_REQUEST_REFUSED', `host ${this.name}: ${message} (${code})`);
  }

  /** What it was an answer to nobody knows: whoever waits for one would wait for ever. */
  #unreadable(what: string): void {
    this.#giveUp('HOST_LOST', `was lost: it sent what cannot be read: ${what}`);
  }

  /** The answer, unless it takes so long that it will not come. */
  async #inTime(ask: RequestName, reply: Promise<unknown>, patienceMs: number | null): Promise<unknown> {
    if (patienceMs === null) return reply;
    const late = setTimeout(() => {
      this.#giveUp('HOST_LOST', `was lost: '${ask}' has had no answer for ${patienceMs / 1000} s`);
    }, patienceMs);
    try {
      return await reply;
    } finally {
      clearTimeout(late);
    }
  }

  #lookAndBeat(): void {
    if (this.protocol === null) return;
    // It is no news that it lives; that it does not is told by its end, or by its silence.
    this.ask('beat', {}).catch(() => {});
    const silent = (): boolean => performance.now() - this.#heardAt > SILENCE_MS;
    // What this process was too busy to read may stand in the pipe: it is read before this is asked again.
    const ask = (): void => {
      if (!silent()) return;
      const why = `was lost: nothing has come from it for ${SILENCE_MS / 1000} s; the link is cut, or the machine overloaded`;
      this.#giveUp('HOST_LOST', why);
    };
    if (silent()) setTimeout(() => setImmediate(ask));
  }

  #giveUp(code: 'HOST_SILENT' | 'HOST_LOST', why: string): void {
    const said = `${this.protocol === null ? this.#printed : ''}${this.#said}`.trim();
    this.#why ??= new ExperimentError(code, `host ${this.name}: ${why}${said === '' ? '' : `\n  ${said}`}`);
    this.#kill();
  }

  /**
   * With all that it has started: of ssh with a jump host that is another ssh, which would keep what they both write to
   * open until its own link is found to be cut.
   */
  #kill(): void {
    const { pid } = this.#carrier;
    try {
      if (pid !== undefined) process.kill(-pid, 'SIGKILL');
    } catch {
      // It has ended.
    }
    setTimeout(() => this.#isKilled({ signal: 'SIGKILL' }), KILLED_MS).unref();
  }
}

/**
 * What every connection of a load says before its first request: AUTH and SELECT. Each must be answered by OK; what the
 * server says instead is the error.
 */
import type { Libos, QueueDescriptor } from '../../libos/index.ts';
import { LoadError } from '../errors.ts';

/** Longer replies are not those of AUTH and SELECT. */
const REPLY_BYTES_MAX = 4096;

export interface Login {
  /** Null for the default user. */
  user: string | null;
  /** Null where the server wants none. */
  password: string | null;
  /** Number of the database. */
  database: number;
}

/** The variable in which redis-cli looks for a password too: there no list of processes shows it. */
export const PASSWORD_VARIABLE = 'REDISCLI_AUTH';

/**
 * From a command line, or the password from the environment. Throws INVALID_OPTION for a user without a password;
 * `flags` are what errors call user and password.
 */
export function loginOf(
  { user, password, database }: { user?: string; password?: string; database: number },
  environment: NodeJS.ProcessEnv,
  flags: { user: string; password: string },
): Login {
  const known = password ?? (environment[PASSWORD_VARIABLE] || null);
  if (user !== undefined && known === null) {
    throw new LoadError(
      'INVALID_OPTION',
      `${flags.user} ${user} needs a password: give ${flags.password}, or set ${PASSWORD_VARIABLE}`,
    );
  }
  return { user: user ?? null, password: known, database };
}

/** Each command, its words in order; none where the server wants no password and the database is the first. */
export function loginCommands({ user, password, database }: Login): string[][] {
  return [
    ...(password === null ? [] : [['AUTH', ...(user === null ? [] : [user]), password]]),
    ...(database === 0 ? [] : [['SELECT', String(database)]]),
  ];
}

/** Logs connections in. Its errors name the server by `targetName` and never hold the password. */
export class LoginExchange {
  readonly #libos: Libos;
  readonly #targetName: string;
  readonly #timeoutMs: number;
  readonly #names: string[];
  readonly #request: Uint8Array;

  constructor(libos: Libos, targetName: string, replyTimeoutNs: number, login: Login) {
    const commands = loginCommands(login);
    this.#libos = libos;
    this.#targetName = targetName;
    this.#timeoutMs = replyTimeoutNs / 1e6;
    this.#names = commands.map(([name = '']) => name);
    this.#request = Buffer.concat(commands.map(requestBytes));
  }

  /** Logs in on connections that are open and quiet. Throws LOGIN_FAILED, CONNECTION_LOST, REPLY_TIMEOUT. */
  logIn(queues: readonly QueueDescriptor[]): void {
    if (this.#names.length === 0) return;
    const libos = this.#libos;
    const pops = queues.map((qd) => {
      const sga = libos.alloc(this.#request.length);
      let copied = 0;
      for (let i = 0; i < sga.segmentCount; i++) {
        const { bytes, offset, length } = sga.segments[i];
        bytes.set(this.#request.subarray(copied, copied + length), offset);
        copied += length;
      }
      libos.wait(libos.push(qd, sga));
      libos.free(sga);
      return libos.pop(qd);
    });
    for (let i = 0; i < queues.length; i++) this.#awaitReplies(queues[i], pops[i]);
  }

  #awaitReplies(qd: QueueDescriptor, firstPop: number): void {
    const libos = this.#libos;
    let text = '';
    for (let pop = firstPop; ; pop = libos.pop(qd)) {
      const completion = libos.wait(pop, this.#timeoutMs);
      if (completion === null) {
        throw new LoadError(
          'REPLY_TIMEOUT',
          `${this.#targetName} has not answered ${this.#names.join(' and ')} for ${this.#timeoutMs / 1000} s: see the ` +
            "server's log, or give a longer --reply-timeout-s",
        );
      }
      const { sga, error } = completion;
      if (sga === null) {
        const reason = error?.toLowerCase().replaceAll('_', ' ') ?? 'the server closed it';
        throw new LoadError(
          'CONNECTION_LOST',
          `lost a connection to ${this.#targetName} at ${this.#names.join(' and ')}: ${reason}; see the server's log`,
        );
      }
      for (let i = 0; i < sga.segmentCount; i++) {
        const { bytes, offset, length } = sga.segments[i];
        text += Buffer.from(bytes.buffer, bytes.byteOffset + offset, length).toString('latin1');
      }
      libos.free(sga);
      if (this.#areAllWell(text)) return;
    }
  }

  /** Whether all replies are there. Throws LOGIN_FAILED for one that is not OK. */
  #areAllWell(text: string): boolean {
    const replies = text.split('\r\n');
    const rest = replies.pop() ?? '';
    replies.forEach((reply, i) => {
      if (i < this.#names.length && reply === '+OK') return;
      throw new LoadError(
        'LOGIN_FAILED',
        `${this.#targetName} answered '${reply.slice(1)}' to ${this.#names[i] ?? 'nothing'}: see user, password ` +
          `(${PASSWORD_VARIABLE} in the environment is one too) and database`,
      );
    });
    if (rest.length > REPLY_BYTES_MAX)
      throw new LoadError('LOGIN_FAILED', `${this.#targetName} does not answer as a Redis server does`);
    return replies.length === this.#names.length;
  }
}

function requestBytes(words: readonly string[]): Buffer {
  const parts = words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`);
  return Buffer.from(`*${words.length}\r\n${parts.join('')}`);
}

/** Lists of processes show a command line for as long as it runs, and anybody may look: `title` takes its place. */
export function hidePassword(password: string | undefined, title: string): void {
  if (password !== undefined) process.title = title;
}

/**
 * What every connection of a load says before its first request: AUTH, SELECT and HELLO. The first two must be answered
 * by OK, the last one by a map; what the server says instead is the error.
 */
import type { Libos, QueueDescriptor, SgaSegment } from '../../libos/index.ts';
import { LoadError } from '../errors.ts';
import { Found, MAP, RespScanner, STATUS } from './resp-scanner.ts';

export interface Login {
  /** Null for the default user. */
  user: string | null;
  /** Null where the server wants none. */
  password: string | null;
  /** Number of the database. */
  database: number;
  /** Of the protocol that replies come in. */
  version: 2 | 3;
}

/** The variable in which redis-cli looks for a password too: there no list of processes shows it. */
export const PASSWORD_VARIABLE = 'REDISCLI_AUTH';

/**
 * From a command line, or the password from the environment. Throws INVALID_OPTION for a user without a password;
 * `flags` are what errors call user and password.
 */
export function loginOf(
  {
    user,
    password,
    database,
    version = 2,
  }: { user?: string; password?: string; database: number; version?: Login['version'] },
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
  return { user: user ?? null, password: known, database, version };
}

/** Each command, its words in order; none where the server wants no password and the database is the first. */
export function loginCommands({ user, password, database, version }: Login): string[][] {
  return [
    ...(password === null ? [] : [['AUTH', ...(user === null ? [] : [user]), password]]),
    ...(database === 0 ? [] : [['SELECT', String(database)]]),
    ...(version === 2 ? [] : [['HELLO', String(version)]]),
  ];
}

/** Logs connections in. Its errors name the server by `targetName` and never hold the password. */
export class LoginExchange {
  readonly #libos: Libos;
  readonly #targetName: string;
  readonly #timeoutMs: number;
  readonly #names: string[];
  readonly #request: Uint8Array;
  readonly #version: Login['version'];

  constructor(libos: Libos, targetName: string, replyTimeoutNs: number, login: Login) {
    const commands = loginCommands(login);
    this.#libos = libos;
    this.#targetName = targetName;
    this.#timeoutMs = replyTimeoutNs / 1e6;
    this.#names = commands.map(([name = '']) => name);
    this.#request = Buffer.concat(commands.map(requestBytes));
    this.#version = login.version;
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
    const scanner = new RespScanner(this.#version);
    let answered = 0;
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
      for (let i = 0; i < sga.segmentCount; i++) answered = this.#read(scanner, sga.segments[i], answered);
      libos.free(sga);
      if (answered === this.#names.length) return;
    }
  }

  /** Returns how many commands are answered then. Throws LOGIN_FAILED for a reply that is not as it should be. */
  #read(scanner: RespScanner, { bytes, offset, length }: SgaSegment, answered: number): number {
    for (let at = offset; at < offset + length; at = scanner.end) {
      const found = scanner.next(bytes, at, offset + length);
      if (found === Found.Head && scanner.depth === 0) this.#refuse(scanner, this.#names[answered]);
      if (scanner.isWhole) answered++;
    }
    return answered;
  }

  #refuse({ type, text }: RespScanner, name = 'nothing'): void {
    if (name === 'HELLO' ? type === MAP : type === STATUS && text === 'OK') return;
    throw new LoadError(
      'LOGIN_FAILED',
      `${this.#targetName} answered '${text}' to ${name}: see user, password (${PASSWORD_VARIABLE} in the environment is ` +
        `one too)${name === 'HELLO' ? ', database, and whether it speaks RESP3' : ' and database'}`,
    );
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

/** The clients that see every command that runs: MONITOR. */
import { type Client, MONITORS, REPLIES_OFF } from './client.ts';
import type { WriteTo } from './pubsub.ts';
import type { Request } from './resp/request.ts';
import { MONITORED, type ServerModes } from './server-modes.ts';

/** What is shown of the arguments of a command: a text in quotes may be four times as long, and V8 must hold it. */
const SHOWN_BYTES_MAX = 16 * 1024 ** 2;
const REDACTED = '(redacted)';
/** Characters that stand for themselves. */
const PLAIN = /^[ !#-[\]-~]*$/;
const NOT_PLAIN = /[^ !#-[\]-~]/g;
const ESCAPES: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  '"': '\\"',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\x07': '\\a',
  '\b': '\\b',
};

export class Monitors {
  readonly #clients = new Set<Client>();
  readonly #modes: ServerModes;
  readonly #writeTo: WriteTo;

  constructor(modes: ServerModes, writeTo: WriteTo) {
    this.#modes = modes;
    this.#writeTo = writeTo;
  }

  get count(): number {
    return this.#clients.size;
  }

  add(client: Client): void {
    this.#clients.add(client);
    client.mode |= MONITORS;
    this.#modes.bits |= MONITORED;
  }

  delete(client: Client): void {
    this.#clients.delete(client);
    client.mode &= ~MONITORS;
    if (this.#clients.size === 0) this.#modes.bits &= ~MONITORED;
  }

  /** Shows a command that a client has run. `secrets`: the arguments that nobody else may see. */
  show(client: Client, request: Request, secrets: readonly number[], nowMs: number): void {
    const time = `${Math.floor(nowMs / 1000)}.${String((nowMs % 1000) * 1000).padStart(6, '0')}`;
    const from = `[${client.databaseIndex} ${client.peerAddress}]`;
    const line = `${time} ${from} ${shownArguments(request, secrets)}`;
    for (const monitor of this.#clients) {
      if ((monitor.mode & REPLIES_OFF) === 0) this.#writeTo(monitor, (reply) => reply.simple(line));
    }
  }
}

function shownArguments(request: Request, secrets: readonly number[]): string {
  const shown: string[] = [];
  let bytes = 0;
  for (let i = 0; i < request.argc; i++) {
    bytes += request.length[i];
    if (bytes > SHOWN_BYTES_MAX) {
      shown.push('...');
      break;
    }
    shown.push(quoted(secrets.includes(i) ? REDACTED : request.text(i)));
  }
  return shown.join(' ');
}

/** As sds.c has it (sdscatrepr). */
export function quoted(text: string): string {
  if (PLAIN.test(text)) return `"${text}"`;
  const escaped = text.replace(
    NOT_PLAIN,
    (character) => ESCAPES[character] ?? `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`,
  );
  return `"${escaped}"`;
}

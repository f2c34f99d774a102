/** Starts the servers that the kvserver tests talk to, and speaks RESP with them byte by byte. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const BYPASSBENCH = fileURLToPath(new URL('../bin/bypassbench', import.meta.url));
const STOP_MS = 20_000;

/** The front ends that every test of the server runs against. */
export const FRONTENDS = ['sockets', 'libos'] as const;

export interface ServerProcess {
  port: number;
  process: ChildProcess;
  /** Ends the process with SIGTERM; its exit code, and how long it took in milliseconds. */
  stop(): Promise<{ code: number | null; elapsedMs: number }>;
}

/**
 * Runs `bypassbench serve` on a free port, unless the flags have one, until it says that it is ready; `inside` are
 * words in front of the command.
 */
export async function startKvServer(
  frontend: string,
  flags: string[] = [],
  stderr: 'inherit' | 'pipe' = 'inherit',
  inside: readonly string[] = [],
): Promise<ServerProcess> {
  // Over the kernel a server that spins would take a core from the tests.
  const idle = frontend === 'sockets' || flags.includes('dpdk') ? [] : ['--idle', 'sleep'];
  const serve = [BYPASSBENCH, 'serve', '--frontend', frontend, '--port', '0', ...idle, ...flags];
  const [program, ...words] = [...inside, ...serve] as [string, ...string[]];
  const child = spawn(program, words, {
    stdio: ['ignore', 'pipe', stderr],
  });
  for await (const line of createInterface({ input: child.stdout! })) {
    const ready = JSON.parse(line) as { ready: boolean; port: number };
    if (ready.ready) return { port: ready.port, process: child, stop: () => stop(child) };
  }
  throw new Error(`bypassbench serve --frontend ${frontend} ended before it was ready`);
}

async function stop(child: ChildProcess): Promise<{ code: number | null; elapsedMs: number }> {
  if (child.exitCode !== null || child.signalCode !== null) return { code: child.exitCode, elapsedMs: 0 };
  const begun = performance.now();
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  const forced = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
  const [code] = (await exited) as [number | null];
  clearTimeout(forced);
  return { code, elapsedMs: performance.now() - begun };
}

/** A reply: its type byte, and its text or its elements. */
export interface Reply {
  type: string;
  /** Of a simple type or a bulk string, in latin1; null for the null of RESP2. */
  text: string | null;
  /** Of an aggregate; null otherwise. */
  elements: Reply[] | null;
}

export class RespConnection {
  readonly socket: Socket;
  /** What came and was not read yet is `received[from..to)`. */
  #received = Buffer.alloc(64 * 1024);
  #from = 0;
  #to = 0;
  #ended = false;
  #wake: () => void = () => {};

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (chunk: Buffer) => {
      this.#append(chunk);
      this.#wake();
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      this.#ended = true;
      this.#wake();
    });
  }

  static async open(port: number, host = '127.0.0.1'): Promise<RespConnection> {
    const socket = connect({ port, host, noDelay: true });
    await once(socket, 'connect');
    return new RespConnection(socket);
  }

  send(data: string | Uint8Array): void {
    this.socket.write(typeof data === 'string' ? Buffer.from(data, 'latin1') : data);
  }

  command(...args: string[]): Promise<Reply> {
    this.request(...args);
    return this.reply();
  }

  /** Sends a request and leaves its reply to be read. */
  request(...args: string[]): void {
    this.send(encode(args));
  }

  /** The next reply. */
  async reply(): Promise<Reply> {
    for (;;) {
      const parsed = parseReply(this.#received.subarray(0, this.#to), this.#from);
      if (parsed) {
        this.#from = parsed.end;
        return parsed.reply;
      }
      if (this.#ended) throw new Error('the connection was closed');
      await this.#change();
    }
  }

  /** Everything that comes until the other side closes. */
  async untilClosed(): Promise<string> {
    while (!this.#ended) await this.#change();
    return this.#received.toString('latin1', this.#from, this.#to);
  }

  close(): void {
    this.socket.destroy();
  }

  #change(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  #append(chunk: Buffer): void {
    if (this.#to + chunk.length > this.#received.length) {
      const unread = this.#received.subarray(this.#from, this.#to);
      this.#received = Buffer.alloc(2 * (unread.length + chunk.length));
      this.#to = unread.copy(this.#received);
      this.#from = 0;
    }
    this.#to += chunk.copy(this.#received, this.#to);
  }
}

/** A request as an array of bulk strings, in latin1. */
export function encode(args: readonly string[]): string {
  return `*${args.length}\r\n${args.map((arg) => `$${arg.length}\r\n${arg}\r\n`).join('')}`;
}

/** The reply that begins at `at`, and where it ends; null when it is not whole yet. */
export function parseReply(bytes: Buffer, at: number): { reply: Reply; end: number } | null {
  const lineEnd = bytes.indexOf('\r\n', at);
  if (lineEnd < 0) return null;
  const type = String.fromCharCode(bytes[at]);
  const line = bytes.toString('latin1', at + 1, lineEnd);
  let end = lineEnd + 2;
  if (type === '$' || type === '=') {
    if (line === '-1') return { reply: { type, text: null, elements: null }, end };
    const length = Number(line);
    if (bytes.length < end + length + 2) return null;
    const text = bytes.toString('latin1', end, end + length);
    return { reply: { type, text, elements: null }, end: end + length + 2 };
  }
  if (!'*~%>'.includes(type)) return { reply: { type, text: line, elements: null }, end };
  if (line === '-1') return { reply: { type, text: null, elements: null }, end };
  const elements: Reply[] = [];
  for (let left = Number(line) * (type === '%' ? 2 : 1); left > 0; left--) {
    const element = parseReply(bytes, end);
    if (!element) return null;
    elements.push(element.reply);
    end = element.end;
  }
  return { reply: { type, text: null, elements }, end };
}

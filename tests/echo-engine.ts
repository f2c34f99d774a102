/**
 * An engine for the tests of front ends: it runs what it has received in turn(), as Redis' own does, and replies to
 * a line with that line, read at the address that it was given. Some lines have a meaning besides:
 *
 *     flood   after it come FLOOD_BYTES more, and the connection is closed after what was sent
 *     drop    the connection is closed at once
 *     hook    onHook is called before the reply
 *     exit    the engine ends, with EXIT_CODE
 */
import koffi from 'koffi';
import type { EngineClient, FrontEnd, InputBlock, ReplyBlock, ServerEngine } from '../kvserver/frontend.ts';

export const FLOOD_BYTES = 24 * 1024 ** 2;
export const EXIT_CODE = 7;

interface Received {
  client: EngineClient;
  block: InputBlock;
  offset: number;
  length: number;
}

export class EchoEngine implements ServerEngine {
  readonly tickMs = 5;
  readonly restMs = 5;
  readonly refusal = Buffer.from('full\n');
  exitCode: number | null = null;
  readonly clients = new Set<EngineClient>();
  /** What the front end reported of clients after it had been asked to close them. */
  readonly reportedLate: string[] = [];
  port = 0;
  ticks = 0;
  sentCalls = 0;
  onHook: () => void = () => {};
  readonly #frontEnd: FrontEnd;
  readonly #clientsMax: number;
  readonly #closing = new Set<EngineClient>();
  #received: Received[] = [];

  constructor(frontEnd: FrontEnd, clientsMax: number) {
    this.#frontEnd = frontEnd;
    this.#clientsMax = clientsMax;
  }

  start(endpoint: { port: number } | null): void {
    if (endpoint !== null) this.port = endpoint.port;
  }

  reads(): boolean {
    return true;
  }

  connect(): EngineClient | null {
    if (this.clients.size === this.#clientsMax) return null;
    const client = { connection: null, outputBytes: 0 };
    this.clients.add(client);
    return client;
  }

  receive(client: EngineClient, block: InputBlock, offset: number, length: number): void {
    if (this.#closing.has(client)) this.reportedLate.push('receive');
    this.#received.push({ client, block, offset, length });
  }

  sent(client: EngineClient): void {
    if (this.#closing.has(client)) this.reportedLate.push('sent');
    this.sentCalls++;
  }

  ended(client: EngineClient): void {
    this.#frontEnd.close(client, false);
  }

  disconnect(client: EngineClient): void {
    this.clients.delete(client);
  }

  turn(): void {
    const received = this.#received;
    this.#received = [];
    for (const { client, block, offset, length } of received) {
      const first = block.address + (offset - block.base);
      const text: string = koffi.decode(BigInt(first), 'char', length);
      if (text.startsWith('hook')) this.onHook();
      if (this.clients.has(client)) this.#answer(client, text);
    }
  }

  tick(): void {
    this.ticks++;
  }

  stop(): void {
    this.exitCode = 0;
  }

  #answer(client: EngineClient, text: string): void {
    this.#send(client, Buffer.from(text));
    if (text === 'exit\n') this.exitCode = EXIT_CODE;
    if (text === 'flood\n') this.#send(client, Buffer.alloc(FLOOD_BYTES, 'x'));
    if (text !== 'flood\n' && text !== 'drop\n') return;
    this.#closing.add(client);
    this.#frontEnd.close(client, text === 'drop\n');
  }

  #send(client: EngineClient, bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; ) {
      const block = this.#frontEnd.takeBlock() as ReplyBlock;
      const length = Math.min(block.capacity, bytes.length - at);
      block.bytes.set(bytes.subarray(at, at + length), block.base);
      this.#frontEnd.send(client, block, length);
      at += length;
    }
  }
}

/** Several clients on one engine, without a network and with a clock that the test sets. For tests. */
import type { Client } from './client.ts';
import { Engine } from './engine.ts';
import type { EngineClient, FrontEnd, ReplyBlock, ServerEngine } from './frontend.ts';
import { type EngineSetup, parseServeOptions } from './options.ts';
import { latin1, latin1Bytes } from './resp/bytes.ts';
import { BLOCK_BYTES_MIN } from './resp/reply.ts';

export class TestClient {
  readonly engine: Engine;
  readonly client: Client;
  /** The engine has closed the connection, or the client has. */
  closed = false;
  /** It reads nothing: what it is sent stays in the front end's memory. */
  slow = false;
  #received = '';
  readonly #unread: string[] = [];

  constructor(engine: Engine, port: number) {
    this.engine = engine;
    this.client = engine.connect('10.0.0.2', port, '10.0.0.1', 6379) as Client;
    this.client.connection = this;
  }

  /** Sends bytes, as latin1; the engine runs what is whole unless it does not read from this client. */
  send(text: string): void {
    if (!(this.engine as ServerEngine).reads(this.client)) {
      this.#unread.push(text);
      return;
    }
    const bytes = latin1Bytes(text);
    this.engine.receive(this.client, { bytes, base: 0, address: 0 }, 0, bytes.length);
    // The memory of the input is the front end's again.
    bytes.fill(0x3f);
    this.engine.turn();
  }

  /** Sends a request, and returns what has come since the last call, as it was written. */
  ask(...args: string[]): string {
    this.send(`*${args.length}\r\n${args.map((arg) => `$${arg.length}\r\n${arg}\r\n`).join('')}`);
    return this.take();
  }

  /** What has come since the last call. */
  take(): string {
    const text = this.#received;
    this.#received = '';
    return text;
  }

  disconnect(): void {
    this.closed = true;
    this.engine.disconnect(this.client);
  }

  receive(text: string): void {
    if (this.slow) this.client.outputBytes += text.length;
    else this.#received += text;
  }

  resume(): void {
    for (const text of this.#unread.splice(0)) this.send(text);
  }
}

/** Blocks as small as they may be, so that replies of some length need several. */
class TestFrontEnd implements FrontEnd {
  takeBlock(): ReplyBlock {
    return { bytes: new Uint8Array(BLOCK_BYTES_MIN), base: 0, address: 0, capacity: BLOCK_BYTES_MIN };
  }

  send(client: EngineClient, block: ReplyBlock, length: number): void {
    (client.connection as TestClient).receive(latin1(block.bytes, 0, length));
  }

  giveBack(): void {}

  again(): void {}

  close(client: EngineClient): void {
    (client.connection as TestClient).disconnect();
  }

  resume(client: EngineClient): void {
    (client.connection as TestClient).resume();
  }

  listen(): void {}

  unlisten(): void {}

  counters(): Record<string, number> {
    return { rx_frames: 12 };
  }

  look(): boolean {
    return false;
  }
}

export class TestServer {
  nowMs = 1_700_000_000_000;
  readonly engine: Engine;
  #port = 1000;

  constructor(setup: Partial<EngineSetup> = {}) {
    const options = parseServeOptions({ frontend: 'sockets', backend: 'kernel' });
    this.engine = new Engine({ ...options, ...setup, readClockMs: () => this.nowMs }, new TestFrontEnd());
    this.engine.start({ port: 6379 });
  }

  connect(): TestClient {
    return new TestClient(this.engine, this.#port++);
  }

  /** Lets time go on; the engine ticks at the end of it. */
  advance(milliseconds: number): void {
    this.nowMs += milliseconds;
    this.engine.tick();
    this.engine.turn();
  }
}

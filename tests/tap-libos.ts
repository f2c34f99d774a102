/**
 * A libOS in a process of its own, on a tap device: does what the test that started it (tap-network.ts) asks over IPC,
 * and polls all the while. The test is the Linux end of the same device.
 */

import { createLibos } from '../libos/every-backend.ts';
import { LibosError, PromiseLibos, type QueueDescriptor } from '../libos/index.ts';
import { streamOf, Tally, type Transferred } from './byte-stream.ts';

/** Operations of one bulk transfer that are pending at a time. */
const AHEAD = 32;

export interface Request {
  id: number;
  call: keyof LibosEnd;
  args: unknown[];
}

export type Answer = { id: number; result: unknown } | { id: number; code: string; message: string };

/** What the test can ask for. Text is latin1, one character a byte. */
export class LibosEnd {
  readonly #libos: PromiseLibos;
  readonly #address: string;

  constructor(backendOptions: Record<string, string>) {
    this.#libos = new PromiseLibos(createLibos({ backend: 'dpdk', backendOptions, checked: true }));
    this.#address = backendOptions.ip.replace(/\/.*/, '');
    // Progress is made while something is pending: this pop is, for ever.
    this.#libos.popFrom(this.datagram(0)).catch(() => {});
  }

  listen(port: number, backlog = 128): QueueDescriptor {
    return this.#libos.listen({ address: this.#address, port }, backlog);
  }

  accept(listener: QueueDescriptor): Promise<QueueDescriptor> {
    return this.#libos.accept(listener);
  }

  connect(address: string, port: number, kind: 'stream' | 'datagram' = 'stream'): Promise<QueueDescriptor> {
    return this.#libos.connect({ address, port }, kind);
  }

  async push(qd: QueueDescriptor, text: string): Promise<void> {
    await this.#libos.push(qd, Buffer.from(text, 'latin1'));
  }

  /** What comes next, null at the end of the stream. */
  async pop(qd: QueueDescriptor): Promise<string | null> {
    const data = await this.#libos.pop(qd);
    return data === null ? null : Buffer.from(data).toString('latin1');
  }

  /** Pushes the stream of that length (byte-stream.ts). */
  async send(qd: QueueDescriptor, bytes: number): Promise<void> {
    const ahead: Promise<void>[] = [];
    for (const piece of streamOf(bytes)) {
      if (ahead.length === AHEAD) await ahead.shift();
      ahead.push(known(this.#libos.push(qd, piece)));
    }
    await Promise.all(ahead);
  }

  /** Takes all until the end of the stream. */
  async receive(qd: QueueDescriptor): Promise<Transferred> {
    const tally = new Tally();
    const ahead = Array.from({ length: AHEAD }, () => known(this.#libos.pop(qd)));
    for (;;) {
      const data = await ahead.shift();
      if (!data) return tally.result();
      tally.add(data);
      ahead.push(known(this.#libos.pop(qd)));
    }
  }

  /** Sends back what comes, and ends when the peer ends. */
  async echo(qd: QueueDescriptor): Promise<void> {
    for (let data = await this.#libos.pop(qd); data !== null; data = await this.#libos.pop(qd)) {
      await this.#libos.push(qd, data);
    }
    this.#libos.close(qd);
  }

  /** Accepts that many connections and echoes on each. */
  async acceptAndEcho(listener: QueueDescriptor, count: number): Promise<void> {
    const echoes: Promise<void>[] = [];
    for (let i = 0; i < count; i++) echoes.push(this.echo(await this.#libos.accept(listener)));
    await Promise.all(echoes);
  }

  /** Opens that many connections, some at a time; each says its number, must get it back, and ends. */
  async openAndClose(address: string, port: number, count: number, atATime: number): Promise<void> {
    let next = 0;
    const inTurn = async () => {
      while (next < count) {
        const name = `connection ${next++}`;
        const qd = await this.connect(address, port);
        await this.push(qd, name);
        let answer = '';
        while (answer.length < name.length) answer += (await this.pop(qd)) ?? '\0';
        this.shutdownWrite(qd);
        const end = await this.pop(qd);
        if (answer !== name || end !== null) throw new Error(`${name} got ${answer} and then ${end}`);
        this.close(qd);
      }
    };
    await Promise.all(Array.from({ length: atATime }, inTurn));
  }

  datagram(port: number): QueueDescriptor {
    return this.#libos.datagram({ address: this.#address, port });
  }

  async pushTo(qd: QueueDescriptor, text: string, address: string, port: number): Promise<void> {
    await this.#libos.pushTo(qd, Buffer.from(text, 'latin1'), { address, port });
  }

  /** The next datagram and the port that it came from. */
  async popFrom(qd: QueueDescriptor): Promise<{ text: string; port: number }> {
    const { data, peerPort } = await this.#libos.popFrom(qd);
    return { text: Buffer.from(data).toString('latin1'), port: peerPort };
  }

  shutdownWrite(qd: QueueDescriptor): void {
    this.#libos.shutdownWrite(qd);
  }

  close(qd: QueueDescriptor): void {
    this.#libos.close(qd);
  }

  /** Throws LEAK if buffers are still out. */
  shutdown(): void {
    this.#libos.shutdown();
  }
}

/** The failure of what nobody waits for any more is no error of this program. */
function known<T>(operation: Promise<T>): Promise<T> {
  operation.catch(() => {});
  return operation;
}

async function answer(end: LibosEnd, { id, call, args }: Request): Promise<Answer> {
  try {
    const result = await (end[call] as (...args: unknown[]) => unknown).apply(end, args);
    return { id, result };
  } catch (error) {
    const code = error instanceof LibosError ? error.code : 'FAILED';
    return { id, code, message: (error as Error).message };
  }
}

const end = new LibosEnd(JSON.parse(process.argv[2]));
process.on('message', async (request: Request) => {
  const reply = await answer(end, request);
  process.send!(reply, () => {
    if (request.call === 'shutdown') process.disconnect();
  });
});
// The test has ended without a word.
process.on('disconnect', () => process.exit());
process.send!({ id: 0, result: 'ready' } satisfies Answer);

/** Linux's end of a test against its TCP: sockets of node:net, which leave half of a connection open when asked to. */
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { streamOf, Tally, type Transferred } from './byte-stream.ts';

export class LinuxListener {
  readonly #server: Server;
  readonly #accepted: Socket[] = [];
  #wake: () => void = () => {};

  private constructor() {
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
      socket.on('error', () => {});
      this.#accepted.push(socket);
      this.#wake();
    });
  }

  static async open(address: string): Promise<LinuxListener> {
    const listener = new LinuxListener();
    listener.#server.listen({ host: address, port: 0, backlog: 128 });
    await once(listener.#server, 'listening');
    return listener;
  }

  get port(): number {
    return (this.#server.address() as { port: number }).port;
  }

  async accept(): Promise<Socket> {
    while (this.#accepted.length === 0) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return this.#accepted.shift()!;
  }

  close(): void {
    this.#server.close();
  }
}

/** Throws what the connect ends with. */
export async function connectLinux(address: string, port: number): Promise<Socket> {
  const socket = connect({ host: address, port, allowHalfOpen: true, noDelay: true });
  await once(socket, 'connect');
  socket.on('error', () => {});
  return socket;
}

/** Writes the stream of that length (byte-stream.ts), as fast as it is taken. */
export async function sendStream(socket: Socket, bytes: number): Promise<void> {
  for (const piece of streamOf(bytes)) if (!socket.write(piece)) await once(socket, 'drain');
}

/** Reads until the peer ends. */
export async function receiveStream(socket: Socket): Promise<Transferred> {
  const tally = new Tally();
  socket.on('data', (piece: Buffer) => tally.add(piece));
  await once(socket, 'end');
  return tally.result();
}

/** What comes until the peer ends, as text. */
export async function receiveText(socket: Socket): Promise<string> {
  let text = '';
  socket.on('data', (piece: Buffer) => {
    text += piece.toString('latin1');
  });
  await once(socket, 'end');
  return text;
}

/** The code that the socket fails with. To be asked for before that happens. */
export async function failureOf(socket: Socket): Promise<string | undefined> {
  const error = await new Promise<NodeJS.ErrnoException>((resolve) => socket.once('error', resolve));
  return error.code;
}

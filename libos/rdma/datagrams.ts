/**
 * Datagrams over connections: the first one to an address opens a connection to whoever is bound there,
 * beside those of streams, and each is one message on it. So they arrive once and in order, and a receiver
 * that does not read holds its senders back instead of losing what they send.
 */
import type { ErrorCode } from '../errors.ts';
import type { BufferPool } from '../memory/pool.ts';
import { Owner } from '../memory/sga.ts';
import { NO_SLOT, type TokenTable } from '../tokens.ts';
import type { Channel, DatagramSocket } from './channel.ts';
import type { Hello } from './hello.ts';
import type { MessageDevice } from './message-device.ts';
import type { Line } from './rendezvous.ts';

/** Opens a connection for a datagram socket; null when there are no receives left. */
type Connect = (socket: DatagramSocket, address: number, port: number) => Channel | null;

export class Datagrams {
  readonly #tokens: TokenTable;
  readonly #pool: BufferPool;
  /** What all devices of the libOS have alike. */
  readonly #device: Pick<MessageDevice, 'bufferBytes' | 'maxPieces'>;
  readonly #connect: Connect;

  constructor(tokens: TokenTable, pool: BufferPool, device: MessageDevice, connect: Connect) {
    this.#tokens = tokens;
    this.#pool = pool;
    this.#device = { bufferBytes: device.bufferBytes, maxPieces: device.maxPieces };
    this.#connect = connect;
  }

  /** Sends the datagram that was appended to the socket's pushes. */
  push(socket: DatagramSocket): void {
    const tokens = this.#tokens;
    const { queue } = socket;
    const slot = tokens.shift(queue.pushes);
    const sga = tokens.pushed(slot);
    const { bufferBytes, maxPieces } = this.#device;
    // It is one message.
    if (sga.segmentCount > maxPieces || sga.byteLength > bufferBytes) {
      tokens.complete(slot, 'MESSAGE_TOO_LONG');
      return;
    }
    const connected = tokens.peerPort[slot] === 0;
    const address = connected ? queue.peerAddress : tokens.peerAddress[slot];
    const port = connected ? queue.peerPort : tokens.peerPort[slot];
    const channel = this.#channelTo(socket, address, port);
    if (channel === null) {
      tokens.complete(slot, 'NO_BUFFERS');
      return;
    }
    if (channel.established && sga.byteLength > channel.connection.peerBufferBytes) {
      tokens.complete(slot, 'MESSAGE_TOO_LONG');
      return;
    }
    tokens.append(channel.pushes, slot);
    channel.endpoint.sender.push(channel);
  }

  /** The peer of a channel is known: what is longer than one message to it is not sent. */
  established({ pushes, connection }: Channel): void {
    const tokens = this.#tokens;
    const last = pushes.tail;
    for (let slot = NO_SLOT; slot !== last; ) {
      slot = tokens.shift(pushes);
      if (tokens.pushed(slot).byteLength > connection.peerBufferBytes)
        tokens.complete(slot, 'MESSAGE_TOO_LONG');
      else tokens.append(pushes, slot);
    }
  }

  /** Serves the socket's pops from what its channels have. */
  servePops(socket: DatagramSocket): void {
    const { readable, queue } = socket;
    while (readable.length > 0 && queue.pops.head !== NO_SLOT) {
      const channel = readable[0];
      if (!this.#serveFrom(socket, channel)) {
        channel.readable = false;
        readable.shift();
      }
    }
  }

  /** Somebody has opened a connection to the socket. */
  arrived(socket: DatagramSocket, channel: Channel, hello: Hello, line: Line): void {
    channel.socket = socket;
    channel.peerAddress = line.peerAddress;
    channel.peerPort = hello.port;
    socket.all.add(channel);
    const key = keyOf(line.peerAddress, hello.port);
    if (!socket.channels.has(key)) socket.channels.set(key, channel);
  }

  /** Something has happened to a channel: data, credits, or its end. */
  serve(channel: Channel): void {
    const socket = channel.socket!;
    const { connection } = channel;
    if (connection.error !== null || connection.peerFinished) {
      this.#remove(socket, channel);
      if (connection.error !== null) channel.endpoint.sender.fail(channel, connection.error);
    } else channel.endpoint.sender.send(channel);
    if (connection.head !== null && !channel.readable) {
      channel.readable = true;
      socket.readable.push(channel);
    }
    this.servePops(socket);
    if (connection.atEnd) channel.endpoint.engine.ends.finish(connection);
  }

  /** A channel did not come about. */
  failed(channel: Channel, code: ErrorCode): void {
    this.#remove(channel.socket!, channel);
    channel.endpoint.sender.fail(channel, code);
  }

  close(socket: DatagramSocket): void {
    for (const channel of socket.all) {
      if (!channel.established) {
        channel.line.close();
        channel.endpoint.engine.ends.lineBroken(channel.connection);
        channel.endpoint.sender.fail(channel, 'CANCELLED');
      } else {
        channel.endpoint.sender.detach(channel);
        channel.endpoint.engine.ends.closeByOwner(channel.connection);
      }
    }
  }

  #channelTo(socket: DatagramSocket, address: number, port: number): Channel | null {
    const key = keyOf(address, port);
    const known = socket.channels.get(key);
    if (known !== undefined) return known;
    const channel = this.#connect(socket, address, port);
    if (channel === null) return null;
    channel.socket = socket;
    channel.peerAddress = address;
    channel.peerPort = port;
    socket.channels.set(key, channel);
    socket.all.add(channel);
    return channel;
  }

  /** Returns whether the channel had a datagram. */
  #serveFrom({ queue }: DatagramSocket, channel: Channel): boolean {
    const segment = channel.endpoint.engine.take(channel.connection);
    if (segment === null) return false;
    const sga = this.#pool.wrap(segment, Owner.Libos);
    this.#tokens.completePopFrom(queue.pops, sga, channel.peerAddress, channel.peerPort);
    return true;
  }

  #remove(socket: DatagramSocket, channel: Channel): void {
    const key = keyOf(channel.peerAddress, channel.peerPort);
    if (socket.channels.get(key) === channel) socket.channels.delete(key);
    if (channel.connection.head === null) socket.all.delete(channel);
  }
}

function keyOf(address: number, port: number): number {
  return address * 65536 + port;
}

/**
 * What the backend keeps of a queue, and of one way to a peer: a stream has one, a datagram socket one for
 * each peer.
 */
import type { ErrorCode } from '../errors.ts';
import { NO_SLOT, PendingList } from '../tokens.ts';
import { Queue } from '../transport.ts';
import type { MessageConnection } from './connection.ts';
import type { MessageEngine } from './engine.ts';
import type { Line, RendezvousListener } from './rendezvous.ts';

export class RdmaQueue extends Queue {
  /** Set by bind. */
  listener: RendezvousListener | null = null;
  /** A listener's connections that wait to be accepted. */
  backlog: Channel[] = [];
  /** A stream's only channel. */
  channel: Channel | null = null;
  /** What a datagram socket keeps. */
  socket: DatagramSocket | null = null;
}

/** What a datagram socket keeps. */
export class DatagramSocket {
  readonly queue: RdmaQueue;
  /** By the peer's address and port. */
  readonly channels = new Map<number, Channel>();
  /** All of them, also those that somebody else has opened to us when we had one. */
  readonly all = new Set<Channel>();
  /** Those with something to read, in the order in which they had it. */
  readonly readable: Channel[] = [];

  constructor(queue: RdmaQueue) {
    this.queue = queue;
  }
}

/** What it goes over (endpoint-table.ts, sender.ts). */
export interface ChannelEndpoint {
  readonly engine: MessageEngine;
  readonly sender: {
    push(channel: Channel): void;
    send(channel: Channel): void;
    fail(channel: Channel, code: ErrorCode): void;
    detach(channel: Channel): void;
  };
  isSpoiled: boolean;
}

export class Channel {
  readonly endpoint: ChannelEndpoint;
  readonly connection: MessageConnection;
  readonly line: Line;
  /** The stream's queue; null before it is accepted, after it is closed, and for datagrams. */
  queue: RdmaQueue | null = null;
  socket: DatagramSocket | null = null;
  /** Pushes that have not been queued to the device wholly; of a stream those of its queue. */
  pushes = new PendingList();
  /** Pushes of which all is queued, and not all has left. */
  readonly inFlight = new PendingList();
  /** Progress of the push at the head: segments done, and bytes of the next one. */
  segment = 0;
  offset = 0;
  /** Its stream is closed, and has pushes that are still to be delivered. */
  lingers = false;
  /** The stream ends behind what was pushed. */
  shut = false;
  /** Stands in the list of those that wait for room in the device, or for their next turn. */
  waiting = false;
  /** Number of the poll since which it has sent last, and how many bytes it has queued since. */
  turn = -1;
  turnBytes = 0;
  /** Of a datagram socket's channel: stands in its list of those with something to read. */
  readable = false;
  peerAddress = 0;
  peerPort = 0;

  constructor(endpoint: ChannelEndpoint, connection: MessageConnection, line: Line) {
    this.endpoint = endpoint;
    this.connection = connection;
    this.line = line;
    connection.owner = this;
    line.owner = this;
  }

  /** Whether some have not completed. */
  get hasPushes(): boolean {
    return this.pushes.head !== NO_SLOT || this.inFlight.head !== NO_SLOT;
  }

  get established(): boolean {
    return this.connection.peer >= 0;
  }
}

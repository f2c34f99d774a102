/**
 * Passive opens: a listener, its bounded backlog, and the SYN that makes a connection (RFC 9293, section 3.10.7.2).
 *
 *     SYN -> half open (SYN-RECEIVED) -> complete, in the queue -> taken by accept
 *
 * The backlog bounds the complete ones; SYNs beyond it are dropped, and the peer sends them again.
 */
import type { Ipv4 } from '../ipv4.ts';
import { advance } from '../sequence.ts';
import { Flag, type TcpSegment } from '../wire/tcp.ts';
import { adoptSynOptions } from './connect.ts';
import { type TcpConnection, TcpState } from './connection.ts';
import type { Tcp } from './tcp.ts';

/** Half-open connections that a listener holds at least, so that a burst of connections passes a short backlog. */
const MIN_HALF_OPEN = 256;

export class Listener {
  /** 0: any address of this host. */
  readonly address: number;
  readonly port: number;
  readonly backlog: number;
  halfOpen = 0;
  complete = 0;
  /** A connection is complete since the layer above looked last. */
  touched = false;
  /** What the layer above keeps with it. */
  owner: unknown = null;
  #head: TcpConnection | null = null;
  #tail: TcpConnection | null = null;
  readonly #onComplete: (listener: Listener) => void;

  constructor(address: number, port: number, backlog: number, onComplete: (listener: Listener) => void) {
    this.address = address;
    this.port = port;
    this.backlog = backlog;
    this.#onComplete = onComplete;
  }

  get isFull(): boolean {
    return this.complete >= this.backlog || this.halfOpen >= Math.max(this.backlog, MIN_HALF_OPEN);
  }

  /** A half-open connection of this listener has been established. */
  completed(connection: TcpConnection): void {
    this.halfOpen--;
    this.complete++;
    if (this.#tail === null) this.#head = connection;
    else this.#tail.nextAccepted = connection;
    this.#tail = connection;
    this.#onComplete(this);
  }

  /** The connection that completed first, or null; it may have ended since. */
  take(): TcpConnection | null {
    const connection = this.#head;
    if (connection === null) return null;
    this.#head = connection.nextAccepted;
    if (this.#head === null) this.#tail = null;
    connection.nextAccepted = null;
    connection.listener = null;
    this.complete--;
    return connection;
  }
}

/** A segment came for a port that is listened on and no connection's, or only that of `previous` in TIME-WAIT. */
export function synArrives(
  tcp: Tcp,
  listener: Listener,
  segment: TcpSegment,
  previous: TcpConnection | null,
): void {
  const { flags } = segment;
  if (flags & Flag.Rst) return;
  if (flags & Flag.Ack || !isFor(listener, tcp.ipv4)) {
    tcp.reject(segment);
    return;
  }
  // A SYN with FIN makes no sense, and is a well-known way to probe.
  if (!(flags & Flag.Syn) || flags & Flag.Fin) return;
  if (listener.isFull) {
    tcp.counters.backlogDropped++;
    return;
  }
  const { source, address } = tcp.ipv4;
  const neighbour = tcp.ipv4.nextHop(source);
  if (neighbour === null) return;
  const connection = tcp.create(address, listener.port, source, segment.sourcePort, neighbour, previous);
  connection.state = TcpState.SynReceived;
  connection.listener = listener;
  listener.halfOpen++;
  connection.initialReceiveSequence = segment.sequence;
  connection.receiveNext = advance(segment.sequence, 1);
  connection.advertisedEdge = advance(
    connection.receiveNext,
    Math.min(tcp.options.receiveWindowBytes, 65_535),
  );
  adoptSynOptions(tcp, connection, segment);
  connection.sendWindow = segment.window;
  connection.windowUpdateSequence = segment.sequence;
  connection.windowUpdateAcknowledgement = connection.initialSendSequence;
  connection.synDue = true;
  connection.endAtUs = tcp.nowUs + tcp.options.connectTimeoutUs;
  tcp.arm(connection, connection.endAtUs);
  // Data that came with the SYN is left: the peer sends it again once the connection stands.
  tcp.markDirty(connection);
}

/** A half-open connection ends before it was established. */
export function forgetHalfOpen(connection: TcpConnection): void {
  if (connection.state === TcpState.SynReceived && connection.listener !== null) {
    connection.listener.halfOpen--;
    connection.listener = null;
  }
}

function isFor(listener: Listener, ipv4: Ipv4): boolean {
  return listener.address === 0 || listener.address === ipv4.destination;
}

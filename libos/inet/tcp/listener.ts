/**
 * A listener and its bounded backlog.
 *
 *     SYN -> half open (SYN-RECEIVED) -> complete, in the queue -> taken by accept
 *
 * The backlog bounds the complete ones; SYNs beyond it are dropped, and the peer sends them again. Half-open ones are
 * bounded too; SYNs beyond that are answered with cookies (syn-cookies.ts), of which nothing is kept.
 */
import type { TcpSegment } from '../wire/tcp.ts';
import type { Opener, TcpConnection } from './connection.ts';
import { COOKIE_PERIOD_US } from './syn-cookies.ts';

/**
 * Half-open connections that a listener holds at least, so that a burst of connections passes a short
 * backlog.
 */
export const MIN_HALF_OPEN = 256;
/** A double that is no integer: the engine stores a field that starts with one as a double for ever. */
const NEVER = Number.POSITIVE_INFINITY;

export class Listener implements Opener {
  /** 0: any address of this host. */
  readonly address: number;
  readonly port: number;
  readonly backlog: number;
  halfOpen = 0;
  /** When a SYN was answered with a cookie last. */
  #cookieAtUs = -NEVER;
  /** What the layer above keeps with it. */
  readonly owner: unknown;
  /** In the order in which they became complete; some may have ended since. */
  readonly #queue: TcpConnection[] = [];
  /** A connection is complete since the layer above looked last. */
  #touched = false;
  readonly #onComplete: (listener: Listener) => void;

  /** @param onComplete is called when a connection is complete, and then not again before `looked` */
  constructor(
    address: number,
    port: number,
    backlog: number,
    onComplete: (listener: Listener) => void,
    owner: unknown,
  ) {
    this.address = address;
    this.port = port;
    this.backlog = backlog;
    this.#onComplete = onComplete;
    this.owner = owner;
  }

  /** Whether it listens at this address of ours. */
  isAt(address: number): boolean {
    return this.address === 0 || this.address === address;
  }

  /** Connections that are complete and have not been taken. */
  get complete(): number {
    return this.#queue.length;
  }

  /** No more connections can be begun. */
  get isFull(): boolean {
    return !this.hasRoom || this.halfOpen >= Math.max(this.backlog, MIN_HALF_OPEN);
  }

  get hasRoom(): boolean {
    return this.complete < this.backlog;
  }

  /** Makes a half-open connection of a SYN. */
  open(connection: TcpConnection, segment: TcpSegment): void {
    this.halfOpen++;
    connection.openedPassively(this, segment);
  }

  /** Makes a connection of a cookie that has come back; `segment` is the SYN that it stood for. */
  openByCookie(connection: TcpConnection, segment: TcpSegment): void {
    this.halfOpen++;
    connection.openedByCookie(this, segment);
  }

  cookieWasSent(nowUs: number): void {
    this.#cookieAtUs = nowUs;
  }

  /** One that was sent may come back. At other times an acknowledgement of nothing is not worth a look. */
  expectsCookies(nowUs: number): boolean {
    return nowUs - this.#cookieAtUs < 2 * COOKIE_PERIOD_US;
  }

  completed(connection: TcpConnection): void {
    this.halfOpen--;
    this.#queue.push(connection);
    if (this.#touched) return;
    this.#touched = true;
    this.#onComplete(this);
  }

  halfOpenEnded(): void {
    this.halfOpen--;
  }

  /** The layer above looks at what is complete. */
  looked(): void {
    this.#touched = false;
  }

  /** The connection that completed first, or null; it may have ended since. */
  take(): TcpConnection | null {
    const connection = this.#queue.shift();
    if (connection === undefined) return null;
    connection.accepted();
    return connection;
  }
}

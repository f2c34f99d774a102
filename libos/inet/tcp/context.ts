/**
 * What all connections of a stack share: its clock, options, counters and timers, the table of connections,
 * those that may have something to send, and those that the layer above has to look at.
 *
 * It knows connections by what the lists need of them (Attended), so that a part of a connection can hold a
 * context.
 */
import type { BufferPool } from '../../memory/pool.ts';
import { WorkList } from '../../work-list.ts';
import type { Device } from '../device.ts';
import type { Ipv4 } from '../ipv4.ts';
import { KeyedHash } from '../keyed-hash.ts';
import type { Neighbours } from '../neighbours.ts';
import { type Timed, Timers } from '../timers.ts';
import { TcpCounters } from './counters.ts';
import { Demultiplexer, type Named } from './demultiplexer.ts';
import type { TcpOptions } from './options.ts';
import { Output } from './output.ts';
import type { ReportedError } from './reported-error.ts';
import { SendTurns, type TakesTurns } from './send-turns.ts';
import { SynCookies } from './syn-cookies.ts';
import { TimeWaitList, type Waiting } from './time-wait.ts';

/** A connection, to the lists. Only Context writes the marks. */
export interface Attended extends Timed, Named, Waiting, TakesTurns {
  /** Stands in the list of connections that the layer above has to look at. */
  touched: boolean;
  /** What the layer above keeps with it; null: nobody looks at it. */
  readonly owner: unknown;
}

export class Context<C extends Attended = Attended> {
  readonly counters = new TcpCounters();
  readonly device: Device;
  readonly ipv4: Ipv4;
  readonly neighbours: Neighbours;
  readonly pool: BufferPool;
  readonly options: TcpOptions;
  readonly output: Output;
  readonly connections: Demultiplexer<C>;
  readonly timeWait = new TimeWaitList<C>();
  readonly timers = new Timers<C>();
  readonly hash: KeyedHash;
  readonly cookies: SynCookies;
  /** What the network had reported of the connection that ended last as HOST_UNREACHABLE; null: nothing. */
  lastReported: ReportedError | null = null;
  /** Time of the work in hand, in microseconds. */
  nowUs = 0.5;
  /** The connections that may have something to send. */
  readonly turns = new SendTurns<C>();
  readonly #touched = new WorkList<C>();
  /** How many of #touched have been taken. */
  #touchedTaken = 0;

  /** @param secret two random 32-bit integers, the key of initial sequence numbers and of SYN cookies */
  constructor(
    device: Device,
    ipv4: Ipv4,
    neighbours: Neighbours,
    pool: BufferPool,
    options: TcpOptions,
    secret: readonly [number, number],
  ) {
    this.device = device;
    this.ipv4 = ipv4;
    this.neighbours = neighbours;
    this.pool = pool;
    this.options = options;
    this.output = new Output(device, ipv4, neighbours, this.counters);
    this.hash = new KeyedHash(secret[0], secret[1]);
    this.cookies = new SynCookies(secret);
    this.connections = new Demultiplexer(secret[0] ^ secret[1]);
  }

  /** Largest segment that we take and, options aside, send (RFC 9293, section 3.7.1). */
  get maxSegmentBytes(): number {
    return this.device.mtu - 40;
  }

  /** Sets `nowUs` to the time of the device's last exchange. */
  readClock(): void {
    this.nowUs = this.device.nowUs;
  }

  /** The connection may have something to send. */
  markDirty(connection: C): void {
    this.turns.mark(connection);
  }

  /** The layer above has to look at the connection. */
  touch(connection: C): void {
    if (connection.touched || connection.owner === null) return;
    connection.touched = true;
    this.#touched.add(connection);
  }

  /** The next connection that the layer above has to look at, or null. Its mark is gone. */
  takeTouched(): C | null {
    const touched = this.#touched;
    if (this.#touchedTaken === touched.count) {
      if (touched.count > 0) touched.clear();
      this.#touchedTaken = 0;
      return null;
    }
    const connection = touched.at(this.#touchedTaken++);
    connection.touched = false;
    return connection;
  }
}

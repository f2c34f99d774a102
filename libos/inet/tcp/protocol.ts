/**
 * TCP over one device: to which connection or listener a segment goes, and when connections act. The engine
 * has no clock, no timer and no random source; its time is the device's.
 *
 *     process(frame)   a segment came: to its connection, its listener, or a reset goes back
 *     expire()         deadlines that have passed
 *     dispatch()       whatever the connections owe goes into frames of the device
 *     pollAt()         when there will be something to do although nothing comes
 *
 * Segments that come in a burst are all processed before dispatch, so that one acknowledgement answers several
 * (receiver.ts says how many).
 */
import type { BufferPool } from '../../memory/pool.ts';
import type { SgaSegment } from '../../memory/sga.ts';
import { Checksum } from '../checksum.ts';
import { ChecksumStatus, type Device } from '../device.ts';
import type { Ipv4 } from '../ipv4.ts';
import type { Neighbours } from '../neighbours.ts';
import { distance, isBefore } from '../sequence.ts';
import { Protocol } from '../wire/ipv4.ts';
import { Flag, TcpSegment } from '../wire/tcp.ts';
import { arrivesForListener } from './accept.ts';
import { answerArrives } from './connect.ts';
import type { TcpConnection } from './connection.ts';
import { Context } from './context.ts';
import { Predicted, takePredicted } from './header-prediction.ts';
import type { Listener } from './listener.ts';
import type { TcpOptions } from './options.ts';
import { AckDue } from './receiver.ts';
import { TcpState } from './states.ts';
import { timerExpired } from './timer.ts';

export class Tcp {
  readonly context: Context<TcpConnection>;
  readonly listeners = new Map<number, Listener>();
  /** Header prediction; what is not as predicted takes the steps of TcpConnection.arrives. */
  readonly takePredicted: typeof takePredicted = takePredicted;
  /** The segment that is being processed. */
  readonly #segment = new TcpSegment();
  readonly #checksum = new Checksum();

  /** @param secret two random 32-bit integers, of which initial sequence numbers are made */
  constructor(
    device: Device,
    ipv4: Ipv4,
    neighbours: Neighbours,
    pool: BufferPool,
    options: TcpOptions,
    secret: readonly [number, number],
  ) {
    this.context = new Context(device, ipv4, neighbours, pool, options, secret);
  }

  get counters() {
    return this.context.counters;
  }

  get connections() {
    return this.context.connections;
  }

  /**
   * Takes the TCP segment in `frame` that ipv4 has accepted. Returns whether the frame was kept; otherwise it
   * is the caller's still.
   */
  process(frame: SgaSegment, checksumStatus: ChecksumStatus): boolean {
    const { context } = this;
    const { counters, ipv4 } = context;
    const segment = this.#segment;
    context.readClock();
    counters.segmentsReceived++;
    if (ipv4.broadcast || !segment.read(frame.bytes, ipv4.payloadAt, ipv4.payloadLength)) {
      counters.malformed++;
      return false;
    }
    if (checksumStatus !== ChecksumStatus.Good && !this.#isIntact(frame, checksumStatus)) {
      counters.badChecksum++;
      return false;
    }
    const connection = context.connections.find(segment.destinationPort, ipv4.source, segment.sourcePort);
    if (connection === null) {
      return this.#arrivesForNone(segment, frame, null);
    }
    const predicted = this.takePredicted(connection, segment, frame);
    if (predicted !== Predicted.No) return predicted === Predicted.Kept;
    if (connection.state === TcpState.SynSent) {
      answerArrives(connection, segment);
      return false;
    }
    if (connection.state === TcpState.TimeWait && this.#reopens(connection, segment)) {
      return this.#arrivesForNone(segment, frame, connection);
    }
    return connection.arrives(segment, frame);
  }

  /**
   * Returns whether the frame was kept.
   *
   * @param previous its connection so far, in TIME-WAIT, which ends when the segment opens a new one
   */
  #arrivesForNone(segment: TcpSegment, frame: SgaSegment, previous: TcpConnection | null): boolean {
    const listener = this.listeners.get(segment.destinationPort);
    if (listener !== undefined) return arrivesForListener(this.context, listener, segment, frame, previous);
    this.context.output.reject(segment, this.context.ipv4.lastHop(frame.bytes));
    return false;
  }

  /** Lets every connection whose deadline has passed act on it. */
  expire(): void {
    const { context } = this;
    context.readClock();
    const { timers, nowUs } = context;
    for (let due = timers.due(nowUs); due !== null; due = timers.due(nowUs)) timerExpired(due);
  }

  /** Puts what the connections have to send into frames, as far as their turns and the device's frames go. */
  dispatch(): void {
    const { context } = this;
    if (context.turns.isEmpty) return;
    context.readClock();
    context.turns.run();
  }

  pollAt(): number {
    const { context } = this;
    return !context.turns.isEmpty ? context.nowUs : context.timers.next();
  }

  /** Whether some connection still has bytes, or its end, to bring to the peer. */
  get hasUnfinished(): boolean {
    let unfinished = false;
    this.context.connections.forEach(({ state, sender, receiver }) => {
      if (state < TcpState.Established || state === TcpState.TimeWait) return;
      unfinished ||= sender.hasUnfinished || receiver.ackDue !== AckDue.No;
    });
    return unfinished;
  }

  #isIntact(frame: SgaSegment, checksumStatus: ChecksumStatus): boolean {
    if (checksumStatus === ChecksumStatus.Bad) return false;
    const { ipv4 } = this.context;
    const checksum = this.#checksum;
    checksum.reset();
    checksum.addPseudoHeader(ipv4.source, ipv4.destination, Protocol.Tcp, ipv4.payloadLength);
    checksum.add(frame.bytes, ipv4.payloadAt, ipv4.payloadLength);
    return checksum.result() === 0;
  }

  /**
   * Whether the segment may open anew what is in TIME-WAIT (RFC 9293, section 3.10.7.4, and RFC 6191, section 2).
   * What may not is answered by the connection that waits.
   */
  #reopens({ receiver }: TcpConnection, segment: TcpSegment): boolean {
    const { flags } = segment;
    if ((flags & (Flag.Syn | Flag.Ack | Flag.Rst | Flag.Fin)) !== Flag.Syn) return false;
    const listener = this.listeners.get(segment.destinationPort);
    if (listener === undefined || !listener.isAt(this.context.ipv4.destination)) return false;
    if (segment.hasTimestamps) {
      // Of segments of before none has timestamps, and the new connection drops those.
      if (!receiver.timestamps) return true;
      const newer = distance(receiver.recentTimestamp, segment.timestamp);
      if (newer !== 0) return newer > 0;
    }
    return isBefore(receiver.next, segment.sequence);
  }
}

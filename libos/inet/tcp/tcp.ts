/**
 * TCP over one device: its connections, listeners and timers, and who has something to send. The engine has no clock,
 * no timer and no random source; its time is the device's.
 *
 *     process(frame)   a segment came: to its connection, its listener, or a reset goes back
 *     expire()         deadlines that have passed
 *     dispatch()       whatever the connections owe goes into frames of the device
 *     pollAt()         when there will be something to do although nothing comes
 *
 * Segments that come in a burst are all processed before dispatch, so that one acknowledgement answers a burst.
 */
import type { ErrorCode } from '../../errors.ts';
import type { BufferPool } from '../../memory/pool.ts';
import type { SgaSegment } from '../../memory/sga.ts';
import { WorkList } from '../../work-list.ts';
import { Checksum } from '../checksum.ts';
import { ChecksumStatus, type Device } from '../device.ts';
import { type Ipv4, PREPARED_BYTES } from '../ipv4.ts';
import type { Neighbour, Neighbours } from '../neighbours.ts';
import { advance, distance, isBefore } from '../sequence.ts';
import { Timers } from '../timers.ts';
import { PacketMemory, writeU16 } from '../wire/bytes.ts';
import { Protocol } from '../wire/ipv4.ts';
import { CHECKSUM_AT, Flag, HEADER_BYTES, TcpSegment, writeHeader } from '../wire/tcp.ts';
import { forgetHalfOpen, type Listener, synArrives } from './accept.ts';
import { createCongestionControl } from './congestion.ts';
import { AckDue, TcpConnection, TcpState } from './connection.ts';
import { Demultiplexer } from './demultiplexer.ts';
import { InitialSequenceNumbers } from './initial-sequence.ts';
import type { TcpOptions } from './options.ts';
import { segmentArrives } from './receive.ts';
import { RttEstimator } from './rtt.ts';
import { transmitDue } from './send.ts';
import { timerExpired } from './timer.ts';

/** Connections in TIME-WAIT kept at most: the oldest end early beyond it. */
const MAX_TIME_WAIT = 16_384;
/** Numbers between two incarnations of a connection, against old duplicates and for being hard to guess. */
const INCARNATION_GAP = 65_536;

export class Tcp {
  readonly counters = {
    segmentsReceived: 0,
    segmentsSent: 0,
    malformed: 0,
    badChecksum: 0,
    /** Went to no connection and no listener, or had an unacceptable acknowledgement: a reset was sent. */
    resetsSent: 0,
    resetsReceived: 0,
    /** Outside the window, or older than what came before (PAWS). */
    unacceptable: 0,
    challengeAcks: 0,
    outOfOrder: 0,
    /** Could not be kept for lack of memory; the peer sends it again. */
    receiveDropped: 0,
    retransmitted: 0,
    retransmissionTimeouts: 0,
    fastRecoveries: 0,
    probes: 0,
    /** SYNs dropped because the listener's backlog was full. */
    backlogDropped: 0,
  };
  readonly device: Device;
  readonly ipv4: Ipv4;
  readonly neighbours: Neighbours;
  readonly pool: BufferPool;
  readonly options: TcpOptions;
  readonly connections: Demultiplexer;
  readonly listeners = new Map<number, Listener>();
  readonly timers = new Timers<TcpConnection>();
  /** The segment that is being processed. */
  readonly segment = new TcpSegment();
  readonly checksum = new Checksum();
  readonly memory = new PacketMemory();
  readonly sackBlocks = new Int32Array(8);
  readonly hole = new Int32Array(2);
  /** Connections that the layer above has to look at; it empties the list. */
  readonly touched = new WorkList<TcpConnection>();
  /** Time of what is being done, in microseconds. */
  nowUs = 0.5;
  #dirty = new WorkList<TcpConnection>();
  #dispatching = new WorkList<TcpConnection>();
  readonly #timeWait: TcpConnection[] = [];
  readonly #initialSequence: InitialSequenceNumbers;

  /** @param secret two random 32-bit integers, of which initial sequence numbers are made */
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
    this.#initialSequence = new InitialSequenceNumbers(secret[0], secret[1]);
    this.connections = new Demultiplexer(secret[0] ^ secret[1]);
  }

  /** Largest segment that we take and, options aside, send (RFC 9293, section 3.7.1). */
  get maxSegmentBytes(): number {
    return this.device.mtu - 40;
  }

  /**
   * Takes the TCP segment in `frame` that ipv4 has accepted. Returns whether the frame was kept; otherwise it is the
   * caller's still.
   */
  process(frame: SgaSegment, checksumStatus: ChecksumStatus): boolean {
    const { ipv4, segment, counters } = this;
    this.nowUs = this.device.nowUs;
    counters.segmentsReceived++;
    if (ipv4.broadcast || !segment.read(frame.bytes, ipv4.payloadAt, ipv4.payloadLength)) {
      counters.malformed++;
      return false;
    }
    if (checksumStatus !== ChecksumStatus.Good && !this.#isIntact(frame, checksumStatus)) {
      counters.badChecksum++;
      return false;
    }
    let previous: TcpConnection | null = null;
    const connection = this.connections.find(segment.destinationPort, ipv4.source, segment.sourcePort);
    if (connection !== null) {
      if (connection.state !== TcpState.TimeWait || !this.#reopens(connection)) {
        return segmentArrives(this, connection, segment, frame);
      }
      this.remove(connection);
      previous = connection;
    }
    const listener = this.listeners.get(segment.destinationPort);
    if (listener !== undefined) synArrives(this, listener, segment, previous);
    else this.reject(segment);
    return false;
  }

  /** Lets every connection whose deadline has passed act on it. */
  expire(): void {
    this.nowUs = this.device.nowUs;
    for (let due = this.timers.due(this.nowUs); due !== null; due = this.timers.due(this.nowUs)) {
      timerExpired(this, due);
      this.reschedule(due);
    }
  }

  /** Puts what the connections have to send into frames, until none is left to send or the device has no frame. */
  dispatch(): void {
    const dispatching = this.#dirty;
    if (dispatching.count === 0) return;
    this.nowUs = this.device.nowUs;
    this.#dirty = this.#dispatching;
    this.#dispatching = dispatching;
    let full = false;
    for (let i = 0; i < dispatching.count; i++) {
      const connection = dispatching.items[i]!;
      connection.dirty = false;
      if (connection.state === TcpState.Closed) continue;
      if (full || !transmitDue(this, connection)) {
        full = true;
        this.markDirty(connection);
      }
    }
    dispatching.clear();
  }

  pollAt(): number {
    return this.#dirty.count > 0 ? this.nowUs : this.timers.next();
  }

  /** Whether some connection still has bytes, or its end, to bring to the peer. */
  get hasUnfinished(): boolean {
    let unfinished = false;
    this.connections.forEach((connection) => {
      const { state, sendUnacknowledged, sendQueue, finQueued, finSent, inFlight } = connection;
      if (state < TcpState.Established || state === TcpState.TimeWait) return;
      const data = isBefore(sendUnacknowledged, sendQueue.end);
      unfinished ||= data || (finQueued && !finSent) || inFlight > 0 || connection.ackDue !== AckDue.No;
    });
    return unfinished;
  }

  // For the parts of the engine

  markDirty(connection: TcpConnection): void {
    if (connection.dirty) return;
    connection.dirty = true;
    this.#dirty.add(connection);
  }

  touch(connection: TcpConnection): void {
    if (connection.touched || connection.owner === null) return;
    connection.touched = true;
    this.touched.add(connection);
  }

  /** Makes sure that timerExpired is called no later than `atUs`; it may be called earlier. */
  arm(connection: TcpConnection, atUs: number): void {
    if (atUs < connection.deadlineUs) this.timers.set(connection, atUs);
  }

  reschedule(connection: TcpConnection): void {
    if (connection.state === TcpState.Closed) return;
    const { retransmitAtUs, ackAtUs, endAtUs, keepAliveAtUs } = connection;
    this.timers.set(connection, Math.min(retransmitAtUs, ackAtUs, endAtUs, keepAliveAtUs));
  }

  /**
   * A connection, in the table. `neighbour` is where its segments go.
   *
   * @param previous of the same names, whose TIME-WAIT it ends: it starts behind all numbers that this one has used
   *   (RFC 9293, section 3.10.7.4, MAY-2)
   */
  create(
    localAddress: number,
    localPort: number,
    remoteAddress: number,
    remotePort: number,
    neighbour: Neighbour,
    previous: TcpConnection | null,
  ): TcpConnection {
    const { minRtoUs, maxRtoUs, congestion } = this.options;
    const connection = new TcpConnection(
      localAddress,
      localPort,
      remoteAddress,
      remotePort,
      neighbour,
      new RttEstimator(minRtoUs, maxRtoUs),
      createCongestionControl(congestion, this.maxSegmentBytes),
    );
    const names = [localAddress, localPort, remoteAddress, remotePort] as const;
    let sequence = this.#initialSequence.next(this.nowUs, ...names);
    if (previous !== null && isBefore(sequence, advance(previous.sendNext, INCARNATION_GAP))) {
      sequence = advance(previous.sendNext, INCARNATION_GAP);
    }
    connection.initialSendSequence = sequence;
    connection.sendUnacknowledged = sequence;
    connection.sendNext = sequence;
    connection.sendQueue.start(advance(sequence, 1));
    connection.timestampOffset = this.#initialSequence.hash(remoteAddress, localAddress, remotePort);
    connection.receiveWindowScale = windowScaleFor(this.options.receiveWindowBytes);
    connection.lastReceivedUs = this.nowUs;
    connection.progressAtUs = this.nowUs;
    neighbour.retain();
    this.connections.add(connection);
    return connection;
  }

  /** Ends the connection with an error that its application is told. */
  fail(connection: TcpConnection, error: ErrorCode): void {
    connection.error = error;
    this.remove(connection);
    this.touch(connection);
  }

  /** Forgets a connection and gives its memory back, but for received data that its application may still want. */
  remove(connection: TcpConnection): void {
    if (connection.state === TcpState.Closed) return;
    forgetHalfOpen(connection);
    connection.state = TcpState.Closed;
    this.connections.delete(connection);
    this.timers.cancel(connection);
    connection.neighbour.release();
    connection.sendQueue.clear(this.pool);
    connection.reassembly?.clear();
    if (connection.owner === null) this.discardReceived(connection);
  }

  discardReceived(connection: TcpConnection): void {
    for (let segment = connection.takeReceived(); segment !== null; segment = connection.takeReceived()) {
      segment.home.give(segment);
    }
  }

  /** Nobody is there to close a connection that its application has left, should the peer never do so. */
  limitFinWait2(connection: TcpConnection): void {
    connection.endAtUs = this.nowUs + this.options.timeWaitUs;
    this.arm(connection, connection.endAtUs);
  }

  enterTimeWait(connection: TcpConnection): void {
    connection.state = TcpState.TimeWait;
    connection.retransmitAtUs = Number.POSITIVE_INFINITY;
    connection.keepAliveAtUs = Number.POSITIVE_INFINITY;
    connection.endAtUs = this.nowUs + this.options.timeWaitUs;
    this.arm(connection, connection.endAtUs);
    this.#timeWait.push(connection);
    if (this.#timeWait.length <= MAX_TIME_WAIT) return;
    const waiting = this.#timeWait.filter(({ state }) => state === TcpState.TimeWait);
    for (const oldest of waiting.splice(0, MAX_TIME_WAIT / 2)) this.remove(oldest);
    this.#timeWait.length = 0;
    this.#timeWait.push(...waiting);
  }

  /** Answers a segment that belongs to no connection (RFC 9293, section 3.10.7.1), unless it is a reset itself. */
  reject(segment: TcpSegment): void {
    if (segment.flags & Flag.Rst) return;
    if (segment.flags & Flag.Ack) {
      this.#reply(segment, segment.acknowledgement, 0, Flag.Rst);
    } else {
      const acknowledgement = advance(segment.sequence, segment.sequenceLength);
      this.#reply(segment, 0, acknowledgement, Flag.Rst | Flag.Ack);
    }
  }

  /** Tells the peer of `connection` that it has ended (RFC 9293, section 3.10.5). */
  sendReset(connection: TcpConnection): void {
    const { neighbour, remoteAddress, localPort, remotePort, sendNext, receiveNext } = connection;
    const flags = Flag.Rst | Flag.Ack;
    this.#sendBare(neighbour, remoteAddress, localPort, remotePort, sendNext, receiveNext, flags);
  }

  #reply(segment: TcpSegment, sequence: number, acknowledgement: number, flags: number): void {
    const { source } = this.ipv4;
    const neighbour = this.ipv4.nextHop(source);
    if (neighbour === null) return;
    const { destinationPort, sourcePort } = segment;
    this.#sendBare(neighbour, source, destinationPort, sourcePort, sequence, acknowledgement, flags);
  }

  #sendBare(
    neighbour: Neighbour,
    address: number,
    localPort: number,
    remotePort: number,
    sequence: number,
    acknowledgement: number,
    flags: number,
  ): void {
    const frame = this.ipv4.prepare(neighbour, address, Protocol.Tcp, HEADER_BYTES);
    if (frame === null) return;
    const at = frame.offset + PREPARED_BYTES;
    writeHeader(frame.bytes, at, localPort, remotePort, sequence, acknowledgement, flags, 0, 0);
    if (!this.device.fillsChecksums) {
      this.checksum.reset();
      this.checksum.addPseudoHeader(this.ipv4.address, address, Protocol.Tcp, HEADER_BYTES);
      this.checksum.add(frame.bytes, at, HEADER_BYTES);
      writeU16(frame.bytes, at + CHECKSUM_AT, this.checksum.result());
    }
    frame.length += HEADER_BYTES;
    this.counters.resetsSent++;
    this.counters.segmentsSent++;
    if (neighbour.resolved) this.device.transmit(frame);
    else this.neighbours.hold(neighbour, frame);
  }

  #isIntact(frame: SgaSegment, checksumStatus: ChecksumStatus): boolean {
    if (checksumStatus === ChecksumStatus.Bad) return false;
    const { ipv4, checksum } = this;
    checksum.reset();
    checksum.addPseudoHeader(ipv4.source, ipv4.destination, Protocol.Tcp, ipv4.payloadLength);
    checksum.add(frame.bytes, ipv4.payloadAt, ipv4.payloadLength);
    return checksum.result() === 0;
  }

  /** Whether the segment opens anew what is in TIME-WAIT (RFC 9293, section 3.10.7.4, and RFC 6191). */
  #reopens(connection: TcpConnection): boolean {
    const { segment } = this;
    if ((segment.flags & (Flag.Syn | Flag.Ack | Flag.Rst)) !== Flag.Syn) return false;
    if (!this.listeners.has(segment.destinationPort)) return false;
    if (connection.timestamps && segment.hasTimestamps) {
      const newer = distance(connection.recentTimestamp, segment.timestamp);
      if (newer !== 0) return newer > 0;
    }
    return isBefore(connection.receiveNext, segment.sequence);
  }
}

/** The shift with which a window of `bytes` can be told in 16 bits (RFC 7323, section 2.2). */
function windowScaleFor(bytes: number): number {
  let shift = 0;
  while (bytes / 2 ** shift > 65_535) shift++;
  return shift;
}

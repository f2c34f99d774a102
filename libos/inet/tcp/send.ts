/**
 * Sending: what a connection owes goes into frames. New data within both windows, retransmissions first while something
 * is lost, the SYN and the FIN, window probes, and acknowledgements that no data carries.
 */
import { PREPARED_BYTES } from '../ipv4.ts';
import { advance, distance, later } from '../sequence.ts';
import { writeU16 } from '../wire/bytes.ts';
import { Protocol } from '../wire/ipv4.ts';
import {
  CHECKSUM_AT,
  Flag,
  HEADER_BYTES,
  MAX_OPTION_BYTES,
  MAX_SACK_BLOCKS,
  TIMESTAMPS_BYTES,
  writeHeader,
  writeHeaderWords,
  writeSack,
  writeSynOptions,
  writeTimestampWords,
} from '../wire/tcp.ts';
import { AckDue, Recovery, type TcpConnection, TcpState } from './connection.ts';
import { bytesInNetwork, Hole, nextHole } from './recovery.ts';
import type { Tcp } from './tcp.ts';

/** How often a connection asks for a neighbour that has not answered. */
const NEIGHBOUR_PATIENCE_US = 1e6;

/** Sends what is due. Returns false when the device had no frame for it: it is to be called again. */
export function transmitDue(tcp: Tcp, connection: TcpConnection): boolean {
  const { neighbour } = connection;
  if (!neighbour.resolved) {
    const waitsAlready = connection.inFlight > 0 || connection.retransmitAtUs !== Number.POSITIVE_INFINITY;
    if (!waitsAlready) connection.progressAtUs = tcp.nowUs;
    askForNeighbour(tcp, connection);
    return true;
  }
  if (connection.synDue) return sendSyn(tcp, connection);
  if (!connection.isSynchronized) return true;
  if (connection.recovery !== Recovery.Open && !retransmitLost(tcp, connection)) return false;
  if (!sendNew(tcp, connection)) return false;
  if (connection.ackDue === AckDue.Now) {
    return emit(tcp, connection, acknowledgingSequence(connection), 0, Flag.Ack);
  }
  return true;
}

/**
 * Number of an empty segment: sendNext, unless a probe or a window that was taken back has left that beyond the peer's
 * window, where the peer would not look at it (RFC 9293, section 3.10.7.4).
 */
function acknowledgingSequence(connection: TcpConnection): number {
  const { sendNext, sendWindow, inFlight, finSent } = connection;
  const beyond = inFlight - sendWindow - (finSent ? 1 : 0);
  return beyond > 0 ? advance(sendNext, -beyond) : sendNext;
}

/** Tells the peer of room that the application has made, if it is worth a segment (RFC 9293, section 3.8.6.2.2). */
export function roomWasMade(tcp: Tcp, connection: TcpConnection): void {
  const { receiveWindowBytes } = tcp.options;
  const offered = distance(connection.receiveNext, connection.advertisedEdge);
  const most = Math.min(receiveWindowBytes, 65_535 << connection.receiveWindowScale);
  const gained = Math.min(most, receiveWindowBytes - connection.receiveQueued) - offered;
  if (gained < Math.min(2 * connection.mss, most / 2)) return;
  // While the peer has plenty of room, the next acknowledgement tells it early enough.
  if (offered > most / 2 || connection.finReceived) return;
  connection.ackDue = AckDue.Now;
  tcp.markDirty(connection);
}

/**
 * Asks a peer whose window is closed, or too small to be worth a segment, for news: sends a byte beyond it, or what it
 * takes (RFC 9293, section 3.8.6.1), and that again as long as it is not acknowledged.
 */
export function sendProbe(tcp: Tcp, connection: TcpConnection): void {
  const { sendQueue, sendUnacknowledged, sendNext, sendWindow, mss, inFlight } = connection;
  if (!connection.neighbour.resolved) return;
  tcp.counters.probes++;
  if (inFlight > 0) {
    retransmit(tcp, connection, sendUnacknowledged, Math.min(inFlight, mss));
    return;
  }
  const queued = distance(sendNext, sendQueue.end);
  emitData(tcp, connection, sendNext, Math.min(Math.max(1, sendWindow), queued, mss), false);
}

/** Asks the peer whether it is there by a number that it has acknowledged already (RFC 9293, section 3.8.4). */
export function sendKeepAlive(tcp: Tcp, connection: TcpConnection): void {
  emit(tcp, connection, advance(connection.sendNext, -1), 0, Flag.Ack);
}

/** The connection is marked dirty when the answer comes; should nobody answer, it asks again by its timer. */
export function askForNeighbour(tcp: Tcp, connection: TcpConnection): void {
  tcp.neighbours.use(connection.neighbour);
  if (connection.retransmitAtUs !== Number.POSITIVE_INFINITY) return;
  connection.retransmitAtUs = tcp.nowUs + NEIGHBOUR_PATIENCE_US;
  tcp.arm(connection, connection.retransmitAtUs);
}

function retransmitLost(tcp: Tcp, connection: TcpConnection): boolean {
  const { congestion, mss } = connection;
  const { hole } = tcp;
  let inNetwork = bytesInNetwork(connection);
  while (connection.retransmitFirst || congestion.window - inNetwork >= mss) {
    const kind = nextHole(connection, hole);
    if (kind === Hole.None) break;
    const start = hole[0];
    const sent = retransmit(tcp, connection, start, Math.min(distance(start, hole[1]), mss));
    if (sent < 0) return false;
    connection.retransmitFirst = false;
    if (kind === Hole.Lost) {
      connection.highRetransmitted = later(connection.highRetransmitted, advance(start, sent));
    }
    inNetwork += sent;
  }
  return true;
}

/**
 * Sends [sequence, sequence + length) again, or as much of it as a frame takes; the last number may be the FIN's.
 * Returns how many numbers were sent, or -1 when the device had no frame.
 */
function retransmit(tcp: Tcp, connection: TcpConnection, sequence: number, length: number): number {
  const queued = distance(sequence, connection.sendQueue.end);
  const fin = connection.finSent && length > queued;
  tcp.counters.retransmitted++;
  // Karn's algorithm: whose acknowledgement it will be cannot be told.
  connection.timing = false;
  return emitData(tcp, connection, sequence, length < queued ? length : queued, fin);
}

/** New data, and the FIN behind the last of it. */
function sendNew(tcp: Tcp, connection: TcpConnection): boolean {
  const { sendQueue, congestion, mss } = connection;
  if (connection.finSent || connection.state > TcpState.CloseWait) return true;
  if (connection.inFlight === 0) restartAfterIdle(tcp, connection);
  let inNetwork = bytesInNetwork(connection);
  for (;;) {
    const queued = distance(connection.sendNext, sendQueue.end);
    const fin = connection.finQueued;
    if (queued === 0 && !fin) return true;
    const allowed = connection.sendWindow - connection.inFlight;
    let length = queued < mss ? queued : mss;
    if (length > allowed) length = allowed < 0 ? 0 : allowed;
    if (inNetwork > 0 && inNetwork + length > congestion.window) return true;
    if (length > 0) length = sendQueue.seek(connection.sendNext, length);
    const last = length === queued;
    if (!isWorthSending(tcp, connection, length, queued, allowed)) {
      if (connection.inFlight === 0) startPersisting(tcp, connection);
      return true;
    }
    if (emitData(tcp, connection, connection.sendNext, length, last && fin) < 0) return false;
    inNetwork += length;
    if (last && fin) return true;
  }
}

/** After a pause the window says nothing about the network any more (RFC 5681, section 4.1). */
function restartAfterIdle(tcp: Tcp, connection: TcpConnection): void {
  if (tcp.nowUs - connection.lastSentUs > connection.rtt.rtoUs) connection.congestion.restartAfterIdle();
}

/** Avoids silly windows on the sender's side (RFC 9293, section 3.8.6.2.1), with Nagle's algorithm if it is on. */
function isWorthSending(
  tcp: Tcp,
  connection: TcpConnection,
  length: number,
  queued: number,
  allowed: number,
): boolean {
  // A FIN alone needs no room in the window.
  if (queued === 0) return true;
  if (length === 0) return false;
  if (length >= connection.mss) return true;
  // Cut by the number of pieces a frame takes, not by the window.
  if (length < queued && length < allowed) return true;
  if (length === queued) return !tcp.options.nagle || connection.inFlight === 0 || connection.finQueued;
  return length >= connection.maxSendWindow / 2;
}

function startPersisting(tcp: Tcp, connection: TcpConnection): void {
  if (connection.retransmitAtUs !== Number.POSITIVE_INFINITY) return;
  connection.persisting = true;
  connection.progressAtUs = tcp.nowUs;
  connection.retransmitAtUs = tcp.nowUs + connection.rtt.rtoUs;
  tcp.arm(connection, connection.retransmitAtUs);
}

/**
 * Sends `length` bytes of the queue, or as many as a frame takes, and the FIN if it follows them. Returns how many
 * numbers were sent, or -1 when the device had no frame.
 */
function emitData(
  tcp: Tcp,
  connection: TcpConnection,
  sequence: number,
  length: number,
  withFin: boolean,
): number {
  const { sendQueue } = connection;
  const bytes = length > 0 ? sendQueue.seek(sequence, length) : 0;
  const fin = withFin && bytes === length;
  const pushed = bytes > 0 && advance(sequence, bytes) === sendQueue.end;
  const flags = Flag.Ack | (pushed ? Flag.Psh : 0) | (fin ? Flag.Fin : 0);
  if (!emit(tcp, connection, sequence, bytes, flags)) return -1;
  if (fin) finWasSent(connection);
  const numbers = fin ? bytes + 1 : bytes;
  const end = advance(sequence, numbers);
  if (distance(connection.sendNext, end) > 0) newWasSent(tcp, connection, end, bytes);
  if (connection.retransmitAtUs === Number.POSITIVE_INFINITY) {
    connection.retransmitAtUs = tcp.nowUs + connection.rtt.rtoUs;
    tcp.arm(connection, connection.retransmitAtUs);
  }
  return numbers;
}

function newWasSent(tcp: Tcp, connection: TcpConnection, end: number, bytes: number): void {
  if (connection.inFlight === 0) connection.progressAtUs = tcp.nowUs;
  connection.sentBytes += bytes;
  connection.sendNext = end;
  connection.lastSentUs = tcp.nowUs;
  if (!connection.timing) {
    connection.timing = true;
    connection.timedSequence = end;
    connection.timedAtUs = tcp.nowUs;
  }
  tcp.touch(connection);
}

function finWasSent(connection: TcpConnection): void {
  if (connection.finSent) return;
  connection.finSent = true;
  if (connection.state === TcpState.Established) connection.state = TcpState.FinWait1;
  else if (connection.state === TcpState.CloseWait) connection.state = TcpState.LastAck;
}

function sendSyn(tcp: Tcp, connection: TcpConnection): boolean {
  const { ipv4, neighbours, options } = tcp;
  const { neighbour, remoteAddress } = connection;
  const answers = connection.state === TcpState.SynReceived;
  const frame = ipv4.prepare(
    neighbour,
    remoteAddress,
    Protocol.Tcp,
    HEADER_BYTES + synOptionBytes(connection),
  );
  if (frame === null) return false;
  const at = frame.offset + PREPARED_BYTES;
  const window = Math.min(options.receiveWindowBytes, 65_535);
  const optionBytes = writeSynOptions(
    frame.bytes,
    at + HEADER_BYTES,
    tcp.maxSegmentBytes,
    !answers || connection.sackPermitted,
    !answers || connection.timestamps,
    timestampNow(tcp, connection),
    answers ? connection.recentTimestamp : 0,
    !answers || connection.receiveWindowScale > 0 || connection.sendWindowScale > 0
      ? connection.receiveWindowScale
      : -1,
  );
  const { localPort, remotePort, initialSendSequence, receiveNext } = connection;
  const flags = answers ? Flag.Syn | Flag.Ack : Flag.Syn;
  const acknowledgement = answers ? receiveNext : 0;
  writeHeader(
    frame.bytes,
    at,
    localPort,
    remotePort,
    initialSendSequence,
    acknowledgement,
    flags,
    window,
    optionBytes,
  );
  if (!tcp.device.fillsChecksums) {
    startChecksum(tcp, connection, frame.bytes, at, HEADER_BYTES + optionBytes, 0);
    writeU16(frame.bytes, at + CHECKSUM_AT, tcp.checksum.result());
  }
  frame.length += HEADER_BYTES + optionBytes;
  if (neighbour.resolved) tcp.device.transmit(frame);
  else neighbours.hold(neighbour, frame);
  tcp.counters.segmentsSent++;
  synWasSent(tcp, connection);
  return true;
}

function synWasSent(tcp: Tcp, connection: TcpConnection): void {
  connection.synDue = false;
  // Karn's algorithm: of a SYN that goes again, whatever for, nobody can tell whose answer comes.
  connection.timing = connection.sendNext === connection.initialSendSequence;
  connection.sendNext = advance(connection.initialSendSequence, 1);
  connection.timedSequence = connection.sendNext;
  connection.timedAtUs = tcp.nowUs;
  connection.lastAckSent = connection.receiveNext;
  connection.retransmitAtUs = tcp.nowUs + connection.rtt.rtoUs;
  tcp.arm(connection, connection.retransmitAtUs);
}

/** One segment with `length` bytes of the queue from `sequence` on, to which the queue has been moved. */
function emit(tcp: Tcp, connection: TcpConnection, sequence: number, length: number, flags: number): boolean {
  const { device } = tcp;
  const { neighbour, remoteAddress, reassembly } = connection;
  const blocks =
    connection.sackPermitted && reassembly !== null && reassembly.count > 0
      ? reassembly.blocks(tcp.sackBlocks, MAX_SACK_BLOCKS)
      : 0;
  const timestampBytes = connection.timestamps ? TIMESTAMPS_BYTES : 0;
  const sackBytes = blocks > 0 ? 4 + 8 * blocks : 0;
  // Data goes without SACK blocks when both do not fit; a bare acknowledgement follows soon.
  const withSack = sackBytes > 0 && length + sackBytes + timestampBytes <= connection.mss + timestampBytes;
  const headerBytes = HEADER_BYTES + timestampBytes + (withSack ? sackBytes : 0);
  const frame = tcp.ipv4.prepare(neighbour, remoteAddress, Protocol.Tcp, headerBytes + length);
  if (frame === null) return false;
  const at = frame.offset + PREPARED_BYTES;
  const { bytes } = frame;
  const packet = tcp.memory.view(bytes);
  writeHeaderWords(
    packet,
    at,
    connection.localPort,
    connection.remotePort,
    sequence,
    connection.receiveNext,
    flags,
    windowToOffer(tcp, connection),
    headerBytes - HEADER_BYTES,
  );
  let optionAt = at + HEADER_BYTES;
  if (timestampBytes > 0) {
    writeTimestampWords(packet, optionAt, timestampNow(tcp, connection), connection.recentTimestamp);
    optionAt += TIMESTAMPS_BYTES;
  }
  if (withSack) writeSack(bytes, optionAt, tcp.sackBlocks, blocks);
  if (device.fillsChecksums) {
    if (length > 0) connection.sendQueue.attach(device, length, null);
  } else {
    startChecksum(tcp, connection, bytes, at, headerBytes, length);
    if (length > 0) connection.sendQueue.attach(device, length, tcp.checksum);
    writeU16(bytes, at + CHECKSUM_AT, tcp.checksum.result());
  }
  frame.length += headerBytes;
  device.transmit(frame);
  tcp.counters.segmentsSent++;
  const blocksWait = sackBytes > 0 && !withSack && connection.ackDue === AckDue.Now;
  acknowledgementWasSent(connection);
  if (blocksWait) connection.ackDue = AckDue.Now;
  return true;
}

function acknowledgementWasSent(connection: TcpConnection): void {
  connection.ackDue = AckDue.No;
  connection.ackAtUs = Number.POSITIVE_INFINITY;
  connection.unacknowledgedReceived = 0;
  connection.lastAckSent = connection.receiveNext;
}

/**
 * The window for the next segment, scaled. Its right edge never moves left (RFC 9293, section 3.8.6), and right only
 * by a segment or half the buffer (section 3.8.6.2.2).
 */
function windowToOffer(tcp: Tcp, connection: TcpConnection): number {
  const { receiveNext, advertisedEdge, mss } = connection;
  const { receiveWindowBytes } = tcp.options;
  const offered = distance(receiveNext, advertisedEdge);
  const free = receiveWindowBytes - connection.receiveQueued;
  let window = offered;
  if (free - offered >= Math.min(mss, receiveWindowBytes / 2)) {
    window = Math.min(free, 65_535 << connection.receiveWindowScale);
    if (window < offered) window = offered;
    connection.advertisedEdge = advance(receiveNext, window);
  }
  return window > 0 ? window >> connection.receiveWindowScale : 0;
}

function startChecksum(
  tcp: Tcp,
  connection: TcpConnection,
  bytes: Uint8Array,
  at: number,
  headerBytes: number,
  payloadBytes: number,
): void {
  const { checksum } = tcp;
  const { localAddress, remoteAddress } = connection;
  checksum.reset();
  checksum.addPseudoHeader(localAddress, remoteAddress, Protocol.Tcp, headerBytes + payloadBytes);
  checksum.add(bytes, at, headerBytes);
}

/** The timestamp clock ticks every millisecond (RFC 7323, section 5.4), from an offset of the connection's own. */
export function timestampNow(tcp: Tcp, connection: TcpConnection): number {
  return (((tcp.nowUs / 1000) | 0) + connection.timestampOffset) | 0;
}

function synOptionBytes(connection: TcpConnection): number {
  if (connection.state === TcpState.SynSent) return 4 + TIMESTAMPS_BYTES + 4 + 4;
  const scaled = connection.receiveWindowScale > 0 || connection.sendWindowScale > 0;
  const bytes =
    4 +
    (connection.timestamps ? TIMESTAMPS_BYTES : 0) +
    (connection.sackPermitted ? 4 : 0) +
    (scaled ? 4 : 0);
  return Math.min(bytes, MAX_OPTION_BYTES);
}

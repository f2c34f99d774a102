/**
 * A scripted peer for the tests of TCP, after packetdrill: our Stack at 10.99.0.1 port 5000 on one end of a
 * simulated link without delay, and on the other, at 10.99.0.2 port 6000, whatever segments a test sends.
 * What the stack sends is told as text, with numbers that count from each side's SYN:
 *
 *     PA 1:501 ack 1 sack 1001:2001       flags, sequence numbers of the payload if any, acknowledgement, SACK blocks
 *
 * Both sides' sequence numbers wrap about a thousand bytes into the stream. The stream is a known pattern, so
 * that every payload is compared with what it must be, as are all lengths and checksums.
 */
import { BufferPool } from '../../memory/pool.ts';
import { Owner, type Slab } from '../../memory/sga.ts';
import { type LinkOptions, SimulatedLink } from '../../sim/link.ts';
import { KeyedHash } from '../keyed-hash.ts';
import { Stack } from '../stack.ts';
import { arpPacket, concatenate, ip, ipv4Packet, plainChecksum, transportChecksum } from '../test-device.ts';
import { connect } from './connect.ts';
import { TcpConnection } from './connection.ts';
import { initialSequenceNumber } from './initial-sequence.ts';
import { Listener } from './listener.ts';
import { defaultTcpOptions, type TcpOptions } from './options.ts';

export const OUR_ADDRESS = '10.99.0.1';
export const PEER_ADDRESS = '10.99.0.2';
export const OUR_PORT = 5000;
export const PEER_PORT = 6000;
/** Both sides' first sequence numbers. */
const WRAPS_SOON = -1000;
const SECRET = [0x1234567, 0x89abcde] as const;
const FLAG_LETTERS = 'FSRPAU';
/** The peer's timestamp clock when the test begins; it ticks every millisecond. */
export const PEER_CLOCK = 0x7fff_0000;

/** A segment for the stack. Numbers count from the SYNs. */
export interface Script {
  /** Letters of FSRPAU. */
  flags: string;
  seq: number;
  ack?: number;
  /** As it stands in the header, not scaled. */
  window?: number;
  /** Bytes of the stream from `seq` on. */
  bytes?: number;
  mss?: number;
  windowScale?: number;
  sackPermitted?: boolean;
  /**
   * Value and echo; by default what the peer's clock and the last segment say, once agreed on. null: left
   * out.
   */
  timestamps?: readonly [number, number] | null;
  sack?: readonly (readonly [number, number])[];
  /** Further options, as they are. */
  options?: readonly number[];
  port?: number;
  peerPort?: number;
  /** Changes the finished header; the checksum is made afterwards. */
  spoil?: (header: Uint8Array) => void;
  badChecksum?: boolean;
}

/** A segment from the stack. */
export interface Told {
  atUs: number;
  text: string;
  flags: string;
  seq: number;
  ack: number;
  window: number;
  bytes: number;
  mss: number | null;
  windowScale: number | null;
  sackPermitted: boolean;
  timestamps: readonly [number, number] | null;
  /** Edges of the blocks, as they are in the option. */
  sack: readonly number[];
  port: number;
  peerPort: number;
}

/** What the peer's SYN offers. */
export interface Offer {
  mss?: number;
  windowScale?: number;
  sackPermitted?: boolean;
  timestamps?: boolean;
  window?: number;
}

export class TestPeer {
  static #all: TestPeer[] = [];

  readonly link: SimulatedLink;
  readonly stack: Stack;
  readonly pool: BufferPool;
  /** Set by establish, connect and accepted. */
  connection!: TcpConnection;
  listener: Listener | null = null;
  ourIss = WRAPS_SOON;
  readonly peerIss = WRAPS_SOON;
  /** Answers ARP requests. */
  answersArp = true;
  /** The peer's SYN has offered timestamps. */
  timestamps = false;
  /** The peer's window when a script does not say. */
  window = 60_000;
  /** Is called with each segment that the stack sends. */
  onTold: (told: Told) => void = () => {};
  /** All that the stack has sent since the last look. */
  #told: Told[] = [];
  last!: Told;
  #pushed = 0;
  #read = 0;
  #echo = 0;

  /** @param options.stranger the stack does not know the peer's Ethernet address yet */
  constructor(options: { tcp?: Partial<TcpOptions>; link?: LinkOptions; stranger?: boolean } = {}) {
    this.link = new SimulatedLink(options.link);
    this.link.advanceTo(timeOfSequence(WRAPS_SOON));
    this.pool = new BufferPool({
      bufferBytes: 4096,
      slabBuffers: 64,
      limitBytes: 64 * 1024 * 1024,
      retainBytes: 64 * 1024 * 1024,
      checked: true,
      mapSlab: (bytes): Slab => ({ bytes: new Uint8Array(bytes), address: 0, discard() {}, unmap() {} }),
    });
    this.stack = new Stack(this.link.a, this.pool, {
      network: { address: ip(OUR_ADDRESS), prefixLength: 24, gateway: 0 },
      tcp: { ...defaultTcpOptions, ...options.tcp },
      secret: SECRET,
      datagrams: { datagramArrived() {}, datagramRefused() {} },
    });
    TestPeer.#all.push(this);
    if (!options.stranger) this.#sendArp(1);
    this.run();
  }

  get tcp() {
    return this.stack.tcp;
  }
  get nowUs(): number {
    return this.link.nowUs;
  }

  /** To be called after each test: whatever happened, every buffer finds its way home. */
  static checkAll(): void {
    for (const peer of TestPeer.#all.splice(0)) peer.#check();
  }

  // Opening

  listen(backlog = 16): Listener {
    const listener = new Listener(0, OUR_PORT, backlog, () => {}, null);
    this.tcp.listeners.set(OUR_PORT, listener);
    this.listener = listener;
    return listener;
  }

  /** Starts an active open and tells what it sends. */
  connect(): string[] {
    const neighbour = this.stack.ipv4.nextHop(ip(PEER_ADDRESS))!;
    this.connection = connect(this.tcp.context, OUR_PORT, ip(PEER_ADDRESS), PEER_PORT, neighbour, null);
    this.#adopt(this.connection);
    return this.run();
  }

  /** Opens passively, with an MSS of 1000 and SACK unless told otherwise, and takes the connection. */
  establish(offer: Offer = {}): TcpConnection {
    if (this.listener === null) this.listen();
    this.offer(offer);
    this.send({ flags: 'A', seq: 1, ack: 1, window: offer.window });
    return this.accepted();
  }

  /** The peer's SYN, as establish sends it. */
  offer({ mss = 1000, sackPermitted = true, timestamps = false, ...more }: Offer = {}): string[] {
    this.timestamps = timestamps;
    this.inject({ flags: 'S', seq: 0, mss, sackPermitted, ...more });
    this.stack.poll();
    this.ourIss = this.halfOpen()?.sender.initialSequence ?? this.ourIss;
    return this.run();
  }

  /** The connection with the peer's usual port, in whatever state. */
  halfOpen(): TcpConnection | null {
    return this.tcp.connections.find(OUR_PORT, ip(PEER_ADDRESS), PEER_PORT);
  }

  accepted(): TcpConnection {
    const connection = this.listener!.take();
    if (connection === null) throw new Error('no connection is complete');
    this.connection = connection;
    this.#adopt(connection);
    return connection;
  }

  // The stack's application

  /** Queues `bytes` of our stream, in arrays of `pieceBytes`, and tells what is sent. */
  push(bytes: number, pieceBytes = bytes): string[] {
    for (let left = bytes; left > 0; ) {
      const piece = Math.min(left, pieceBytes);
      const array = this.pool.alloc(piece, Owner.Transport);
      array.fill(stream(this.#pushed, piece));
      this.connection.sender.queue.append(array);
      this.#pushed += piece;
      left -= piece;
    }
    this.tcp.context.markDirty(this.connection);
    return this.run();
  }

  /** Says that no more follows, as half-close does. */
  finish(): string[] {
    this.connection.finish();
    return this.run();
  }

  /** Closes for good: nobody reads any more. */
  abandon(): string[] {
    this.connection.abandon();
    return this.finish();
  }

  /** Takes what has come, or as much of it, compares it with the peer's stream, and says how many bytes it was. */
  read(most = Number.POSITIVE_INFINITY): number {
    let bytes = 0;
    while (bytes < most) {
      const segment = this.connection.receiver.queue.shift();
      if (segment === null) break;
      const { length } = segment;
      requireStream(segment.bytes.subarray(segment.offset, segment.offset + length), this.#read, 'received');
      this.#read += length;
      bytes += length;
      segment.home.give(segment);
    }
    if (bytes > 0) this.connection.roomWasMade();
    return bytes;
  }

  // The peer

  /** Sends a segment, and tells what comes of it at once. */
  send(script: Script): string[] {
    this.inject(script);
    return this.run();
  }

  /** Sends a segment that the stack will see with the next run. */
  inject(script: Script): void {
    const { port = OUR_PORT, peerPort = PEER_PORT, seq, ack = 0, window = this.window } = script;
    const options = this.#options(script);
    const header = new Uint8Array(20 + options.length);
    const view = new DataView(header.buffer);
    view.setUint16(0, peerPort);
    view.setUint16(2, port);
    view.setInt32(4, (this.peerIss + seq) | 0);
    view.setInt32(8, script.flags.includes('A') ? (this.ourIss + ack) | 0 : 0);
    header[12] = (header.length / 4) << 4;
    for (const letter of script.flags) header[13] |= 1 << FLAG_LETTERS.indexOf(letter);
    view.setUint16(14, window);
    header.set(options, 20);
    const segment = concatenate(header, stream(seq - 1, script.bytes ?? 0));
    script.spoil?.(segment);
    const checksum = transportChecksum(PEER_ADDRESS, OUR_ADDRESS, 6, segment) ^ (script.badChecksum ? 1 : 0);
    segment.set([checksum >> 8, checksum & 0xff], 16);
    this.injectPacket(6, segment);
  }

  /** Sends an IPv4 packet of any protocol. */
  injectPacket(protocol: number, payload: Uint8Array, destination = OUR_ADDRESS): void {
    const packet = ipv4Packet({ protocol, source: PEER_ADDRESS, destination }, payload);
    this.#injectFrame(0x0800, packet);
  }

  injectFrame(bytes: Uint8Array): void {
    const { b } = this.link;
    const frame = b.allocate()!;
    frame.bytes.set(bytes, frame.offset);
    frame.length = bytes.length;
    b.transmit(frame);
    this.#receive();
  }

  // Time

  /** Lets the stack do what it can without time passing, and tells what it has sent since the last look. */
  run(): string[] {
    // What a round answers goes out with the next one.
    for (let rounds = 0, quiet = 0; quiet < 2; rounds++) {
      if (rounds > 10_000) throw new Error('the stack does not come to rest');
      this.stack.poll();
      while (this.tcp.context.takeTouched() !== null);
      const frames = this.#receive();
      const rests = frames === 0 && this.link.a.waitingFrames === 0 && this.stack.pollAt() > this.nowUs;
      quiet = rests ? quiet + 1 : 0;
    }
    return this.take().map(({ text }) => text);
  }

  /** Lets time pass and tells what is sent, each after how many microseconds. */
  pass(us: number): string[] {
    const startUs = this.nowUs;
    const endUs = startUs + us;
    const told: string[] = [];
    for (;;) {
      this.link.advanceTo(Math.min(endUs, Math.max(this.nowUs, this.stack.pollAt())));
      const atUs = Math.round(this.nowUs - startUs);
      for (const text of this.run()) told.push(`${atUs} ${text}`);
      if (this.nowUs >= endUs && this.stack.pollAt() > endUs) return told;
    }
  }

  /** What was sent since the last look. */
  take(): Told[] {
    return this.#told.splice(0);
  }

  #adopt(connection: TcpConnection): void {
    connection.attach(this);
    this.ourIss = connection.sender.initialSequence;
    this.#pushed = 0;
    this.#read = 0;
  }

  #options(script: Script): Uint8Array {
    const { mss, windowScale, sackPermitted, sack } = script;
    let { timestamps } = script;
    if (timestamps === undefined && this.timestamps) timestamps = [this.peerClock(), this.#echo];
    const bytes: number[] = [];
    if (mss !== undefined) bytes.push(2, 4, mss >> 8, mss & 0xff);
    if (windowScale !== undefined) bytes.push(1, 3, 3, windowScale);
    if (sackPermitted) bytes.push(1, 1, 4, 2);
    if (timestamps) bytes.push(1, 1, 8, 10, ...words(timestamps));
    if (sack !== undefined) {
      bytes.push(1, 1, 5, 2 + 8 * sack.length, ...words(sack.flat().map((edge) => this.ourIss + edge)));
    }
    bytes.push(...(script.options ?? []));
    while (bytes.length % 4 !== 0) bytes.push(0);
    return Uint8Array.from(bytes);
  }

  /** The peer's timestamp at present. */
  peerClock(): number {
    return (Math.floor((this.nowUs - timeOfSequence(WRAPS_SOON)) / 1000) + PEER_CLOCK) | 0;
  }

  #sendArp(operation: number): void {
    const fields = { operation, sender: PEER_ADDRESS, senderMac: this.link.b.mac, target: OUR_ADDRESS };
    this.#injectFrame(0x0806, arpPacket({ ...fields, targetMac: this.link.a.mac }));
  }

  #injectFrame(etherType: number, payload: Uint8Array): void {
    const { a, b } = this.link;
    const head = Uint8Array.of(...a.mac, ...b.mac, etherType >> 8, etherType & 0xff);
    this.injectFrame(concatenate(head, payload));
  }

  /** Takes the frames that the stack has sent; what was injected goes out with it. */
  #receive(): number {
    const { b } = this.link;
    const count = b.exchange();
    for (let i = 0; i < count; i++) {
      const frame = b.received[i];
      const bytes = frame.bytes.slice(frame.offset, frame.offset + frame.length);
      b.give(frame);
      if (bytes[12] === 8 && bytes[13] === 0) this.#note(bytes.subarray(14));
      else if (bytes[21] === 1 && this.answersArp) this.#sendArp(2);
    }
    return count;
  }

  #note(packet: Uint8Array): void {
    if (packet[9] !== 6) return;
    const view = new DataView(packet.buffer, packet.byteOffset, packet.length);
    if (view.getUint16(2) !== packet.length || plainChecksum(packet.subarray(0, 20)) !== 0)
      throw new Error('sent: an IPv4 header that is wrong');
    const segment = packet.subarray(20);
    if (transportChecksum(OUR_ADDRESS, PEER_ADDRESS, 6, segment) !== 0)
      throw new Error('sent: a segment whose checksum is wrong');
    this.last = this.#tell(segment);
    this.#told.push(this.last);
    this.onTold(this.last);
  }

  #tell(segment: Uint8Array): Told {
    const view = new DataView(segment.buffer, segment.byteOffset, segment.length);
    const headerBytes = (segment[12] >> 4) * 4;
    const bytes = segment.length - headerBytes;
    const flags = [...'SFRPA'].filter((letter) => segment[13] & (1 << FLAG_LETTERS.indexOf(letter))).join('');
    const seq = (view.getInt32(4) - this.ourIss) | 0;
    const ack = flags.includes('A') ? (view.getInt32(8) - this.peerIss) | 0 : 0;
    const options = readOptions(segment.subarray(20, headerBytes));
    requireStream(segment.subarray(headerBytes), seq - 1, 'sent');
    if (options.timestamps !== null) this.#echo = options.timestamps[0];
    const numbers = bytes > 0 ? `${seq}:${seq + bytes}` : `${seq}`;
    const blocks: string[] = [];
    for (let i = 0; i < options.sack.length; i += 2) {
      const [start, end] = options.sack.slice(i, i + 2).map((edge) => (edge - this.peerIss) | 0);
      blocks.push(` ${start}:${end}`);
    }
    const text =
      `${flags} ${numbers}` +
      (flags.includes('A') ? ` ack ${ack}` : '') +
      (blocks.length > 0 ? ` sack${blocks.join('')}` : '');
    const window = view.getUint16(14);
    const ports = { port: view.getUint16(0), peerPort: view.getUint16(2) };
    return { atUs: this.nowUs, text, flags, seq, ack, window, bytes, ...options, ...ports };
  }

  #check(): void {
    const left: TcpConnection[] = [];
    this.tcp.connections.forEach((connection) => void left.push(connection));
    for (const connection of left) connection.remove();
    for (const connection of [...left, this.connection]) {
      if (connection instanceof TcpConnection) connection.receiver.queue.clear();
    }
    this.stack.poll();
    const { buffersOut } = this.link.a;
    if (buffersOut !== 0) throw new Error(`${buffersOut} frames were never given back`);
    const lost = this.pool.mappedBytes - this.pool.freeBytes;
    if (lost !== 0) throw new Error(`${lost} bytes of the pool were never given back`);
    if (left.some(({ hasEnded }) => !hasEnded)) throw new Error('a connection lives on');
  }
}

/** `length` bytes of either side's stream from position `start` on. */
function stream(start: number, length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => streamByte(start + index));
}

function streamByte(position: number): number {
  return (position * 7 + (position >> 8)) & 0xff;
}

function requireStream(bytes: Uint8Array, start: number, what: string): void {
  for (let i = 0; i < bytes.length; i++) {
    if (bytes[i] !== streamByte(start + i))
      throw new Error(`${what}: byte ${start + i} of the stream is wrong`);
  }
}

/** When a connection between the usual ports gets this initial sequence number. */
function timeOfSequence(sequence: number): number {
  const hash = new KeyedHash(...SECRET);
  const atZero = initialSequenceNumber(hash, 0, ip(OUR_ADDRESS), OUR_PORT, ip(PEER_ADDRESS), PEER_PORT);
  return ((sequence - atZero) >>> 0) * 4;
}

function words(values: readonly number[]): number[] {
  return values.flatMap((value) => [24, 16, 8, 0].map((shift) => (value >> shift) & 0xff));
}

function readOptions(options: Uint8Array) {
  const view = new DataView(options.buffer, options.byteOffset, options.length);
  const found = {
    mss: null as number | null,
    windowScale: null as number | null,
    sackPermitted: false,
    timestamps: null as readonly [number, number] | null,
    sack: [] as number[],
  };
  for (let at = 0; at < options.length; at += options[at] === 1 ? 1 : options[at + 1]) {
    if (options[at] === 2) found.mss = view.getUint16(at + 2);
    else if (options[at] === 3) found.windowScale = options[at + 2];
    else if (options[at] === 4) found.sackPermitted = true;
    else if (options[at] === 8) found.timestamps = [view.getInt32(at + 2), view.getInt32(at + 6)];
    else if (options[at] === 5) {
      for (let i = at + 2; i < at + options[at + 1]; i += 4) found.sack.push(view.getInt32(i));
    } else if (options[at] !== 1) throw new Error(`sent: option ${options[at]}`);
  }
  return found;
}

/**
 * Looks at every segment that the stack sends, with nothing but what has been delivered to it, and throws when it
 * breaks a rule that holds whatever the peer does:
 *
 *  - each payload is the stream at its place, no longer than the peer's MSS, in a well-formed segment;
 *  - new data stays within the window offered last, but for a probe of one byte;
 *  - acknowledgements and the right edge of its own window never go back, and cover only what has been delivered;
 *  - SACK blocks cover only what has been delivered; timestamps never go back;
 *  - nothing goes a third time before either something was delivered or the least retransmission timeout is over;
 *  - segments beside new data are few for each one that was delivered.
 *
 * Positions count from the SYNs, as in odd-peer.ts.
 */
import type { TcpCase } from './case.ts';
import { Flag, readSegment, type Segment } from './segment.ts';
import { Ranges, requireStream } from './stream.ts';

/** Of the stack: no path needs less. */
const MSS_BYTES_MIN = 64;
const MSS_BYTES_DEFAULT = 536;
const SCALE_MAX = 14;
const BUCKET_US = 1e6;
/** Frames of a second that nothing delivered has called for: probes, keep-alives, window updates, ARP. */
const FRAMES_FREE = 100;
const FRAMES_PER_DELIVERY = 6;

interface Offer {
  acknowledgement: number;
  edge: number;
}

interface Sending {
  atUs: number;
  deliveries: number;
  /** It went a second time without a new reason. */
  repeated: boolean;
}

export class Watch {
  /** Segments with RST that the stack has sent. */
  resets = 0;
  framesSent = 0;
  framesDelivered = 0;
  /** Behind the last byte that the stack has sent. */
  #end = 0;
  readonly #case: TcpCase;
  readonly #peerPort: number;
  readonly #now: () => number;
  readonly #tell: (line: string) => void;
  #stackInitialSequence: number | null = null;
  #stackScale = 0;
  #peerScale = 0;
  #mss = MSS_BYTES_DEFAULT;
  /** What the peer's SYN offered. */
  #peerTimestamps = false;
  #newestTimestamp: number | null = null;
  /** The windows that may be the one in force: those of the newest acknowledgement. */
  #offers: Offer[] = [];
  #newestAcknowledgement = -1;
  readonly #delivered = new Ranges();
  #finDeliveredAt = -1;
  /** Of the stack's segments. */
  #acknowledgement = 0;
  #edge = 0;
  #timestamp: number | null = null;
  readonly #sendings = new Map<number, Sending>();
  #bucket = 0;
  #called = 0;
  #calledBefore = 0;
  #uncalled = 0;

  constructor(testCase: TcpCase, peerPort: number, now: () => number, tell: (line: string) => void) {
    this.#tell = tell;
    this.#case = testCase;
    this.#peerPort = peerPort;
    this.#now = now;
  }

  // From the peer

  /** A frame has reached the stack. */
  delivered(frame: Uint8Array): void {
    this.framesDelivered++;
    this.#turnBucket();
    this.#called++;
    const segment = readSegment(frame);
    this.#trace('<', frame, segment);
    if (segment === null || segment.sourcePort !== this.#peerPort || segment.flags & Flag.Rst) return;
    const at = (segment.sequence - this.#case.peer.initialSequence) | 0;
    if (segment.flags & Flag.Syn) this.#synDelivered(segment);
    else if (segment.flags & Flag.Ack) this.#offerDelivered(segment, at);
    this.#delivered.add(at + (segment.flags & Flag.Syn), at + segment.payload.length);
    if (segment.flags & Flag.Fin) this.#finDeliveredAt = at + segment.payload.length;
  }

  #synDelivered(segment: Segment): void {
    this.#mss = Math.max(MSS_BYTES_MIN, segment.mss ?? MSS_BYTES_DEFAULT);
    this.#peerScale = segment.windowScale === null ? 0 : Math.min(segment.windowScale, SCALE_MAX);
    this.#peerTimestamps = segment.timestamps !== null;
    this.#delivered.add(0, 1);
    // In a SYN no window is scaled (RFC 7323, section 2.2).
    this.#note({ acknowledgement: 1, edge: 1 + segment.window }, false);
  }

  #offerDelivered(segment: Segment, at: number): void {
    if (this.#stackInitialSequence === null) return;
    const acknowledgement = (segment.acknowledgement - this.#stackInitialSequence) | 0;
    const edge = acknowledgement + segment.window * 2 ** this.#peerScale;
    const empty = segment.payload.length === 0 && !(segment.flags & Flag.Fin);
    const inWindow = at >= this.#delivered.endFrom(1) && at <= this.#edge;
    this.#note({ acknowledgement, edge }, empty && inWindow && this.#isNewest(segment));
  }

  /** The stack must not take it for an old one (PAWS). */
  #isNewest({ timestamps }: Segment): boolean {
    if (!this.#peerTimestamps) return true;
    if (timestamps === null) return false;
    const [value] = timestamps;
    const newer = this.#newestTimestamp === null || ((value - this.#newestTimestamp) | 0) >= 0;
    if (newer) this.#newestTimestamp = value;
    return newer;
  }

  /** @param sure the stack cannot but take it */
  #note(offer: Offer, sure: boolean): void {
    if (sure && offer.acknowledgement > this.#newestAcknowledgement) {
      this.#newestAcknowledgement = offer.acknowledgement;
      this.#offers = this.#offers.filter(({ acknowledgement }) => acknowledgement >= offer.acknowledgement);
    }
    if (offer.acknowledgement >= this.#newestAcknowledgement) this.#offers.push(offer);
  }

  // From the stack

  /** The stack sends a frame. */
  sent(frame: Uint8Array): void {
    this.framesSent++;
    this.#turnBucket();
    const isTcp = frame[12] === 8 && frame[13] === 0 && frame[23] === 6;
    const segment = isTcp ? readSegment(frame) : null;
    this.#trace('>', frame, segment);
    if (isTcp && segment === null) throw new Error('the stack sends a malformed segment');
    const isNew = segment !== null && this.#segmentSent(segment);
    if (isNew) return;
    this.#uncalled++;
    const allowed = FRAMES_FREE + FRAMES_PER_DELIVERY * (this.#called + this.#calledBefore);
    if (this.#uncalled > allowed)
      throw new Error(`the stack sends more than ${allowed} frames in a second that nothing has called for`);
  }

  /** Returns whether it carries new data. */
  #segmentSent(segment: Segment): boolean {
    if (segment.flags & Flag.Rst) {
      this.resets++;
      return false;
    }
    if (segment.flags & Flag.Syn) {
      this.#stackInitialSequence ??= segment.sequence;
      if (segment.sequence !== this.#stackInitialSequence)
        throw new Error('the stack changes its first number');
      this.#stackScale = segment.windowScale ?? 0;
    }
    const at = (segment.sequence - (this.#stackInitialSequence ?? 0)) | 0;
    this.#checkTimestamp(segment);
    if (segment.flags & Flag.Ack) this.#checkAcknowledgement(segment);
    this.#checkSack(segment);
    return segment.payload.length > 0 && this.#checkData(segment, at);
  }

  #checkData({ payload, sack, timestamps }: Segment, at: number): boolean {
    requireStream('stack', at - 1, payload);
    const optionBytes = (timestamps === null ? 0 : 12) + (sack.length === 0 ? 0 : 4 + 4 * sack.length);
    if (payload.length + optionBytes > this.#mss) {
      throw new Error(`${payload.length} bytes and ${optionBytes} of options exceed an MSS of ${this.#mss}`);
    }
    const end = at + payload.length;
    const isNew = end > this.#end;
    if (isNew) {
      const edge = Math.max(...this.#offers.map((offer) => offer.edge));
      const probe = payload.length === 1 ? 1 : 0;
      if (end > edge + probe)
        throw new Error(`new data ${at}:${end} beyond the window, which ends at ${edge}`);
      this.#end = end;
    }
    this.#checkRepetition(at, isNew);
    return isNew;
  }

  #checkRepetition(at: number, isNew: boolean): void {
    const before = this.#sendings.get(at);
    const now: Sending = { atUs: this.#now(), deliveries: this.framesDelivered, repeated: false };
    this.#sendings.set(at, now);
    if (before === undefined || isNew || before.deliveries !== now.deliveries) return;
    if (now.atUs - before.atUs >= this.#case.stack.minRtoUs - 1) return;
    if (before.repeated)
      throw new Error(`the segment at ${at} goes again and again, and nothing was delivered`);
    now.repeated = true;
  }

  #checkAcknowledgement(segment: Segment): void {
    const acknowledgement = (segment.acknowledgement - this.#case.peer.initialSequence) | 0;
    if (acknowledgement < this.#acknowledgement) {
      throw new Error(`acknowledgement ${acknowledgement} behind ${this.#acknowledgement}`);
    }
    const whole = this.#delivered.endFrom(0);
    const most = whole === this.#finDeliveredAt ? whole + 1 : whole;
    if (acknowledgement > most) throw new Error(`acknowledgement ${acknowledgement}, delivered was ${most}`);
    this.#acknowledgement = acknowledgement;
    const scale = segment.flags & Flag.Syn ? 0 : this.#stackScale;
    const edge = acknowledgement + segment.window * 2 ** scale;
    // What the shift cuts off (RFC 7323, section 2.4).
    if (edge + 2 ** scale <= this.#edge) {
      throw new Error(`the window's right edge goes back from ${this.#edge} to ${edge}`);
    }
    this.#edge = Math.max(this.#edge, edge);
  }

  #checkSack({ sack }: Segment): void {
    for (let i = 0; i < sack.length; i += 2) {
      const [start, end] = [sack[i], sack[i + 1]].map((edge) => (edge - this.#case.peer.initialSequence) | 0);
      if (start >= end || !this.#delivered.has(start, end)) {
        throw new Error(`SACK block ${start}:${end}, of which not all was delivered`);
      }
    }
  }

  #checkTimestamp({ timestamps }: Segment): void {
    if (timestamps === null) return;
    const [value] = timestamps;
    if (this.#timestamp !== null && ((value - this.#timestamp) | 0) < 0) {
      throw new Error(`timestamp ${value} behind ${this.#timestamp}`);
    }
    this.#timestamp = value;
  }

  /** Numbers count from the SYNs, as far as those are known. */
  #trace(way: '<' | '>', frame: Uint8Array, segment: Segment | null): void {
    const at = `${(this.#now() / 1000).toFixed(3)} ms ${way}`;
    if (segment === null) {
      this.#tell(`${at} ${frame[13] === 6 ? 'ARP' : frame[23] === 1 ? 'ICMP' : 'not intact'}`);
      return;
    }
    const { flags, payload, sack } = segment;
    const ours = this.#stackInitialSequence ?? segment.sequence;
    const theirs = this.#case.peer.initialSequence;
    const [own, other] = way === '>' ? [ours, theirs] : [theirs, ours];
    const start = (segment.sequence - own) | 0;
    const letters = [...'FSRPAU'].filter((_, bit) => flags & (1 << bit)).join('');
    const edges = sack.map((edge) => (edge - other) | 0);
    const acknowledged = flags & Flag.Ack ? ` ack ${(segment.acknowledgement - other) | 0}` : '';
    const scale = flags & Flag.Syn ? 0 : way === '>' ? this.#stackScale : this.#peerScale;
    const told = `${letters} ${start}:${start + payload.length}${acknowledged} win ${segment.window * 2 ** scale}`;
    const stamps = segment.timestamps === null ? '' : ` ts ${segment.timestamps.join('/')}`;
    this.#tell(`${at} ${told}${edges.length > 0 ? ` sack ${edges.join(':')}` : ''}${stamps}`);
  }

  #turnBucket(): void {
    const bucket = Math.floor(this.#now() / BUCKET_US);
    if (bucket === this.#bucket) return;
    this.#calledBefore = bucket === this.#bucket + 1 ? this.#called : 0;
    this.#bucket = bucket;
    this.#called = 0;
    this.#uncalled = 0;
  }
}

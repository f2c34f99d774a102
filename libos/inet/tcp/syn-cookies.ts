/**
 * SYN cookies (RFC 4987, section 3.6; D. J. Bernstein, 1996): an initial sequence number in which a listener keeps what
 * it must know of a SYN, so that it needs no memory until the peer has shown that it gets the answers.
 *
 *      31                8  7     6      5     3  2   0
 *     | keyed hash, 24 bit | SACK| key  | scale | MSS  |      the low byte goes out mixed with the top one
 *
 * As FreeBSD does it, all that a SYN offers lies in the number: whether SACK is permitted, and indexes of the tables
 * below, rounded down. Linux has room for an MSS only, and keeps the rest in its timestamp. Whether timestamps were
 * agreed on is seen by the acknowledgement having one.
 *
 * The hash covers that byte, the peer's address, both ports and the peer's number. Its key is another one in each
 * period; a bit says which of the last two.
 */
import { KeyedHash } from '../keyed-hash.ts';
import { DEFAULT_MSS, type TcpSegment } from '../wire/tcp.ts';

/** A cookie is good for as long as this, and at most twice. */
export const COOKIE_PERIOD_US = 30e6;

/** The least, what stands for none; common ones of tunnels, of Ethernet, and of frames of 4096 and 9000 bytes. */
const segmentSizes = [64, DEFAULT_MSS, 1220, 1360, 1400, 1460, 4056, 8960] as const;
/** -1: no such option. 6 to 8 are what today's systems offer by default. */
const windowScales = [-1, 0, 2, 5, 6, 7, 8, 10] as const;

const MSS_BITS = 7;
const SCALE_SHIFT = 3;
const KEY_BIT = 0x40;
const SACK_BIT = 0x80;
const LOW_BYTE = 0xff;

export class SynCookies {
  /** Of which those of the periods come. */
  readonly #root: KeyedHash;
  /** Of even periods, and of odd ones. */
  readonly #keys: [KeyedHash, KeyedHash];
  #period = 0;

  /** @param secret two random 32-bit integers */
  constructor(secret: readonly [number, number]) {
    this.#root = new KeyedHash(~secret[1], secret[0]);
    this.#keys = [this.#keyOf(0), this.#keyOf(-1)];
  }

  /** The initial sequence number with which to answer `syn` of `source` at this time. */
  make(nowUs: number, source: number, syn: TcpSegment): number {
    this.#turnTo(nowUs);
    const mss = syn.mss === 0 ? DEFAULT_MSS : syn.mss;
    const options =
      indexAtMost(segmentSizes, mss) |
      (indexAtMost(windowScales, syn.windowScale) << SCALE_SHIFT) |
      (this.#period & 1 ? KEY_BIT : 0) |
      (syn.sackPermitted ? SACK_BIT : 0);
    const high = this.#hash(source, syn, syn.sequence, options);
    return high | (options ^ (high >>> 24));
  }

  /**
   * Whether `ack` of `source` acknowledges a cookie. Then `out` becomes the SYN that the cookie stands for, but for its
   * window and for its timestamp, which is that of the acknowledgement.
   */
  read(nowUs: number, source: number, ack: TcpSegment, out: TcpSegment): boolean {
    this.#turnTo(nowUs);
    const cookie = (ack.acknowledgement - 1) | 0;
    const sequence = (ack.sequence - 1) | 0;
    const options = (cookie ^ (cookie >>> 24)) & LOW_BYTE;
    if (this.#hash(source, ack, sequence, options) !== (cookie & ~LOW_BYTE)) return false;
    out.sourcePort = ack.sourcePort;
    out.destinationPort = ack.destinationPort;
    out.sequence = sequence;
    out.mss = segmentSizes[options & MSS_BITS];
    out.windowScale = windowScales[(options >> SCALE_SHIFT) & MSS_BITS];
    out.sackPermitted = (options & SACK_BIT) !== 0;
    out.hasTimestamps = ack.hasTimestamps;
    out.timestamp = ack.timestamp;
    return true;
  }

  /** The upper 24 bits. */
  #hash(
    source: number,
    { sourcePort, destinationPort }: TcpSegment,
    sequence: number,
    options: number,
  ): number {
    const key = this.#keys[options & KEY_BIT ? 1 : 0];
    const names = key.hash(source, (destinationPort << 16) | sourcePort, sequence);
    return key.hash(names, options, sequence) & ~LOW_BYTE;
  }

  #turnTo(nowUs: number): void {
    const period = Math.floor(nowUs / COOKIE_PERIOD_US);
    if (period === this.#period) return;
    this.#period = period;
    this.#keys[period & 1] = this.#keyOf(period);
    this.#keys[(period - 1) & 1] = this.#keyOf(period - 1);
  }

  #keyOf(period: number): KeyedHash {
    return new KeyedHash(this.#root.hash(period, 0, 0), this.#root.hash(period, 0, 1));
  }
}

/** Of the largest that is not more than `value`; the first where there is none. */
function indexAtMost(values: readonly number[], value: number): number {
  let index = values.length - 1;
  while (index > 0 && values[index] > value) index--;
  return index;
}

/**
 * The connection, or whatever it is, between two ports: what both sides have said, from which the numbers follow that a
 * script leaves out, and a segment of the stack in the words of scripts.
 */

import { OUR_PORT, PEER_CLOCK, PEER_PORT, type TestPeer, type Told } from './test-peer.ts';
import { PLAIN_SEGMENT, type SegmentLine } from './test-script.ts';

/** A segment of the stack, with the numbers as scripts have them. */
export interface Heard extends SegmentLine {
  atUs: number;
  flow: Flow;
  seq: number;
}

export class Flow {
  /** The stack's last SYN; what counts from there. 0 where there was none. */
  base = 0;
  /** Behind all that each side has sent. */
  ourNext = 0;
  peerNext = 0;
  /** What each side has acknowledged last. */
  ourAck = 0;
  peerAck = 0;
  /** What our timestamp clock has shown when the script began. */
  clock: number | null = null;
  readonly #peer: TestPeer;
  readonly #isMain: boolean;

  constructor(peer: TestPeer, ourPort: number, peerPort: number) {
    this.#peer = peer;
    this.#isMain = ourPort === OUR_PORT && peerPort === PEER_PORT;
  }

  /** What a script calls our `number`, as TestPeer counts. */
  forPeer(number: number): number {
    return (number + this.base - this.#peer.ourIss) | 0;
  }

  /** A segment that the stack has just sent. `startUs`: when the script began. */
  hear(told: Told, startUs: number): Heard {
    const peer = this.#peer;
    const raw = (told.seq + peer.ourIss) | 0;
    if (told.flags.includes('S')) this.startAt(raw);
    const { timestamps, sack } = told;
    if (timestamps !== null) this.clock ??= (timestamps[0] - millisecondsBetween(startUs, told.atUs)) | 0;
    const blocks: [number, number][] = [];
    for (let i = 0; i < sack.length; i += 2) {
      blocks.push([(sack[i] - peer.peerIss) | 0, (sack[i + 1] - peer.peerIss) | 0]);
    }
    return {
      ...PLAIN_SEGMENT,
      flow: this,
      atUs: told.atUs,
      flags: told.flags.replace('A', ''),
      seq: (raw - this.base) | 0,
      bytes: told.bytes,
      ack: told.flags.includes('A') ? { number: told.ack, relative: false } : null,
      win: told.window,
      mss: told.mss,
      wscale: told.windowScale,
      sackok: told.sackPermitted,
      ts: timestamps === null ? null : this.#timestamps(timestamps),
      sack: blocks,
      from: told.port === OUR_PORT ? null : told.port,
      to: told.peerPort === PEER_PORT ? null : told.peerPort,
    };
  }

  /** Our numbers count from `raw` from now on. */
  startAt(raw: number): void {
    if (this.#isMain) this.#peer.ourIss = raw;
    if (raw === this.base) return;
    this.base = raw;
    this.ourNext = 0;
  }

  /** The script has come to this segment of the stack. */
  note({ seq, bytes, flags, ack }: Heard): void {
    this.ourNext = Math.max(this.ourNext, seq + numbers(bytes, flags));
    if (ack !== null) this.ourAck = ack.number;
  }

  #timestamps([value, echo]: readonly [number, number]): SegmentLine['ts'] {
    return {
      value: (value - (this.clock ?? 0)) | 0,
      echo: echo === 0 ? 'none' : (echo - PEER_CLOCK) | 0,
    };
  }
}

/** How many sequence numbers a segment takes. */
export function numbers(bytes: number, flags: string): number {
  return bytes + (flags.includes('S') ? 1 : 0) + (flags.includes('F') ? 1 : 0);
}

/** Of a clock that ticks every millisecond. */
function millisecondsBetween(startUs: number, endUs: number): number {
  return Math.floor(endUs / 1000) - Math.floor(startUs / 1000);
}

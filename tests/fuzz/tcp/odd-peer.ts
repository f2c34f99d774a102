/**
 * A TCP peer with whims, for the fuzzer: it opens, takes and gives as a case says (case.ts), none of it politely, and
 * from a certain time on as it should. It never lies about what it has, but for SACK blocks that cannot be.
 */
import { Random } from '../../../libos/inet/devices/random.ts';
import { arpFrame, type Path, tcpFrame } from '../../../libos/inet/tcp/test-segments.ts';
import type { Peer } from './case.ts';
import { GivingHalf } from './giving-half.ts';
import { Flag, optionBytes, readSegment, type Segment } from './segment.ts';
import { type Mouth, type Said, TakingHalf } from './taking-half.ts';

const SYN_AGAIN_US = 1e6;
const RESET_AGAIN_US = 1e6;
const SCALE_MAX = 14;
const MSS_BYTES_DEFAULT = 536;

export interface Surroundings {
  readonly nowUs: number;
  after(us: number, act: () => void): void;
  /** Puts a frame on the wire to the stack. */
  send(frame: Uint8Array): void;
  path: Path;
  stackPort: number;
  peerPort: number;
}

export class OddPeer implements Mouth {
  readonly random: Random;
  readonly taking: TakingHalf;
  readonly giving: GivingHalf;
  state: 'closed' | 'opening' | 'open' | 'gone' = 'closed';
  /** The stack has reset the connection. */
  wasReset = false;
  readonly #peer: Peer;
  readonly #around: Surroundings;
  #calm = false;
  #stackInitialSequence = 0;
  #heardSyn = false;
  #stackScale = 0;
  #synsHeard = 0;
  /** Both use timestamps; what the stack's last segment said. */
  #timestamps = false;
  #echo = 0;

  constructor(peer: Peer, seed: number, around: Surroundings) {
    this.random = new Random(seed);
    this.#peer = peer;
    this.#around = around;
    this.taking = new TakingHalf(peer.taking, peer.sack, this);
    this.giving = new GivingHalf(peer.giving, this);
    this.#timestamps = peer.timestamps !== 'off';
  }

  after(us: number, act: () => void): void {
    this.#around.after(us, act);
  }

  /** From now on it is as it should be. */
  calmDown(): void {
    this.#calm = true;
    if (this.state === 'closed' || this.state === 'opening') return;
    this.taking.calmDown();
    this.giving.calmDown();
  }

  /** Sends its SYN, until the connection is open. */
  open(): void {
    this.state = 'opening';
    this.#repeatSyn();
  }

  #repeatSyn(): void {
    if (this.state !== 'opening') return;
    if (this.#heardSyn) {
      if (this.#peer.opening === 'both') this.#saySyn(false);
      this.#saySyn(true);
    } else this.#saySyn(false);
    this.after(SYN_AGAIN_US, () => this.#repeatSyn());
  }

  receive(frame: Uint8Array): void {
    if (frame[12] === 8 && frame[13] === 6) {
      if (frame[21] === 1) this.#around.send(arpFrame(this.#around.path, 2));
      return;
    }
    const segment = readSegment(frame);
    if (segment === null || segment.destinationPort !== this.#around.peerPort) return;
    if (segment.flags & Flag.Rst) {
      if (this.state === 'open') {
        this.wasReset = true;
        this.#vanish();
      }
      return;
    }
    if (segment.timestamps !== null) [this.#echo] = segment.timestamps;
    if (this.state === 'gone') this.#sayReset(segment.acknowledgement);
    else if (segment.flags & Flag.Syn) this.#synArrives(segment);
    else if (this.#heardSyn) this.#arrives(segment);
  }

  #synArrives(segment: Segment): void {
    if (!this.#calm && this.#synsHeard++ < this.#peer.deafToSyns) return;
    if (!this.#heardSyn) {
      this.#heardSyn = true;
      this.#stackInitialSequence = segment.sequence;
      this.giving.mss = segment.mss ?? MSS_BYTES_DEFAULT;
      this.#timestamps &&= segment.timestamps !== null;
      if (this.#timestamps) this.giving.mss -= 12;
      if (segment.windowScale !== null && this.#peer.windowScale >= 0) {
        this.#stackScale = segment.windowScale;
        this.taking.scale = Math.min(this.#peer.windowScale, SCALE_MAX);
      }
    }
    const acknowledges = (segment.flags & Flag.Ack) !== 0 && segment.acknowledgement === this.#number(1);
    if (this.state === 'open') {
      // Its SYN comes again: what we have said of it was lost.
      this.say({});
    } else if (acknowledges) {
      this.#establish();
      this.say({});
      this.giving.acknowledged(1, 1 + segment.window);
    } else if (this.state === 'closed') this.open();
  }

  #arrives(segment: Segment): void {
    const acknowledgement = (segment.acknowledgement - this.#peer.initialSequence) | 0;
    if (this.state === 'opening' && acknowledgement >= 1) this.#establish();
    if (this.state !== 'open') return;
    const at = (segment.sequence - this.#stackInitialSequence) | 0;
    const fin = (segment.flags & Flag.Fin) !== 0;
    if (segment.payload.length > 0 || fin || at < this.taking.acknowledgement)
      this.taking.take(at, segment.payload, fin);
    this.giving.acknowledged(acknowledgement, acknowledgement + segment.window * 2 ** this.#stackScale);
  }

  #establish(): void {
    this.state = 'open';
    this.taking.opened();
    this.giving.opened();
    const { resetAfterUs } = this.#peer;
    if (resetAfterUs > 0) this.after(resetAfterUs, () => this.#reset());
    if (this.#calm) this.calmDown();
  }

  #reset(): void {
    if (this.state !== 'open') return;
    this.#vanish();
    this.#repeatReset();
  }

  /**
   * The first may be lost; and the stack, which is silent at one behind its window, may have more than it has
   * acknowledged as far as is known here, up to all that was sent.
   */
  #repeatReset(): void {
    this.#sayReset(this.#number(this.giving.unacknowledged));
    this.#sayReset(this.#number(this.giving.next));
    this.after(RESET_AGAIN_US, () => this.#repeatReset());
  }

  #vanish(): void {
    this.state = 'gone';
    this.giving.stop();
  }

  // Speaking

  say({ at, payload, fin, acknowledgement, sack }: Said): void {
    if (this.state === 'gone') return;
    const { random } = this;
    const acknowledged = acknowledgement ?? this.taking.acknowledgement;
    const omits = !this.#calm && random.fraction() < this.#peer.omitsTimestamps;
    const edges = (sack ?? []).map((edge) => (this.#stackInitialSequence + edge) | 0);
    let flags: number = Flag.Ack | (fin ? Flag.Fin : 0);
    // PSH, URG, ECE, CWR.
    if (this.#peer.oddFlags && !this.#calm) flags |= random.below(256) & (Flag.Psh | Flag.Urg | 64 | 128);
    this.#send({
      sequence: this.#number(at ?? this.giving.next),
      acknowledgement: (this.#stackInitialSequence + acknowledged) | 0,
      flags,
      window: this.taking.windowFor(acknowledged),
      options: optionBytes({ timestamps: omits ? null : this.#stamp(), sack: edges }),
      payload,
    });
  }

  #saySyn(answers: boolean): void {
    const { mss, windowScale, sack } = this.#peer;
    this.#send({
      sequence: this.#number(0),
      acknowledgement: answers ? (this.#stackInitialSequence + 1) | 0 : 0,
      flags: Flag.Syn | (answers ? Flag.Ack : 0),
      window: this.taking.synWindow(),
      options: optionBytes({
        ...(mss > 0 ? { mss } : {}),
        ...(windowScale >= 0 ? { windowScale } : {}),
        sackPermitted: sack,
        timestamps: this.#stamp(),
      }),
    });
  }

  #sayReset(sequence: number): void {
    this.#send({ sequence, flags: Flag.Rst });
  }

  #number(position: number): number {
    return (this.#peer.initialSequence + position) | 0;
  }

  #stamp(): readonly [number, number] | null {
    if (!this.#timestamps) return null;
    const { nowUs } = this.#around;
    const ms = Math.floor(nowUs / 1000) | 0;
    const echo = this.#echo;
    switch (this.#calm && this.#peer.timestamps.endsWith('echo') ? 'ms' : this.#peer.timestamps) {
      case 'us':
        return [Math.floor(nowUs) | 0, echo];
      case 'coarse':
        return [Math.floor(nowUs / 1e6), echo];
      case 'constant':
        return [7, echo];
      case 'wraps':
        return [(0x7fff_f000 + ms) | 0, echo];
      case 'no echo':
        return [ms, 0];
      case 'odd echo':
        return [ms, this.random.next()];
      default:
        return [ms, echo];
    }
  }

  #send(fields: Omit<Parameters<typeof tcpFrame>[1], 'sourcePort' | 'destinationPort'>): void {
    const { path, stackPort, peerPort } = this.#around;
    this.#around.send(tcpFrame(path, { ...fields, sourcePort: peerPort, destinationPort: stackPort }));
  }
}

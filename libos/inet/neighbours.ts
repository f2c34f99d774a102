/**
 * Which Ethernet address an IPv4 address of this network has: ARP (RFC 826) with a bounded cache.
 *
 *     Incomplete ──answer──> Reachable ──60 s, unused──> Stale
 *      │     ^                │    ^                       │
 *      │     │            60 s, used └──answer──┐          used
 *  no answer │                └──────────> Probing <───────┘
 *      v    used, hold-down over            │
 *     Failed ┘          Incomplete <──no answer
 *
 * The addresses of Reachable, Stale and Probing neighbours are known and used.
 */
import type { SgaSegment } from '../memory/sga.ts';
import type { Device } from './device.ts';
import { Timers } from './timers.ts';
import {
  ARP_BYTES,
  ArpOperation,
  arpOperation,
  arpSenderAddress,
  arpSenderMacHigh,
  arpSenderMacLow,
  arpTargetAddress,
  isArpForIpv4,
  writeArpSender,
  writeArpStart,
  writeArpTarget,
} from './wire/arp.ts';
import { readI32, readU16 } from './wire/bytes.ts';
import {
  BROADCAST_MAC_HIGH,
  BROADCAST_MAC_LOW,
  ETHERNET_HEADER_BYTES,
  EtherType,
  ethernetSourceHigh,
  ethernetSourceLow,
  writeEthernetDestination,
  writeEthernetSourceAndType,
} from './wire/ethernet.ts';

/**
 * How long each request waits for its answer. RFC 1122, section 2.3.2.1, recommends at most one a second for
 * a destination; the first ones follow faster, because in a data centre an answer takes microseconds and one
 * that is late is lost. Five in three seconds, then the neighbour has failed.
 */
const ANSWER_TIMES_US = [250_000, 250_000, 500_000, 1_000_000, 1_000_000];
/** How long a failed neighbour is not asked again. */
const HOLD_DOWN_US = 1_000_000;
/**
 * How long an address is believed without being confirmed (RFC 1122, section 2.3.2.1: of the order of a
 * minute).
 */
const LIFETIME_US = 60_000_000;
/** Unicast requests to a neighbour whose address is to be confirmed, one a second. */
const PROBES = 3;
const PROBE_INTERVAL_US = 1_000_000;
const MAX_NEIGHBOURS = 1024;
const MAX_HELD_PER_NEIGHBOUR = 16;
const MAX_HELD = 256;

export const NeighbourState = { Incomplete: 0, Reachable: 1, Stale: 2, Probing: 3, Failed: 4 } as const;
export type NeighbourState = (typeof NeighbourState)[keyof typeof NeighbourState];

/** An IPv4 address of this network. There is one object for an address as long as somebody retains it. */
export class Neighbour {
  readonly address: number;
  state: NeighbourState = NeighbourState.Incomplete;
  /** Ethernet address: first two bytes, unsigned, and last four, signed. Valid while resolved. */
  macHigh = 0;
  macLow = 0;
  /** Something was sent to it since its address was last confirmed. */
  used = false;
  /** When it was last looked up, as far as is known. */
  usedUs = Number.NEGATIVE_INFINITY;
  /** Who counts on this object staying the one for its address. */
  holders = 0;
  /** Requests sent since the last answer. */
  requests = 0;
  /** Failed: when it may be asked again. */
  holdDownUntilUs = Number.NEGATIVE_INFINITY;
  /** Complete frames that wait for the address, the oldest first. */
  heldFirst: SgaSegment | null = null;
  heldLast: SgaSegment | null = null;
  heldCount = 0;
  deadlineUs = Number.POSITIVE_INFINITY;
  timerIndex = -1;

  constructor(address: number) {
    this.address = address;
  }

  /** Frames can be sent to it. */
  get resolved(): boolean {
    return this.state !== NeighbourState.Incomplete && this.state !== NeighbourState.Failed;
  }

  get failed(): boolean {
    return this.state === NeighbourState.Failed;
  }

  /** Keeps the object in the table until as many calls of release. */
  retain(): void {
    this.holders++;
  }

  release(): void {
    this.holders--;
  }
}

export interface NeighbourHandler {
  /** Its address has become known: what waits may be sent. */
  neighbourResolved(neighbour: Neighbour): void;
  /** It does not answer. It is asked again when it is used after a hold-down of a second. */
  neighbourFailed(neighbour: Neighbour): void;
}

export class Neighbours {
  readonly counters = {
    requestsSent: 0,
    repliesSent: 0,
    malformed: 0,
    /** Another station claims to have our address. */
    conflicts: 0,
    heldDropped: 0,
    evicted: 0,
  };
  readonly #device: Device;
  readonly #ownAddress: number;
  readonly #ownMacHigh: number;
  readonly #ownMacLow: number;
  readonly #handler: NeighbourHandler;
  readonly #table = new Map<number, Neighbour>();
  readonly timers = new Timers<Neighbour>();
  #heldCount = 0;
  /** Stands in no table. */
  readonly #sender = new Neighbour(0);

  constructor(device: Device, ownAddress: number, handler: NeighbourHandler) {
    this.#device = device;
    this.#ownAddress = ownAddress;
    this.#ownMacHigh = readU16(device.mac, 0);
    this.#ownMacLow = readI32(device.mac, 2);
    this.#handler = handler;
  }

  /** Addresses that are kept. */
  get size(): number {
    return this.#table.size;
  }

  /**
   * The neighbour with this address, which is asked for when it is not known. Who keeps the object calls
   * its retain, and release later.
   */
  lookup(address: number): Neighbour {
    let neighbour = this.#table.get(address);
    if (neighbour === undefined) {
      neighbour = this.#insert(address);
      this.#ask(neighbour, this.#device.nowUs);
    }
    this.use(neighbour);
    return neighbour;
  }

  /**
   * The station that has sent the frame at `at`, whatever addresses are said to be behind it: nobody is asked, and
   * nothing is kept. For an answer to be sent at once; the object is the next call's as well. Null: it is no station.
   */
  senderOf(bytes: Uint8Array, at: number): Neighbour | null {
    const sender = this.#sender;
    sender.macHigh = ethernetSourceHigh(bytes, at);
    sender.macLow = ethernetSourceLow(bytes, at);
    sender.state = NeighbourState.Reachable;
    return isStation(sender.macHigh, sender.macLow) ? sender : null;
  }

  /** To be called before something is sent to `neighbour`: asks for its address when that is due. */
  use(neighbour: Neighbour): void {
    neighbour.used = true;
    const nowUs = this.#device.nowUs;
    neighbour.usedUs = nowUs;
    if (neighbour.state === NeighbourState.Stale) this.#probe(neighbour, nowUs);
    else if (neighbour.state === NeighbourState.Failed && nowUs >= neighbour.holdDownUntilUs)
      this.#ask(neighbour, nowUs);
  }

  /**
   * Takes a frame, complete but for the neighbour's address, and sends it as soon as that is known: at once,
   * or when the answer comes. The frame must carry all of its bytes itself. Of too many that wait, the oldest
   * is dropped (RFC 1122, section 2.3.2.2).
   */
  hold(neighbour: Neighbour, frame: SgaSegment): void {
    if (neighbour.resolved) {
      this.#transmit(neighbour, frame);
      return;
    }
    if (neighbour.heldCount === MAX_HELD_PER_NEIGHBOUR || this.#heldCount === MAX_HELD)
      this.#dropOldestHeld(neighbour);
    if (neighbour.failed || this.#heldCount === MAX_HELD) {
      this.counters.heldDropped++;
      frame.home.give(frame);
      return;
    }
    frame.next = null;
    if (neighbour.heldLast === null) neighbour.heldFirst = frame;
    else neighbour.heldLast.next = frame;
    neighbour.heldLast = frame;
    neighbour.heldCount++;
    this.#heldCount++;
  }

  /**
   * An ARP packet at `at`, of which `length` bytes came. Steps in RFC 826's order: update what is known of
   * the sender, then see whether we are meant, then learn and answer.
   */
  process(nowUs: number, bytes: Uint8Array, at: number, length: number): void {
    if (!isArpForIpv4(bytes, at, length)) {
      this.counters.malformed++;
      return;
    }
    const macHigh = arpSenderMacHigh(bytes, at);
    const macLow = arpSenderMacLow(bytes, at);
    // Our own request, come back through a bridge or a loop.
    if (macHigh === this.#ownMacHigh && macLow === this.#ownMacLow) return;
    const address = arpSenderAddress(bytes, at);
    if (!isStation(macHigh, macLow) || !canSend(address)) {
      this.counters.malformed++;
      return;
    }
    if (address === this.#ownAddress) {
      this.counters.conflicts++;
      return;
    }
    const meant = arpTargetAddress(bytes, at) === this.#ownAddress;
    const request = arpOperation(bytes, at) === ArpOperation.Request;
    // A probe (RFC 5227, section 1.1) comes from the address 0, of which there is nothing to learn.
    let known = address === 0 ? undefined : this.#table.get(address);
    if (known === undefined && address !== 0 && meant && request) known = this.#insert(address);
    if (known !== undefined) this.#confirm(known, macHigh, macLow, nowUs);
    if (meant && request) this.#reply(macHigh, macLow, address);
  }

  /** Sends the requests that are due. */
  poll(nowUs: number): void {
    for (let due = this.timers.due(nowUs); due !== null; due = this.timers.due(nowUs))
      this.#expired(due, nowUs);
  }

  /** The link came up: asks anew for those that were asked for in vain while it was down. */
  askAgain(nowUs: number): void {
    for (const neighbour of this.#table.values()) if (!neighbour.resolved) this.#ask(neighbour, nowUs);
  }

  /** When poll has something to do next; Infinity if nothing. */
  pollAt(): number {
    return this.timers.next();
  }

  #confirm(neighbour: Neighbour, macHigh: number, macLow: number, nowUs: number): void {
    const resolved = neighbour.resolved;
    neighbour.macHigh = macHigh;
    neighbour.macLow = macLow;
    neighbour.state = NeighbourState.Reachable;
    neighbour.used = false;
    neighbour.requests = 0;
    this.timers.set(neighbour, nowUs + LIFETIME_US);
    if (resolved) return;
    for (let frame = this.#takeHeld(neighbour); frame !== null; frame = this.#takeHeld(neighbour))
      this.#transmit(neighbour, frame);
    this.#handler.neighbourResolved(neighbour);
  }

  #expired(neighbour: Neighbour, nowUs: number): void {
    switch (neighbour.state) {
      case NeighbourState.Reachable:
        if (neighbour.used) {
          neighbour.usedUs = nowUs;
          this.#probe(neighbour, nowUs);
        } else {
          neighbour.state = NeighbourState.Stale;
        }
        break;
      case NeighbourState.Probing:
        if (neighbour.requests < PROBES) this.#sendProbe(neighbour, nowUs);
        else this.#ask(neighbour, nowUs);
        break;
      case NeighbourState.Incomplete:
        if (neighbour.requests < ANSWER_TIMES_US.length) this.#sendRequest(neighbour, nowUs);
        else this.#fail(neighbour, nowUs);
        break;
    }
  }

  /** Starts to ask everybody. */
  #ask(neighbour: Neighbour, nowUs: number): void {
    neighbour.state = NeighbourState.Incomplete;
    neighbour.requests = 0;
    this.#sendRequest(neighbour, nowUs);
  }

  /** Starts to ask the neighbour itself (RFC 1122, section 2.3.2.1, "unicast poll"). */
  #probe(neighbour: Neighbour, nowUs: number): void {
    neighbour.state = NeighbourState.Probing;
    neighbour.requests = 0;
    this.#sendProbe(neighbour, nowUs);
  }

  #sendRequest(neighbour: Neighbour, nowUs: number): void {
    this.timers.set(neighbour, nowUs + ANSWER_TIMES_US[neighbour.requests++]);
    this.counters.requestsSent++;
    this.#send(ArpOperation.Request, BROADCAST_MAC_HIGH, BROADCAST_MAC_LOW, neighbour.address);
  }

  #sendProbe(neighbour: Neighbour, nowUs: number): void {
    neighbour.requests++;
    this.timers.set(neighbour, nowUs + PROBE_INTERVAL_US);
    this.counters.requestsSent++;
    this.#send(ArpOperation.Request, neighbour.macHigh, neighbour.macLow, neighbour.address);
  }

  #reply(macHigh: number, macLow: number, address: number): void {
    this.counters.repliesSent++;
    this.#send(ArpOperation.Reply, macHigh, macLow, address);
  }

  #fail(neighbour: Neighbour, nowUs: number): void {
    neighbour.state = NeighbourState.Failed;
    neighbour.holdDownUntilUs = nowUs + HOLD_DOWN_US;
    while (neighbour.heldCount > 0) this.#dropOldestHeld(neighbour);
    this.#handler.neighbourFailed(neighbour);
  }

  /**
   * A packet to the station `macHigh`, `macLow`. Without a free frame it is lost as it may be on the wire.
   */
  #send(operation: ArpOperation, macHigh: number, macLow: number, address: number): void {
    const frame = this.#device.allocate();
    if (frame === null) return;
    const { bytes, offset } = frame;
    const at = offset + ETHERNET_HEADER_BYTES;
    writeEthernetDestination(bytes, offset, macHigh, macLow);
    writeEthernetSourceAndType(bytes, offset, this.#ownMacHigh, this.#ownMacLow, EtherType.Arp);
    writeArpStart(bytes, at, operation);
    writeArpSender(bytes, at, this.#ownMacHigh, this.#ownMacLow, this.#ownAddress);
    // What a request says of the target's station is without meaning (RFC 826); 0 is what everybody sends.
    const reply = operation === ArpOperation.Reply;
    writeArpTarget(bytes, at, reply ? macHigh : 0, reply ? macLow : 0, address);
    frame.length = ETHERNET_HEADER_BYTES + ARP_BYTES;
    this.#device.transmit(frame);
  }

  #transmit(neighbour: Neighbour, frame: SgaSegment): void {
    writeEthernetDestination(frame.bytes, frame.offset, neighbour.macHigh, neighbour.macLow);
    this.#device.transmit(frame);
  }

  #takeHeld(neighbour: Neighbour): SgaSegment | null {
    const frame = neighbour.heldFirst;
    if (frame === null) return null;
    neighbour.heldFirst = frame.next;
    if (frame.next === null) neighbour.heldLast = null;
    frame.next = null;
    neighbour.heldCount--;
    this.#heldCount--;
    return frame;
  }

  #dropOldestHeld(neighbour: Neighbour): void {
    const frame = this.#takeHeld(neighbour);
    if (frame === null) return;
    this.counters.heldDropped++;
    frame.home.give(frame);
  }

  #insert(address: number): Neighbour {
    if (this.#table.size >= MAX_NEIGHBOURS) this.#evict();
    const neighbour = new Neighbour(address);
    this.#table.set(address, neighbour);
    return neighbour;
  }

  /**
   * Forgets the neighbour that was longest not used; one that is retained stays, and the table grows by as
   * many.
   */
  #evict(): void {
    let oldest: Neighbour | null = null;
    for (const neighbour of this.#table.values()) {
      if (neighbour.holders === 0 && (oldest === null || neighbour.usedUs < oldest.usedUs))
        oldest = neighbour;
    }
    if (oldest === null) return;
    while (oldest.heldCount > 0) this.#dropOldestHeld(oldest);
    this.timers.cancel(oldest);
    this.#table.delete(oldest.address);
    this.counters.evicted++;
  }
}

/** Whether an Ethernet address is one station's: not a group's, not 0. */
function isStation(macHigh: number, macLow: number): boolean {
  return (macHigh & 0x0100) === 0 && (macHigh | macLow) !== 0;
}

/** Whether an ARP packet may come from this IPv4 address: a host's, or none. */
function canSend(address: number): boolean {
  const first = address >>> 24;
  return first < 224 && first !== 127 && (first !== 0 || address === 0);
}

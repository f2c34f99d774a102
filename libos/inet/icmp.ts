/**
 * ICMP as a host speaks it (RFC 792, RFC 1122 section 3.2.2): answers echo requests, reports errors about what
 * was sent (unreachable destinations, time exceeded, parameter problems) to the transports, and reports to
 * senders the ports that nobody listens at. Redirects and the other types are ignored.
 */
import type { SgaSegment } from '../memory/sga.ts';
import { Checksum } from './checksum.ts';
import { type Ipv4, PREPARED_BYTES } from './ipv4.ts';
import type { Neighbour, Neighbours } from './neighbours.ts';
import { copyBytes, readI32, readU16 } from './wire/bytes.ts';
import {
  ICMP_HEADER_BYTES,
  IcmpType,
  icmpCode,
  icmpNextHopMtu,
  icmpRest,
  icmpType,
  Unreachable,
  writeIcmpChecksum,
  writeIcmpHeader,
} from './wire/icmp.ts';
import {
  IPV4_HEADER_BYTES,
  ipv4Destination,
  ipv4HeaderBytes,
  ipv4Protocol,
  ipv4Source,
  ipv4Version,
  isIpv4Start,
  Protocol,
} from './wire/ipv4.ts';

/** What an error quotes of the payload of the packet that it is about (RFC 792). */
const QUOTED_BYTES = 8;

export interface IcmpHandler {
  /**
   * A packet that seems to be one of ours did not arrive. Anybody can claim that: the transport must compare
   * with what it has sent (RFC 5927).
   *
   * @param type DestinationUnreachable, TimeExceeded or ParameterProblem
   * @param code of that type; of DestinationUnreachable one of Unreachable, or a later one
   * @param nextHopMtu with FragmentationNeeded: what the narrow hop can carry, 0 if it does not say
   * @param reporter who says so
   * @param protocol TCP's or UDP's number
   * @param destination where the packet was to go, with `destinationPort`
   * @param sequence of TCP: the first sequence number of the segment
   */
  errorArrives(
    type: number,
    code: number,
    nextHopMtu: number,
    reporter: number,
    protocol: number,
    destination: number,
    sourcePort: number,
    destinationPort: number,
    sequence: number,
  ): void;
}

export class Icmp {
  readonly counters = {
    echoesAnswered: 0,
    unreachablesSent: 0,
    malformed: 0,
    badChecksum: 0,
    /** Of a type, or with a content, that is not for us. */
    ignored: 0,
    /** Not answered: no frame was free, there was no way back, or the answer does not fit in a packet. */
    unanswered: 0,
  };
  readonly #ipv4: Ipv4;
  readonly #neighbours: Neighbours;
  readonly #handler: IcmpHandler;
  readonly #checksum = new Checksum();
  /** Where the message that is being written goes. */
  #neighbour: Neighbour | null = null;

  constructor(ipv4: Ipv4, neighbours: Neighbours, handler: IcmpHandler) {
    this.#ipv4 = ipv4;
    this.#neighbours = neighbours;
    this.#handler = handler;
  }

  /** The message in the packet that `ipv4` has accepted. */
  process(bytes: Uint8Array): void {
    const { payloadAt, payloadLength } = this.#ipv4;
    if (payloadLength < ICMP_HEADER_BYTES) {
      this.counters.malformed++;
      return;
    }
    this.#checksum.reset();
    this.#checksum.add(bytes, payloadAt, payloadLength);
    if (this.#checksum.result() !== 0) {
      this.counters.badChecksum++;
      return;
    }
    const type = icmpType(bytes, payloadAt);
    if (type === IcmpType.Echo) this.#answerEcho(bytes);
    else if (
      type === IcmpType.DestinationUnreachable ||
      type === IcmpType.TimeExceeded ||
      type === IcmpType.ParameterProblem
    ) {
      this.#reportError(bytes, type);
    } else this.counters.ignored++;
  }

  /** Reports to the sender of the packet that `ipv4` has accepted that nobody listens at its port. */
  sendPortUnreachable(bytes: Uint8Array): void {
    const { broadcast, headerAt, payloadAt, payloadLength } = this.#ipv4;
    // Never to what came by broadcast (RFC 1122, section 3.2.2).
    if (broadcast) return;
    const quoted = payloadAt - headerAt + Math.min(payloadLength, QUOTED_BYTES);
    const frame = this.#start(bytes, ICMP_HEADER_BYTES + quoted);
    if (frame === null) return;
    const at = frame.offset + PREPARED_BYTES;
    writeIcmpHeader(frame.bytes, at, IcmpType.DestinationUnreachable, Unreachable.Port, 0);
    copyBytes(bytes, headerAt, frame.bytes, at + ICMP_HEADER_BYTES, quoted);
    this.#finish(frame, ICMP_HEADER_BYTES + quoted);
    this.counters.unreachablesSent++;
  }

  #answerEcho(bytes: Uint8Array): void {
    const { broadcast, payloadAt, payloadLength } = this.#ipv4;
    // RFC 1122, section 3.2.2.6: an echo to all may be ignored, else one frame would draw many.
    if (broadcast) {
      this.counters.ignored++;
      return;
    }
    const frame = this.#start(bytes, payloadLength);
    if (frame === null) return;
    const at = frame.offset + PREPARED_BYTES;
    writeIcmpHeader(frame.bytes, at, IcmpType.EchoReply, 0, icmpRest(bytes, payloadAt));
    const dataBytes = payloadLength - ICMP_HEADER_BYTES;
    copyBytes(bytes, payloadAt + ICMP_HEADER_BYTES, frame.bytes, at + ICMP_HEADER_BYTES, dataBytes);
    this.#finish(frame, payloadLength);
    this.counters.echoesAnswered++;
  }

  #reportError(bytes: Uint8Array, type: number): void {
    const { payloadAt, payloadLength, source } = this.#ipv4;
    const quoteAt = payloadAt + ICMP_HEADER_BYTES;
    const quoteLength = payloadLength - ICMP_HEADER_BYTES;
    if (quoteLength < IPV4_HEADER_BYTES || ipv4Version(bytes, quoteAt) !== 4) {
      this.counters.malformed++;
      return;
    }
    const headerBytes = ipv4HeaderBytes(bytes, quoteAt);
    if (headerBytes < IPV4_HEADER_BYTES || quoteLength < headerBytes + QUOTED_BYTES) {
      this.counters.malformed++;
      return;
    }
    const protocol = ipv4Protocol(bytes, quoteAt);
    const ours = ipv4Source(bytes, quoteAt) === this.#ipv4.address && isIpv4Start(bytes, quoteAt);
    if (!ours || (protocol !== Protocol.Tcp && protocol !== Protocol.Udp)) {
      this.counters.ignored++;
      return;
    }
    // Both transports start with the two ports, and TCP's sequence number comes next.
    const at = quoteAt + headerBytes;
    const code = icmpCode(bytes, payloadAt);
    const tooLarge = type === IcmpType.DestinationUnreachable && code === Unreachable.FragmentationNeeded;
    this.#handler.errorArrives(
      type,
      code,
      tooLarge ? icmpNextHopMtu(bytes, payloadAt) : 0,
      source,
      protocol,
      ipv4Destination(bytes, quoteAt),
      readU16(bytes, at),
      readU16(bytes, at + 2),
      protocol === Protocol.Tcp ? readI32(bytes, at + 4) : 0,
    );
  }

  /** An answer to the packet that lies in `bytes`. */
  #start(bytes: Uint8Array, messageBytes: number): SgaSegment | null {
    this.#neighbour = this.#ipv4.lastHop(bytes);
    const frame =
      this.#neighbour === null || messageBytes > this.#ipv4.maxPayloadBytes
        ? null
        : this.#ipv4.prepare(this.#neighbour, this.#ipv4.source, Protocol.Icmp, messageBytes);
    if (frame === null) this.counters.unanswered++;
    return frame;
  }

  #finish(frame: SgaSegment, messageBytes: number): void {
    const at = frame.offset + PREPARED_BYTES;
    this.#checksum.reset();
    this.#checksum.add(frame.bytes, at, messageBytes);
    writeIcmpChecksum(frame.bytes, at, this.#checksum.result());
    frame.length = PREPARED_BYTES + messageBytes;
    this.#neighbours.hold(this.#neighbour!, frame);
  }
}

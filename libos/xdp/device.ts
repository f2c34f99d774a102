/** An XDP socket: a device for the network stack (libos/frames/glue-device.ts). */
import { GlueDevice } from '../frames/glue-device.ts';
import { type NetworkInterface, readInterface } from '../frames/interface.ts';
import { missingRights } from '../frames/rights.ts';
import { mapAnonymous } from '../memory/anonymous.ts';
import type { Slab } from '../memory/sga.ts';
import { Attach, Flag, failureOf, type XdpGlue, xdpGlue } from './glue.ts';
import { LinkEnd } from './link.ts';
import { LARGEST_MTU, type XdpOptions } from './options.ts';
import { refusal, refused } from './refusal.ts';

/** Memory of frames is cut into chunks of one of these sizes. */
const SMALL_CHUNK_BYTES = 2048;
const LARGE_CHUNK_BYTES = 4096;
/** What the kernel keeps in front of a frame (XDP_PACKET_HEADROOM), and a header with a tag. */
const CHUNK_EXTRA_BYTES = 256 + 18;

/** Where a device is, and what holds there. */
interface Place {
  interface: string;
  queue: number;
  within<T>(body: () => T): T;
  close(): void;
}

interface Socket {
  address: number;
  memory: Slab;
}

export class XdpDevice extends GlueDevice {
  readonly #glue: XdpGlue;
  readonly #socket: number;

  /**
   * Throws LibosError, with the remedy: INVALID_ARGUMENT, LINK_DOWN, ADDRESS_IN_USE, PERMISSION_DENIED, NO_BUFFERS,
   * BACKEND_UNAVAILABLE.
   */
  constructor(options: XdpOptions) {
    const glue = xdpGlue();
    requireRights('link' in options.place);
    const place = placeOf(options);
    let socket: Socket;
    try {
      socket = place.within(() => openSocket(glue, place, options));
    } catch (error) {
      place.close();
      throw error;
    }
    const { address, memory } = socket;
    const port = {
      handle: address,
      address: glue.area(address),
      bytes: glue.areaBytes(address),
      exchange: glue.exchange,
      flush: glue.flush,
      readCounters: glue.readCounters,
      counterNames: glue.counterNames(),
      close() {
        glue.close(address);
        memory.unmap();
        place.close();
      },
    };
    super(port, false);
    this.#glue = glue;
    this.#socket = address;
  }

  setDeviceTimes(address: number): void {
    this.#glue.setDeviceTimes(this.#socket, address);
  }

  /** What `auto` of its options has come to. */
  about(): string {
    const { native, zero_copy } = this.counters();
    const program = native ? 'XDP program in the driver' : 'XDP program above the driver';
    return `${program}, ${zero_copy ? 'frames not copied' : 'frames copied'}`;
  }

  /** Sleeps until frames have come, for `timeoutMs` at most; false when the interface is gone. */
  wait(timeoutMs: number): boolean {
    return this.#glue.wait(this.#socket, this.longestWaitMs(timeoutMs) * 1000) >= 0;
  }
}

function requireRights(makesPair: boolean): void {
  const missing = missingRights(makesPair ? 'af_xdp_pair' : 'af_xdp');
  if (missing.length === 0) return;
  const detail = `it needs root, or ${missing.join(' and ')}, which this process lacks: run it by sudo`;
  throw refused('PERMISSION_DENIED', detail);
}

function placeOf({ place }: XdpOptions): Place {
  if ('link' in place) {
    const end = new LinkEnd(place.link, place.role);
    return {
      interface: end.interface,
      queue: 0,
      within: (body) => end.within(body),
      close: () => end.close(),
    };
  }
  const { interface: name, queue } = place;
  return { interface: name, queue: queue ?? chosenQueue(name), within: (body) => body(), close() {} };
}

/** The only queue. Throws INVALID_ARGUMENT where there are more: what comes by the others would go to the kernel. */
function chosenQueue(name: string): number {
  const queues = readInterface(name)?.receiveQueues ?? 1;
  if (queues === 1) return 0;
  throw refused(
    'INVALID_ARGUMENT',
    `interface=${name} spreads what comes over ${queues} queues, of which one comes here: ethtool -L ${name} combined 1, or ` +
      `give queue=0, and steer to that queue what is for here (ethtool -N ${name})`,
  );
}

function openSocket(glue: XdpGlue, { interface: name, queue }: Place, options: XdpOptions): Socket {
  const found = usable(name, queue, readInterface(name));
  const { packetBuffers, attach, zeroCopy } = options;
  const mtu = mtuOn(name, found, options.mtu);
  const chunkBytes = mtu + CHUNK_EXTRA_BYTES <= SMALL_CHUNK_BYTES ? SMALL_CHUNK_BYTES : LARGE_CHUNK_BYTES;
  const flags =
    (zeroCopy === 'yes' ? Flag.ForceZeroCopy : 0) |
    (zeroCopy === 'no' ? Flag.ForceCopy : 0) |
    (options.checksum === 'partial' ? Flag.PartialChecksums : 0);
  const memoryBytes = packetBuffers * chunkBytes;
  const memory = mapAnonymous(memoryBytes);
  const how = Attach[attach];
  const opened = glue.open(name, memory.address, chunkBytes, packetBuffers, mtu, queue, how, flags);
  if (opened >= 0) return { address: opened, memory };
  memory.unmap();
  const { step, error } = failureOf(opened);
  const { driver } = found;
  throw refusal(step, error, {
    interface: name,
    driver,
    queue,
    memoryBytes,
    packetBuffers,
    attach,
    zeroCopy,
  });
}

function usable(name: string, queue: number, found: NetworkInterface | null): NetworkInterface {
  if (found === null) {
    throw refused('INVALID_ARGUMENT', `interface=${name}: there is no such interface; see ip link`);
  }
  if (!found.up) throw refused('LINK_DOWN', `interface=${name} is down: ip link set ${name} up`);
  const { receiveQueues } = found;
  if (queue >= receiveQueues) {
    const there = receiveQueues === 1 ? 'queue 0 alone' : `queues 0 to ${receiveQueues - 1}`;
    throw refused('INVALID_ARGUMENT', `queue=${queue}: ${name} has ${there}`);
  }
  return found;
}

function mtuOn(name: string, found: NetworkInterface, given: number | null): number {
  if (given === null && found.mtu > LARGEST_MTU) {
    throw refused(
      'INVALID_ARGUMENT',
      `interface=${name} has packets of up to ${found.mtu} bytes, xdp of ${LARGEST_MTU}, since a frame lies within a page of ` +
        'memory: give mtu=1500, which then holds for this end, and for both ip link set ' +
        `${name} mtu 1500`,
    );
  }
  return given ?? found.mtu;
}

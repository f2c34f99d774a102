/**
 * Two libOSes that reach each other over a simulated link, for tests and for trying things without a device:
 * 10.99.0.1 and 10.99.0.2. Time passes by a step with each exchange of frames of either, so that whoever
 * waits makes it pass.
 */
import { LibosCore } from '../core.ts';
import type { Device } from '../inet/device.ts';
import { defaultTcpOptions, type TcpOptions } from '../inet/tcp/options.ts';
import { InetTransport } from '../inet/transport.ts';
import { BufferPool } from '../memory/pool.ts';
import type { SgaSegment, Slab } from '../memory/sga.ts';
import type { TransportHost } from '../transport.ts';
import { type LinkOptions, SimulatedLink } from './link.ts';

export interface PairOptions {
  link?: LinkOptions;
  tcp?: Partial<TcpOptions>;
  checked?: boolean;
  idle?: 'poll' | 'sleep';
  poolLimitBytes?: number;
  /** How far one exchange moves the time. */
  stepUs?: number;
}

export const pairAddresses = ['10.99.0.1', '10.99.0.2'] as const;
const NETWORK = 0x0a630000;

const BUFFER_BYTES = 16 * 1024;

/** The libOSes, their transports and the link between them. */
export function createPair(options: PairOptions = {}) {
  const link = new SimulatedLink(options.link);
  const pair = [link.a, link.b].map((device, index) => {
    const ticking = new TickingDevice(device, link, options.stepUs ?? 1);
    const createTransport = (host: TransportHost) =>
      new InetTransport(host, ticking, simulatedPool(options), {
        name: 'sim',
        network: { address: NETWORK + index + 1, prefixLength: 24, gateway: 0 },
        tcp: { ...defaultTcpOptions, ...options.tcp },
        secret: [0x1234567 + index, 0x89abcde],
        counters: () => ({}),
      });
    return new LibosCore(createTransport, {
      checked: options.checked ?? false,
      idle: options.idle ?? 'poll',
    });
  });
  const [a, b]: LibosCore[] = pair;
  return { a, b, transports: pair.map(({ transport }) => transport), link };
}

function simulatedPool(options: PairOptions): BufferPool {
  return new BufferPool({
    bufferBytes: BUFFER_BYTES,
    slabBuffers: 64,
    limitBytes: options.poolLimitBytes ?? 1024 ** 3,
    retainBytes: 64 * 1024 * 1024,
    checked: options.checked ?? false,
    mapSlab: (bytes): Slab => ({ bytes: new Uint8Array(bytes), address: 0, discard() {}, unmap() {} }),
  });
}

/** A device of the link that moves the link's time with each exchange. */
class TickingDevice implements Device {
  readonly mac: Uint8Array;
  readonly mtu: number;
  readonly fillsChecksums: boolean;
  readonly received: readonly SgaSegment[];
  readonly receivedChecksums: Uint8Array;
  readonly #inner: Device;
  readonly #link: SimulatedLink;
  readonly #stepUs: number;

  constructor(inner: Device, link: SimulatedLink, stepUs: number) {
    this.#inner = inner;
    this.#link = link;
    this.#stepUs = stepUs;
    this.mac = inner.mac;
    this.mtu = inner.mtu;
    this.fillsChecksums = inner.fillsChecksums;
    this.received = inner.received;
    this.receivedChecksums = inner.receivedChecksums;
  }

  get nowUs(): number {
    return this.#inner.nowUs;
  }
  get linkUp(): boolean {
    return this.#inner.linkUp;
  }
  get linkIsPeer(): boolean {
    return this.#inner.linkIsPeer;
  }
  get freeBuffers(): number {
    return this.#inner.freeBuffers;
  }

  exchange(): number {
    this.#link.advanceTo(this.#link.nowUs + this.#stepUs);
    return this.#inner.exchange();
  }

  allocate(): SgaSegment | null {
    return this.#inner.allocate();
  }
  append(payload: SgaSegment, offset: number, length: number): void {
    this.#inner.append(payload, offset, length);
  }
  transmit(frame: SgaSegment): void {
    this.#inner.transmit(frame);
  }
  give(segment: SgaSegment): void {
    this.#inner.give(segment);
  }
  close(): void {
    this.#inner.close();
  }
}

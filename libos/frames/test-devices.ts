/**
 * Devices with a glue, both ends of a link in this process, for the tests: frames whose bytes tell which they are, and
 * what holds of the frames of every such device.
 */
import { afterEach, expect, it } from 'vitest';
import { LibosError } from '../errors.ts';
import { MAX_PIECES } from '../inet/device.ts';
import { mapAnonymous } from '../memory/anonymous.ts';
import { SgaSegment } from '../memory/sga.ts';
import type { GlueDevice } from './glue-device.ts';

export type Role = 'server' | 'client';
type Options = Readonly<Record<string, string>>;

const PATIENCE_MS = 5000;
/** Exchanges in a row that bring nothing: what was on its way has come. */
const QUIET_EXCHANGES = 200;
/** Ethernet's header, and the tag that may stand in it. */
const HEADER_BYTES = 14;
const TAG_BYTES = 4;

export class TestDevices<Device extends GlueDevice> {
  readonly #make: (role: Role, options: Options) => Device;
  readonly #opened: Device[] = [];

  /** To be made where hooks are: what a test opens is closed behind it. */
  constructor(make: (role: Role, options: Options) => Device) {
    this.#make = make;
    afterEach(() => {
      for (const device of this.#opened.splice(0)) device.close();
    });
  }

  open(role: Role, options: Options = {}): Device {
    const device = this.#make(role, options);
    this.#opened.push(device);
    return device;
  }

  /** Both ends, with their link up. */
  openPair(
    serverOptions: Options = {},
    clientOptions: Options = serverOptions,
  ): { server: Device; client: Device } {
    const server = this.open('server', serverOptions);
    const client = this.open('client', clientOptions);
    this.until(() => server.linkUp && client.linkUp);
    return { server, client };
  }

  /** Exchanges on all until it is `done`; what comes is given back. Throws after five seconds. */
  until(done: () => boolean): void {
    const deadline = performance.now() + PATIENCE_MS;
    while (!done()) {
      if (performance.now() > deadline) throw new Error('it did not come to pass');
      for (const device of this.#opened) {
        const count = device.exchange();
        for (let i = 0; i < count; i++) device.give(device.received[i]);
      }
    }
  }

  /**
   * The frames that arrive at `device`: `enough` of them, for which it waits, and what comes right behind them. The
   * others exchange as well: one whose driver calls back sends with a later exchange only.
   */
  receive(device: Device, enough = 1): SgaSegment[] {
    const frames: SgaSegment[] = [];
    const deadline = performance.now() + PATIENCE_MS;
    for (let quiet = 0; quiet < QUIET_EXCHANGES; quiet++) {
      for (const other of this.#opened) if (other !== device) other.exchange();
      const count = device.exchange();
      frames.push(...device.received.slice(0, count));
      if (count > 0 || (frames.length < enough && performance.now() < deadline)) quiet = 0;
    }
    return frames;
  }

  /** Each length from an empty frame's to that of Ethernet's longest, or each `step`-th, both ways. */
  expectEveryLength(pair: { server: Device; client: Device }, step: number): void {
    for (const [from, to] of [
      [pair.client, pair.server],
      [pair.server, pair.client],
    ]) {
      for (let length = HEADER_BYTES; length <= HEADER_BYTES + 1500; length += step) {
        expect(sendFrame(from, length, length)).toBe(true);
        from.exchange();
        const [frame, ...more] = this.#receiveOne(from, to);
        expectFrame(frame, length, length);
        expect(more).toEqual([]);
        to.give(frame);
      }
    }
  }

  /** The frames of the next exchange that brings any. */
  #receiveOne(from: Device, to: Device): SgaSegment[] {
    for (const deadline = performance.now() + PATIENCE_MS; performance.now() < deadline; from.exchange()) {
      const count = to.exchange();
      if (count > 0) return to.received.slice(0, count);
    }
    throw new Error('no frame came');
  }
}

/** Queues a frame of `length` bytes, none of them IPv4, whose content follows from `seed`. False when none is free. */
export function sendFrame(device: GlueDevice, length: number, seed: number): boolean {
  const frame = device.allocate();
  if (frame === null) return false;
  for (let i = 0; i < length; i++) frame.bytes[frame.offset + i] = (i * 7 + seed * 13) & 255;
  frame.bytes[frame.offset + 12] = 0x88;
  frame.length = length;
  device.transmit(frame);
  return true;
}

export function expectFrame(frame: SgaSegment, length: number, seed: number): void {
  expect(frame.length).toBe(length);
  for (let i = 0; i < length; i++) {
    const is = frame.bytes[frame.offset + i];
    if (i !== 12 && is !== ((i * 7 + seed * 13) & 255))
      expect.fail(`byte ${i} of a frame of ${length} is ${is}`);
  }
}

export const copyOut = ({ bytes, offset, length }: SgaSegment): Uint8Array =>
  bytes.slice(offset, offset + length);

/** What `body` throws. */
export function errorOf(body: () => unknown): LibosError {
  try {
    body();
  } catch (error) {
    if (error instanceof LibosError) return error;
    throw error;
  }
  throw new Error('it did not throw');
}

/** Tests of frames, as every device has to carry them. `pieceBytes`: of the longest pieces of a frame. */
export function framesOfGlueDevices(devices: TestDevices<GlueDevice>, pieceBytes: number): void {
  it('carry their pieces behind the headers', () => {
    const { server, client } = devices.openPair();
    const slab = mapAnonymous(1 << 16);
    for (let i = 0; i < slab.bytes.length; i++) slab.bytes[i] = (i * 31) >> 3;
    const payload = new SgaSegment({ give() {} }, slab, 0, 4096, 32_768);
    const frame = client.allocate()!;
    const expected: number[] = Array.from({ length: 54 }, (_, i) => i);
    frame.bytes.set(expected, frame.offset);
    frame.length = 54;
    for (let i = 0; i < MAX_PIECES; i++) {
      const [offset, length] = [4096 + i * 1777, [0, 1, 2, 3, 64, pieceBytes][i % 6]];
      client.append(payload, offset, length);
      expected.push(...slab.bytes.subarray(offset, offset + length));
    }
    client.transmit(frame);
    sendFrame(client, 100, 5);
    client.exchange();
    const frames = devices.receive(server, 2);
    expect(frames.map(({ length }) => length)).toEqual([expected.length, 100]);
    expect([...copyOut(frames[0])]).toEqual(expected);
    expectFrame(frames[1], 100, 5);
    for (const each of frames) server.give(each);
    slab.unmap();
  });

  it('that were received can be sent as they are', () => {
    const { server, client } = devices.openPair();
    sendFrame(client, 200, 9);
    client.exchange();
    const [frame] = devices.receive(server);
    server.transmit(frame);
    const [back] = devices.receive(client);
    expectFrame(back, 200, 9);
    client.give(back);
    expect(server.heldBuffers + client.heldBuffers).toBe(0);
  });

  it('that are too long are counted and go nowhere', () => {
    const mtu = 1400;
    const { server, client } = devices.openPair({ mtu: `${mtu}` });
    const longest = HEADER_BYTES + TAG_BYTES + mtu;
    expect(sendFrame(client, longest + 1, 0)).toBe(true);
    expect(sendFrame(client, longest, 1)).toBe(true);
    client.exchange();
    const frames = devices.receive(server);
    expect(frames.map(({ length }) => length)).toEqual([longest]);
    expectFrame(frames[0], longest, 1);
    server.give(frames[0]);
    expect(client.counters().tx_dropped_oversize).toBe(1);
  });

  it('that are out when the device is closed can still be given back', () => {
    const { client } = devices.openPair();
    const frame = client.allocate()!;
    client.close();
    client.give(frame);
    expect(client.exchange()).toBe(0);
    expect(client.linkUp).toBe(false);
  });
}

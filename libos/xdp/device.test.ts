/** XdpDevice over a pair of devices, both ends in this process. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { LibosError } from '../errors.ts';
import { ChecksumStatus, MAX_BURST, MAX_PIECES } from '../inet/device.ts';
import { mapAnonymous } from '../memory/anonymous.ts';
import { SgaSegment } from '../memory/sga.ts';
import { XdpDevice } from './device.ts';
import { parseXdpOptions } from './options.ts';
import { hasLink } from './test-rights.ts';

const folder = mkdtempSync(join(tmpdir(), 'bypassbench-xdp-device-'));
afterAll(() => rmSync(folder, { recursive: true }));

const BUFFERS = 2048;
let link = '';
let links = 0;
let server: XdpDevice;
let client: XdpDevice;
const opened: XdpDevice[] = [];

function open(role: 'server' | 'client', options: Record<string, string> = {}): XdpDevice {
  const ip = role === 'server' ? '10.99.0.1/24' : '10.99.0.2/24';
  const given = { role, link, ip, packet_buffers: `${BUFFERS}`, ...options };
  const device = new XdpDevice(parseXdpOptions(given));
  opened.push(device);
  return device;
}

function openPair(options: Record<string, string> = {}): void {
  server = open('server', options);
  client = open('client', options);
}

/** Queues a frame of `length` bytes, none of them IPv4, whose content follows from `seed`. False when none is free. */
function send(device: XdpDevice, length: number, seed: number): boolean {
  const frame = device.allocate();
  if (frame === null) return false;
  for (let i = 0; i < length; i++) frame.bytes[frame.offset + i] = (i * 7 + seed * 13) & 255;
  frame.bytes[frame.offset + 12] = 0x88;
  frame.length = length;
  device.transmit(frame);
  return true;
}

function expectFrame(frame: SgaSegment, length: number, seed: number): void {
  expect(frame.length).toBe(length);
  for (let i = 0; i < length; i++) {
    const is = frame.bytes[frame.offset + i];
    if (i !== 12 && is !== ((i * 7 + seed * 13) & 255))
      expect.fail(`byte ${i} of a frame of ${length} is ${is}`);
  }
}

/** The frames that arrive at `device`: `enough` of them, for which it waits, and what comes right behind them. */
function receive(device: XdpDevice, enough = 1): SgaSegment[] {
  const frames: SgaSegment[] = [];
  const deadline = performance.now() + 5000;
  for (let quiet = 0; quiet < 200; quiet++) {
    const count = device.exchange();
    frames.push(...device.received.slice(0, count));
    if (count > 0 || (frames.length < enough && performance.now() < deadline)) quiet = 0;
  }
  return frames;
}

/** Where the buffers are, by the device's own account and that of who holds them. */
function accountOf(device: XdpDevice): number {
  const { buffers_spare, buffers_lent, buffers_to_fill, buffers_to_send } = device.counters();
  return buffers_spare + buffers_lent + buffers_to_fill + buffers_to_send + device.heldBuffers;
}

function errorOf(body: () => unknown): LibosError {
  try {
    body();
  } catch (error) {
    return error as LibosError;
  }
  throw new Error('it did not throw');
}

const copyOut = ({ bytes, offset, length }: SgaSegment): Uint8Array => bytes.slice(offset, offset + length);

beforeEach(() => {
  link = join(folder, `${links++}`);
});
afterEach(() => {
  for (const device of opened.splice(0)) device.close();
});

describe.runIf(hasLink)('frames', () => {
  it.each([{}, { attach: 'skb' }, { zero_copy: 'no' }])(
    'of every size arrive as they were sent, with %j',
    (options) => {
      openPair(options as Record<string, string>);
      for (let length = 14; length <= 1514; length += 3) {
        for (const [from, to] of [
          [client, server],
          [server, client],
        ]) {
          expect(send(from, length, length)).toBe(true);
          from.exchange();
          const frames = receive(to);
          expect(frames).toHaveLength(1);
          expectFrame(frames[0], length, length);
          to.give(frames[0]);
        }
      }
      expect(server.counters()).toMatchObject({ native: options.attach === 'skb' ? 0 : 1, zero_copy: 0 });
    },
  );

  it('carry their pieces behind the headers', () => {
    openPair();
    const slab = mapAnonymous(1 << 16);
    for (let i = 0; i < slab.bytes.length; i++) slab.bytes[i] = (i * 31) >> 3;
    const payload = new SgaSegment({ give() {} }, slab, 0, 4096, 32_768);
    const frame = client.allocate()!;
    const expected: number[] = Array.from({ length: 54 }, (_, i) => i);
    frame.bytes.set(expected, frame.offset);
    frame.length = 54;
    for (let i = 0; i < MAX_PIECES; i++) {
      const [offset, length] = [4096 + i * 1777, [0, 1, 2, 3, 64, 300][i % 6]];
      client.append(payload, offset, length);
      expected.push(...slab.bytes.subarray(offset, offset + length));
    }
    client.transmit(frame);
    send(client, 100, 5);
    client.exchange();
    const frames = receive(server, 2);
    expect(frames.map(({ length }) => length)).toEqual([expected.length, 100]);
    expect([...copyOut(frames[0])]).toEqual(expected);
    expectFrame(frames[1], 100, 5);
    for (const each of frames) server.give(each);
    slab.unmap();
  });

  it('that were received can be sent as they are', () => {
    openPair();
    send(client, 200, 9);
    client.exchange();
    const [frame] = receive(server);
    server.transmit(frame);
    server.exchange();
    const [back] = receive(client);
    expectFrame(back, 200, 9);
    client.give(back);
  });

  it('that are too long are counted and go nowhere', () => {
    openPair({ mtu: '1400' });
    expect(send(client, 1419, 0)).toBe(true);
    expect(send(client, 1418, 1)).toBe(true);
    client.exchange();
    const frames = receive(server);
    expect(frames.map(({ length }) => length)).toEqual([1418]);
    server.give(frames[0]);
    expect(client.counters().tx_dropped_oversize).toBe(1);
  });

  it('have the checksums of IPv4 and UDP filled in, and found good', () => {
    openPair();
    const frame = client.allocate()!;
    const packet = Buffer.from(
      'ffffffffffff02000000000208004500001e0000400040110000' + '0ae74d090ae74d0100070008000a00006869',
      'hex',
    );
    frame.bytes.set(packet, frame.offset);
    frame.length = packet.length;
    client.transmit(frame);
    client.exchange();
    const [received] = receive(server);
    expect(server.receivedChecksums[0]).toBe(ChecksumStatus.Good);
    expect(Buffer.from(copyOut(received)).readUInt16BE(24)).not.toBe(0);
    server.give(received);
  });
});

describe.runIf(hasLink)('buffers', () => {
  it('are all accounted for, whatever is sent, kept and given back', () => {
    openPair();
    const held: SgaSegment[] = [];
    let random = 12345;
    const draw = (below: number) => {
      random = (Math.imul(random, 1103515245) + 12345) >>> 0;
      return (random >>> 8) % below;
    };
    for (let round = 0; round < 2000; round++) {
      for (let i = draw(40); i > 0; i--) send(client, 60 + draw(1400), i);
      client.exchange();
      const count = server.exchange();
      for (let i = 0; i < count; i++) held.push(server.received[i]);
      for (let i = draw(60); i > 0 && held.length > 0; i--) {
        const [frame] = held.splice(draw(held.length), 1);
        if (draw(3) === 0) server.transmit(frame);
        else server.give(frame);
      }
      const back = client.exchange();
      for (let i = 0; i < back; i++) client.give(client.received[i]);
      if (round % 100 === 0) {
        expect(accountOf(server)).toBe(BUFFERS);
        expect(accountOf(client)).toBe(BUFFERS);
      }
    }
    expect(new Set(held).size).toBe(held.length);
  });

  it('run dry where every frame is kept, and are there again when they are given back', () => {
    openPair();
    const held: SgaSegment[] = [];
    const transferUntil = (done: () => boolean) => {
      for (const deadline = performance.now() + 5000; !done(); ) {
        if (performance.now() > deadline) throw new Error(`${held.length} frames have come`);
        for (let i = 0; i < MAX_BURST; i++) send(client, 1000, i);
        client.exchange();
        const count = server.exchange();
        for (let i = 0; i < count; i++) held.push(server.received[i]);
      }
    };
    const lost = () => server.counters().kernel_rx_fill_ring_empty;
    transferUntil(() => lost() > 0 && server.freeBuffers < MAX_BURST);
    expect(new Set(held).size).toBe(held.length);
    expect(held.length).toBeLessThan(BUFFERS);
    expect(accountOf(server)).toBe(BUFFERS);
    // There is still one to answer with.
    expect(send(server, 64, 0)).toBe(true);
    for (const frame of held) server.give(frame);
    held.length = 0;
    server.exchange();
    transferUntil(() => held.length > BUFFERS / 2);
    for (const frame of held) server.give(frame);
  });

  it('can be given back when the device is closed', () => {
    openPair();
    const frame = client.allocate()!;
    client.close();
    client.give(frame);
    expect(client.exchange()).toBe(0);
    expect(client.linkUp).toBe(false);
  });
});

describe.runIf(hasLink)('a wait', () => {
  it('lasts until a frame comes, or its time is up', () => {
    openPair();
    receive(server, 0);
    const start = performance.now();
    expect(server.wait(30)).toBe(true);
    expect(performance.now() - start).toBeGreaterThan(25);
    send(client, 64, 1);
    client.exchange();
    const before = performance.now();
    server.wait(5000);
    expect(performance.now() - before).toBeLessThan(50);
    expect(receive(server)).toHaveLength(1);
  });
});

describe.runIf(hasLink)('a link', () => {
  it('of a live server is refused to another, and goes with its server', () => {
    openPair();
    const error = errorOf(() => open('server'));
    expect([error.code, error.message]).toEqual(['ADDRESS_IN_USE', expect.stringContaining(link)]);
    server.close();
    expect(existsSync(link)).toBe(false);
  });

  it('that a killed server has left is made anew', () => {
    writeFileSync(link, '/proc/999999999/fd/3 4026531840\n');
    openPair();
    expect(readFileSync(link, 'utf8')).toContain(`/proc/${process.pid}/fd/`);
    expect([...server.mac]).not.toEqual([...client.mac]);
  });

  it('without a server, or where there is no folder, is refused with the remedy', () => {
    expect(errorOf(() => open('client'))).toMatchObject({
      code: 'LINK_DOWN',
      message: expect.stringContaining('start it first'),
    });
    link = join(folder, 'nowhere', 'link');
    expect(errorOf(() => open('server')).code).toBe('INVALID_ARGUMENT');
  });

  it('without a copy is refused, which says that its driver has none', () => {
    expect(errorOf(() => open('server', { zero_copy: 'yes' }))).toMatchObject({
      code: 'BACKEND_UNAVAILABLE',
      message: expect.stringMatching(/its driver, veth, may have none: zero_copy=auto/),
    });
    expect(existsSync(link)).toBe(false);
  });
});

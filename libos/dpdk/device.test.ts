/** DpdkDevice over memif, both ends in this process: one EAL, two ports. */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { LibosError } from '../errors.ts';
import { ChecksumStatus, MAX_BURST, MAX_PIECES } from '../inet/device.ts';
import { mapAnonymous } from '../memory/anonymous.ts';
import { SgaSegment } from '../memory/sga.ts';
import { DpdkDevice } from './device.ts';
import { parseDpdkOptions } from './options.ts';

const folder = mkdtempSync(join(tmpdir(), 'bypassbench-device-'));
afterAll(() => rmSync(folder, { recursive: true }));

const BUFFERS = 1024;
let socket = '';
let server: DpdkDevice;
let client: DpdkDevice;
const opened: DpdkDevice[] = [];
let sockets = 0;

function open(role: 'server' | 'client', options: Record<string, string> = {}): DpdkDevice {
  const ip = role === 'server' ? '10.99.0.1/24' : '10.99.0.2/24';
  const device = new DpdkDevice(
    parseDpdkOptions({ role, socket, ip, packet_buffers: `${BUFFERS}`, ...options }),
  );
  opened.push(device);
  return device;
}

/** Exchanges on both until `done` or five seconds have passed; frames are not expected. */
function until(done: () => boolean): void {
  const deadline = performance.now() + 5000;
  while (!done()) {
    if (performance.now() > deadline) throw new Error('it did not come to pass');
    for (const device of opened) {
      const count = device.exchange();
      for (let i = 0; i < count; i++) device.give(device.received[i]);
    }
  }
}

function openPair(
  serverOptions: Record<string, string> = {},
  clientOptions: Record<string, string> = {},
): void {
  server = open('server', serverOptions);
  client = open('client', clientOptions);
  until(() => server.linkUp && client.linkUp);
}

function closeAll(): void {
  for (const device of opened.splice(0)) device.close();
}

/**
 * Queues a frame of `length` bytes, none of them IPv4, whose content follows from `seed`. False when none is
 * free.
 */
function send(device: DpdkDevice, length: number, seed: number): boolean {
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
    if (i !== 12 && frame.bytes[frame.offset + i] !== ((i * 7 + seed * 13) & 255)) {
      expect.fail(`byte ${i} of a frame of ${length} is ${frame.bytes[frame.offset + i]}`);
    }
  }
}

/** The frames that arrive at `device` until none has come for a while. */
function receive(device: DpdkDevice): SgaSegment[] {
  const frames: SgaSegment[] = [];
  for (let quiet = 0; quiet < 100; quiet++) {
    const count = device.exchange();
    if (count > 0) quiet = 0;
    frames.push(...device.received.slice(0, count));
  }
  return frames;
}

function errorOf(body: () => unknown): LibosError {
  try {
    body();
  } catch (error) {
    return error as LibosError;
  }
  throw new Error('it did not throw');
}

beforeEach(() => {
  socket = join(folder, `${sockets++}.sock`);
});
afterEach(closeAll);

describe('frames', () => {
  it('of every size arrive as they were sent, both ways', () => {
    openPair({ mtu: '1500' }, { mtu: '1500' });
    for (const [from, to] of [
      [client, server],
      [server, client],
    ]) {
      for (let length = 14; length <= 1514; length++) {
        expect(send(from, length, length)).toBe(true);
        from.exchange();
        const [frame, ...more] = receiveOne(to);
        expectFrame(frame, length, length);
        expect(more).toEqual([]);
        to.give(frame);
      }
    }
    expect(client.counters()).toMatchObject({
      rx_frames: 1501,
      tx_frames: 1501,
      tx_bytes: (1501 * 1528) / 2,
    });
  });

  it('of the largest size arrive, in order and many at once', () => {
    openPair();
    expect(client.mtu).toBe(9000);
    for (let i = 0; i < 50; i++) expect(send(client, 9014 - i, i)).toBe(true);
    client.exchange();
    const frames = receive(server);
    expect(frames.length).toBe(50);
    for (const [i, frame] of frames.entries()) {
      expectFrame(frame, 9014 - i, i);
      server.give(frame);
    }
  });

  it('carry their pieces behind the headers', () => {
    openPair();
    const slab = mapAnonymous(1 << 16);
    for (let i = 0; i < slab.bytes.length; i++) slab.bytes[i] = (i * 31) >> 3;
    const payload = new SgaSegment({ give() {} }, slab, 0, 4096, 32_768);
    const frame = client.allocate()!;
    const lengths = Array.from({ length: MAX_PIECES }, (_, i) => [0, 1, 2, 3, 64, 1000][i % 6]);
    const expected: number[] = Array.from({ length: 54 }, (_, i) => i);
    frame.bytes.set(expected, frame.offset);
    frame.length = 54;
    for (const [i, length] of lengths.entries()) {
      const offset = 4096 + i * 1777;
      client.append(payload, offset, length);
      expected.push(...slab.bytes.subarray(offset, offset + length));
    }
    client.transmit(frame);
    send(client, 100, 5);
    client.exchange();
    const frames = receive(server);
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
    const [frame] = receiveOne(server);
    server.transmit(frame);
    server.exchange();
    const [back] = receiveOne(client);
    expectFrame(back, 200, 9);
    client.give(back);
    expect(server.freeBuffers).toBeGreaterThan(BUFFERS - 200);
  });

  it('that are too long are counted and go nowhere', () => {
    openPair({ mtu: '9000' }, { mtu: '1500' });
    expect(send(client, 1519, 0)).toBe(true);
    send(server, 1519, 0);
    send(server, 9014, 0);
    send(server, 1518, 1);
    client.exchange();
    server.exchange();
    const frames = receive(client);
    expect(frames.map(({ length }) => length)).toEqual([1518]);
    client.give(frames[0]);
    expect(client.counters()).toMatchObject({ tx_dropped_oversize: 1, rx_dropped_oversize: 2 });
    expect(receive(server)).toEqual([]);
  });
});

describe('checksums', () => {
  /** An IPv4 packet of this protocol with its checksums left zero. */
  function sendPacket(device: DpdkDevice, protocol: number, payloadLength: number): void {
    const frame = device.allocate()!;
    const bytes = frame.bytes.subarray(frame.offset, frame.offset + 34 + payloadLength);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    for (let i = 0; i < bytes.length; i++) bytes[i] = (i * 11 + payloadLength) & 255;
    view.setUint16(12, 0x0800);
    view.setUint8(14, 0x45);
    view.setUint16(16, 20 + payloadLength);
    view.setUint16(20, 0x4000);
    view.setUint8(23, protocol);
    view.setUint16(24, 0);
    if (protocol === 17) view.setUint16(38, payloadLength);
    frame.length = bytes.length;
    device.transmit(frame);
    device.exchange();
  }

  /** RFC 1071 as its text has it, one word at a time. */
  function onesSum(words: number[]): number {
    return words.reduce((sum, word) => (sum + word > 0xffff ? sum + word - 0xffff : sum + word), 0);
  }
  function wordsOf(bytes: Uint8Array): number[] {
    const padded = Buffer.concat([bytes, Buffer.alloc(bytes.length % 2)]);
    return Array.from({ length: padded.length / 2 }, (_, i) => padded.readUInt16BE(i * 2));
  }

  it('are filled in for IPv4, TCP and UDP of every length, and found good', () => {
    openPair();
    const lengths = [20, 21, 22, 23, 24, 63, 64, 65, 1000, 1459, 1460, 8979, 8980];
    for (const protocol of [6, 17]) {
      for (const length of lengths) {
        sendPacket(client, protocol, length);
        const [frame] = receiveOne(server);
        const packet = copyOut(frame).subarray(14);
        expect(onesSum(wordsOf(packet.subarray(0, 20)))).toBe(0xffff);
        const pseudo = [...wordsOf(packet.subarray(12, 20)), protocol, length];
        expect(onesSum([...pseudo, ...wordsOf(packet.subarray(20))])).toBe(0xffff);
        expect(server.receivedChecksums[0]).toBe(ChecksumStatus.Good);
        server.give(frame);
      }
    }
  });

  it('of other protocols stay as they are, IPv4 apart', () => {
    openPair();
    sendPacket(client, 1, 40);
    const [frame] = receiveOne(server);
    const packet = copyOut(frame).subarray(14);
    expect(onesSum(wordsOf(packet.subarray(0, 20)))).toBe(0xffff);
    expect(packet[23]).toBe(((14 + 23) * 11 + 40) & 255);
    expect(server.receivedChecksums[0]).toBe(ChecksumStatus.Good);
    server.give(frame);
  });

  it('are not looked at where a frame is no packet of IPv4', () => {
    openPair();
    send(client, 60, 1);
    client.exchange();
    server.give(receiveOne(server)[0]);
    expect(server.receivedChecksums[0]).toBe(ChecksumStatus.Unchecked);
  });
});

describe('limits', () => {
  it('a full ring holds frames back, in order, and loses none', () => {
    openPair();
    let sent = 0;
    // The server takes nothing: the ring fills, then what waits before it, then there are no frames to be
    // had.
    for (let round = 0; round < 200; round++) {
      while (send(client, 64, sent)) sent++;
      client.exchange();
    }
    expect(client.counters().tx_ring_full).toBeGreaterThan(0);
    expect(client.allocate()).toBeNull();
    const frames: number[] = [];
    for (let round = 0; round < 1000; round++) {
      const count = server.exchange();
      for (let i = 0; i < count; i++) {
        expectFrame(server.received[i], 64, frames.push(i) - 1);
        server.give(server.received[i]);
      }
      client.exchange();
    }
    expect(frames.length).toBe(sent);
    expect(sent).toBeGreaterThan(512);
    expect(client.counters().tx_dropped_queue_full).toBe(0);
  });

  it('received frames can be sent beyond what one exchange takes', () => {
    openPair();
    const held: SgaSegment[] = [];
    for (let i = 0; i < 300; i++) {
      send(client, 64, i);
      client.exchange();
      held.push(...receiveOne(server));
    }
    for (const frame of held) server.transmit(frame);
    const back: SgaSegment[] = [];
    for (let i = 0; i < 20; i++) {
      server.exchange();
      back.push(...receive(client));
    }
    expect(back.length).toBe(300);
    for (const [i, frame] of back.entries()) expectFrame(frame, 64, i);
  });

  it('a receiver that keeps every frame runs dry, and recovers when it gives them back', () => {
    openPair();
    const held: SgaSegment[] = [];
    const transfer = (rounds: number) => {
      for (let round = 0; round < rounds; round++) {
        for (let i = 0; i < MAX_BURST; i++) send(client, 1000, i);
        client.exchange();
        const count = server.exchange();
        for (let i = 0; i < count; i++) held.push(server.received[i]);
      }
    };
    transfer(100);
    expect(held.length).toBeGreaterThan(BUFFERS / 2);
    expect(held.length).toBeLessThanOrEqual(BUFFERS);
    expect(server.freeBuffers).toBe(0);
    expect(new Set(held).size).toBe(held.length);
    const before = held.length;
    for (const frame of held) server.give(frame);
    held.length = 0;
    server.exchange();
    expect(server.freeBuffers).toBeGreaterThan(before / 2);
    transfer(4);
    expect(held.length).toBeGreaterThanOrEqual(MAX_BURST);
    // Nor is the sender left without frames when all that it has are its own.
    for (const frame of held) server.give(frame);
  });

  it('frames that are out when the device is closed can still be given back', () => {
    openPair();
    const frame = client.allocate()!;
    client.close();
    client.give(frame);
    expect(client.exchange()).toBe(0);
    expect(client.linkUp).toBe(false);
  });
});

describe('the link', () => {
  it('is down while no server is there, and comes up with it', () => {
    client = open('client');
    for (let i = 0; i < 1000; i++) client.exchange();
    expect(client.linkUp).toBe(false);
    server = open('server');
    until(() => client.linkUp && server.linkUp);
    send(client, 80, 3);
    client.exchange();
    const [frame] = receiveOne(server);
    expectFrame(frame, 80, 3);
    server.give(frame);
  });

  it('goes down with the peer, loses what waits, and comes up again', () => {
    openPair();
    for (let round = 0; round < 5; round++) {
      server.close();
      until(() => !client.linkUp);
      expect(send(client, 64, 0)).toBe(true);
      until(() => client.counters().tx_dropped_link_down === round + 1);
      server = open('server');
      until(() => client.linkUp && server.linkUp);
      send(server, 500, round);
      server.exchange();
      const [frame] = receiveOne(client);
      expectFrame(frame, 500, round);
      client.give(frame);
    }
    expect(client.counters()).toMatchObject({ link_ups: 6, link_downs: 5 });
  });

  it('gives its ends different addresses', () => {
    openPair({}, { mac: '02:01:02:03:04:05' });
    expect([...server.mac]).toEqual([2, 0, 10, 99, 0, 1]);
    expect([...client.mac]).toEqual([2, 1, 2, 3, 4, 5]);
  });

  it('has a clock that goes on while nothing comes', () => {
    client = open('client');
    client.exchange();
    const start = client.nowUs;
    const wall = performance.now();
    while (performance.now() < wall + 50) client.exchange();
    client.exchange();
    expect(client.nowUs - start).toBeGreaterThan(45_000);
    expect(client.nowUs - start).toBeLessThan(500_000);
  });
});

describe('the socket', () => {
  it('of a live server is refused to another, and stays the first one’s', () => {
    openPair();
    const error = errorOf(() => open('server'));
    expect(error.code).toBe('ADDRESS_IN_USE');
    expect(error.message).toContain(socket);
    send(client, 64, 2);
    client.exchange();
    server.give(receiveOne(server)[0]);
  });

  it('goes with its server', () => {
    server = open('server');
    expect(existsSync(socket)).toBe(true);
    server.close();
    expect(existsSync(socket)).toBe(false);
  });

  it('must not be another file, nor lie where there is no folder', () => {
    writeFileSync(socket, 'mine');
    expect(errorOf(() => open('server'))).toMatchObject({ code: 'INVALID_ARGUMENT' });
    socket = join(folder, 'nowhere', 'x.sock');
    expect(errorOf(() => open('server'))).toMatchObject({ code: 'INVALID_ARGUMENT' });
    expect(errorOf(() => open('client'))).toMatchObject({ code: 'INVALID_ARGUMENT' });
  });
});

/**
 * The frames of the next exchange that brings any. While a driver's callback is under way an exchange sends
 * nothing, so the other end goes on as well.
 */
function receiveOne(device: DpdkDevice): SgaSegment[] {
  const other = device === client ? server : client;
  for (let i = 0; i < 100_000; i++) {
    other.exchange();
    const count = device.exchange();
    if (count > 0) return device.received.slice(0, count);
  }
  throw new Error('no frame came');
}

function copyOut({ bytes, offset, length }: SgaSegment): Uint8Array {
  return bytes.slice(offset, offset + length);
}

/** DpdkDevice over memif, both ends in this process: one EAL, two ports. */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import {
  copyOut,
  errorOf,
  expectFrame,
  framesOfGlueDevices,
  sendFrame,
  TestDevices,
} from '../frames/test-devices.ts';
import { ChecksumStatus, MAX_BURST } from '../inet/device.ts';
import type { SgaSegment } from '../memory/sga.ts';
import { DpdkDevice } from './device.ts';
import { parseDpdkOptions } from './options.ts';

const folder = mkdtempSync(join(tmpdir(), 'bypassbench-device-'));
afterAll(() => rmSync(folder, { recursive: true }));

const BUFFERS = 1024;
let socket = '';
let sockets = 0;
let server: DpdkDevice;
let client: DpdkDevice;

const devices = new TestDevices((role, options) => {
  const ip = role === 'server' ? '10.99.0.1/24' : '10.99.0.2/24';
  return new DpdkDevice(parseDpdkOptions({ role, socket, ip, packet_buffers: `${BUFFERS}`, ...options }));
});

function openPair(serverOptions: Record<string, string> = {}, clientOptions = serverOptions): void {
  ({ server, client } = devices.openPair(serverOptions, clientOptions));
}

beforeEach(() => {
  socket = join(folder, `${sockets++}.sock`);
});

describe('frames', () => {
  it('of every size arrive as they were sent, both ways', () => {
    openPair({ mtu: '1500' });
    devices.expectEveryLength({ server, client }, 1);
    expect(client.counters()).toMatchObject({
      rx_frames: 1501,
      tx_frames: 1501,
      tx_bytes: (1501 * 1528) / 2,
    });
  });

  it('of the largest size arrive, in order and many at once', () => {
    openPair();
    expect(client.mtu).toBe(9000);
    for (let i = 0; i < 50; i++) expect(sendFrame(client, 9014 - i, i)).toBe(true);
    client.exchange();
    const frames = devices.receive(server);
    expect(frames.length).toBe(50);
    for (const [i, frame] of frames.entries()) {
      expectFrame(frame, 9014 - i, i);
      server.give(frame);
    }
  });

  framesOfGlueDevices(devices, 1000);

  it('that are too long for who receives them are counted and go no further', () => {
    openPair({ mtu: '9000' }, { mtu: '1500' });
    sendFrame(server, 1519, 0);
    sendFrame(server, 9014, 0);
    sendFrame(server, 1518, 1);
    server.exchange();
    const frames = devices.receive(client);
    expect(frames.map(({ length }) => length)).toEqual([1518]);
    client.give(frames[0]);
    expect(client.counters().rx_dropped_oversize).toBe(2);
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
        const [frame] = devices.receive(server);
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
    const [frame] = devices.receive(server);
    const packet = copyOut(frame).subarray(14);
    expect(onesSum(wordsOf(packet.subarray(0, 20)))).toBe(0xffff);
    expect(packet[23]).toBe(((14 + 23) * 11 + 40) & 255);
    expect(server.receivedChecksums[0]).toBe(ChecksumStatus.Good);
    server.give(frame);
  });

  it('are not looked at where a frame is no packet of IPv4', () => {
    openPair();
    sendFrame(client, 60, 1);
    client.exchange();
    server.give(devices.receive(server)[0]);
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
      while (sendFrame(client, 64, sent)) sent++;
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
    for (let i = 0; i < 300; i++) {
      sendFrame(client, 64, i);
      client.exchange();
    }
    const held = devices.receive(server, 300);
    for (const frame of held) server.transmit(frame);
    const back = devices.receive(client, 300);
    expect(back.length).toBe(300);
    for (const [i, frame] of back.entries()) expectFrame(frame, 64, i);
  });

  it('a receiver that keeps every frame runs dry, and recovers when it gives them back', () => {
    openPair();
    const held: SgaSegment[] = [];
    const transfer = (rounds: number) => {
      for (let round = 0; round < rounds; round++) {
        for (let i = 0; i < MAX_BURST; i++) sendFrame(client, 1000, i);
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
});

describe('the link', () => {
  it('is down while no server is there, and comes up with it', () => {
    client = devices.open('client');
    for (let i = 0; i < 1000; i++) client.exchange();
    expect(client.linkUp).toBe(false);
    server = devices.open('server');
    devices.until(() => client.linkUp && server.linkUp);
    sendFrame(client, 80, 3);
    client.exchange();
    const [frame] = devices.receive(server);
    expectFrame(frame, 80, 3);
    server.give(frame);
  });

  it('goes down with the peer, loses what waits, and comes up again', () => {
    openPair();
    for (let round = 0; round < 5; round++) {
      server.close();
      devices.until(() => !client.linkUp);
      expect(sendFrame(client, 64, 0)).toBe(true);
      devices.until(() => client.counters().tx_dropped_link_down === round + 1);
      server = devices.open('server');
      devices.until(() => client.linkUp && server.linkUp);
      sendFrame(server, 500, round);
      server.exchange();
      const [frame] = devices.receive(client);
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
    client = devices.open('client');
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
    const error = errorOf(() => devices.open('server'));
    expect(error.code).toBe('ADDRESS_IN_USE');
    expect(error.message).toContain(socket);
    sendFrame(client, 64, 2);
    client.exchange();
    server.give(devices.receive(server)[0]);
  });

  it('goes with its server', () => {
    server = devices.open('server');
    expect(existsSync(socket)).toBe(true);
    server.close();
    expect(existsSync(socket)).toBe(false);
  });

  it('must not be another file, nor lie where there is no folder', () => {
    writeFileSync(socket, 'mine');
    expect(errorOf(() => devices.open('server'))).toMatchObject({ code: 'INVALID_ARGUMENT' });
    socket = join(folder, 'nowhere', 'x.sock');
    expect(errorOf(() => devices.open('server'))).toMatchObject({ code: 'INVALID_ARGUMENT' });
    expect(errorOf(() => devices.open('client'))).toMatchObject({ code: 'INVALID_ARGUMENT' });
  });
});

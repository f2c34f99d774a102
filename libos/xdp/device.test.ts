/** XdpDevice over a pair of devices, both ends in this process. */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { copyOut, errorOf, framesOfGlueDevices, sendFrame, TestDevices } from '../frames/test-devices.ts';
import { ChecksumStatus, MAX_BURST } from '../inet/device.ts';
import type { SgaSegment } from '../memory/sga.ts';
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

const devices = new TestDevices((role, options) => {
  const ip = role === 'server' ? '10.99.0.1/24' : '10.99.0.2/24';
  return new XdpDevice(parseXdpOptions({ role, link, ip, packet_buffers: `${BUFFERS}`, ...options }));
});

function openPair(options: Record<string, string> = {}): void {
  ({ server, client } = devices.openPair(options));
}

/** Where the buffers are, by the device's own account and that of who holds them. */
function accountOf(device: XdpDevice): number {
  const { buffers_spare, buffers_lent, buffers_to_fill, buffers_to_send } = device.counters();
  return buffers_spare + buffers_lent + buffers_to_fill + buffers_to_send + device.heldBuffers;
}

beforeEach(() => {
  link = join(folder, `${links++}`);
});

describe.runIf(hasLink)('frames', () => {
  it.each([{}, { attach: 'skb' }, { zero_copy: 'no' }])(
    'of every size arrive as they were sent, with %j',
    (options) => {
      openPair(options as Record<string, string>);
      devices.expectEveryLength({ server, client }, 3);
      expect(server.counters()).toMatchObject({ native: options.attach === 'skb' ? 0 : 1, zero_copy: 0 });
    },
  );

  framesOfGlueDevices(devices, 300);

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
    const [received] = devices.receive(server);
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
      for (let i = draw(40); i > 0; i--) sendFrame(client, 60 + draw(1400), i);
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
        for (let i = 0; i < MAX_BURST; i++) sendFrame(client, 1000, i);
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
    expect(sendFrame(server, 64, 0)).toBe(true);
    for (const frame of held) server.give(frame);
    held.length = 0;
    server.exchange();
    transferUntil(() => held.length > BUFFERS / 2);
    for (const frame of held) server.give(frame);
  });
});

describe.runIf(hasLink)('a wait', () => {
  it('lasts until a frame comes, or its time is up', () => {
    openPair();
    devices.receive(server, 0);
    const start = performance.now();
    expect(server.wait(30)).toBe(true);
    expect(performance.now() - start).toBeGreaterThan(25);
    sendFrame(client, 64, 1);
    client.exchange();
    const before = performance.now();
    server.wait(5000);
    expect(performance.now() - before).toBeLessThan(50);
    expect(devices.receive(server)).toHaveLength(1);
  });
});

describe.runIf(hasLink)('a link', () => {
  it('is opened while signals come, for which the kernel breaks off its check of the program', () => {
    const heard = () => {};
    process.on('SIGUSR2', heard);
    const sender = spawn('sh', ['-c', `while kill -USR2 ${process.pid}; do :; done`], { stdio: 'ignore' });
    try {
      // One of twelve was broken off.
      for (let times = 0; times < 60; times++) devices.open('server').close();
    } finally {
      sender.kill('SIGKILL');
      process.off('SIGUSR2', heard);
    }
  });

  it('of a live server is refused to another, and goes with its server', () => {
    openPair();
    const error = errorOf(() => devices.open('server'));
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
    expect(errorOf(() => devices.open('client'))).toMatchObject({
      code: 'LINK_DOWN',
      message: expect.stringContaining('start it first'),
    });
    link = join(folder, 'nowhere', 'link');
    expect(errorOf(() => devices.open('server')).code).toBe('INVALID_ARGUMENT');
  });

  it('without a copy is refused, which says that its driver has none', () => {
    expect(errorOf(() => devices.open('server', { zero_copy: 'yes' }))).toMatchObject({
      code: 'BACKEND_UNAVAILABLE',
      message: expect.stringMatching(/its driver, veth, may have none: zero_copy=auto/),
    });
    expect(existsSync(link)).toBe(false);
  });
});

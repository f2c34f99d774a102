/**
 * DPDK devices that meet this machine's own kernel: tap, and af_packet on a veth pair. They need rights; without
 * those the refusal is what is tested.
 */
import { spawnSync } from 'node:child_process';
import { createSocket, type Socket } from 'node:dgram';
import { accessSync, constants, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { makeVethPair } from '../experiments/wire/veth.ts';
import { DpdkDevice } from '../libos/dpdk/device.ts';
import { parseDpdkOptions } from '../libos/dpdk/options.ts';
import { missingRights } from '../libos/frames/rights.ts';
import { ChecksumStatus } from '../libos/inet/device.ts';
import { mapAnonymous } from '../libos/memory/anonymous.ts';
import { libc } from '../libos/native/libc.ts';

const rights = readFileSync('/proc/thread-self/status', 'utf8');
const lacking = new Set((['tap', 'af_packet'] as const).flatMap((kind) => missingRights(kind, rights)));
const mayMake = lacking.size === 0 && writable('/dev/net/tun');

function writable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

function ip(...args: string[]): void {
  const { status, stderr } = spawnSync('ip', args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`ip ${args.join(' ')}: ${stderr}`);
}

const undo: (() => void)[] = [];
afterEach(() => {
  for (const step of undo.splice(0).reverse()) step();
});

function open(options: Record<string, string>): DpdkDevice {
  const device = new DpdkDevice(parseDpdkOptions({ packet_buffers: '2048', ...options }));
  undo.push(() => device.close());
  return device;
}

function kernelSocket(): Socket {
  const socket = createSocket('udp4');
  undo.push(() => socket.close());
  return socket;
}

/** Names that nobody else has: this process's. */
const suffix = process.pid.toString(36);

/** Copies of the frames of this type that come within a second, until `enough` have. */
async function collect(device: DpdkDevice, type: number, enough: number): Promise<[Buffer, number][]> {
  const frames: [Buffer, number][] = [];
  for (const deadline = performance.now() + 2000; performance.now() < deadline && frames.length < enough; ) {
    const count = device.exchange();
    for (let i = 0; i < count; i++) {
      const { bytes, offset, length } = device.received[i];
      const frame = Buffer.from(bytes.slice(offset, offset + length));
      if (frame.readUInt16BE(12) === type) frames.push([frame, device.receivedChecksums[i]]);
      device.give(device.received[i]);
    }
    await sleep(1);
  }
  return frames;
}

/** Goes out with the next exchange, which receives too. */
function queue(device: DpdkDevice, content: Buffer): void {
  const frame = device.allocate()!;
  frame.bytes.set(content, frame.offset);
  frame.length = content.length;
  device.transmit(frame);
}

const ARP = 0x0806;
const IPV4 = 0x0800;

/** Our answer to an ARP request (RFC 826). */
function arpReply(request: Buffer, mac: Uint8Array): Buffer {
  const reply = Buffer.from(request.subarray(0, 42));
  request.copy(reply, 0, 6, 12);
  reply.set(mac, 6);
  reply[21] = 2;
  reply.set(mac, 22);
  request.copy(reply, 28, 38, 42);
  request.copy(reply, 32, 22, 32);
  return reply;
}

describe.runIf(mayMake)('with the rights to, and /dev/net/tun', () => {
  describe('tap', () => {
    const name = `bpt${suffix}`;
    const openTap = () => {
      const device = open({ device: 'tap', interface: name, ip: '10.231.77.1/24' });
      ip('addr', 'add', '10.231.77.9/24', 'dev', name);
      ip('link', 'set', name, 'up');
      return device;
    };

    it('speaks with the kernel, both ways', { timeout: 20_000 }, async () => {
      const device = openTap();
      expect(device.mtu).toBe(1500);
      const socket = kernelSocket();
      const arrived = new Promise<string>((resolve) => {
        socket.on('message', (message, { address }) => resolve(`${message} from ${address}`));
      });
      socket.send('question', 7, '10.231.77.1');
      const [[request]] = await collect(device, ARP, 1);
      queue(device, arpReply(request, device.mac));
      const [[datagram, checksum]] = await collect(device, IPV4, 1);
      expect(datagram.subarray(42).toString()).toBe('question');
      expect(checksum).toBe(ChecksumStatus.Good);
      // The same back, with addresses and ports exchanged and its checksums wrong: the device fills them in.
      const answer = Buffer.from(datagram);
      datagram.copy(answer, 0, 6, 12);
      answer.set(device.mac, 6);
      answer.writeUInt16BE(0, 24);
      datagram.copy(answer, 26, 30, 34);
      datagram.copy(answer, 30, 26, 30);
      datagram.copy(answer, 34, 36, 38);
      datagram.copy(answer, 36, 34, 36);
      answer.writeUInt16BE(0, 40);
      queue(device, answer);
      device.exchange();
      expect(await arrived).toBe('question from 10.231.77.1');
    });

    it('tells wrong checksums', { timeout: 20_000 }, async () => {
      const device = openTap();
      const good = Buffer.from(
        'ffffffffffff02000000000208004500001e000040004011dead0ae74d090ae74d0100070008000abeef6869',
        'hex',
      );
      // IPv4 wrong; then IPv4 right and UDP wrong; then UDP without a checksum.
      const udpWrong = withIpv4Checksum(good);
      const udpNone = Buffer.from(udpWrong);
      udpNone.writeUInt16BE(0, 40);
      for (const frame of [good, udpWrong, udpNone]) sendRaw(name, frame);
      const frames = await collect(device, IPV4, 3);
      expect(frames.map(([, status]) => status)).toEqual([
        ChecksumStatus.Bad,
        ChecksumStatus.Bad,
        ChecksumStatus.Good,
      ]);
      expect(device.counters().rx_bad_checksum).toBe(2);
    });
  });

  describe('af_packet', () => {
    it('takes checksums that Linux has left to a NIC, and no others', { timeout: 20_000 }, async () => {
      const [ours, theirs] = [`bpc${suffix}`, `bpd${suffix}`];
      makeVethPair({ interface: ours }, { interface: theirs });
      undo.push(() => ip('link', 'del', ours));
      for (const name of [ours, theirs]) ip('link', 'set', name, 'up');
      const device = open({ device: 'af_packet', interface: ours, ip: '10.231.77.1/24' });
      const partial = withIpv4Checksum(
        Buffer.from(
          'ffffffffffff02000000000208004500001e000040004011dead0ae74d090ae74d0100070008000abeef6869',
          'hex',
        ),
      );
      const sum = [26, 28, 30, 32].reduce((total, at) => total + partial.readUInt16BE(at), 17 + 10);
      partial.writeUInt16BE((sum & 0xffff) + (sum >>> 16), 40);
      const wrong = Buffer.from(partial);
      wrong.writeUInt8(wrong.readUInt8(41) ^ 1, 41);
      const wrongHeader = Buffer.from(partial);
      wrongHeader.writeUInt8(wrongHeader.readUInt8(24) ^ 1, 24);
      for (const frame of [partial, wrong, wrongHeader]) sendRaw(theirs, frame);
      const frames = await collect(device, IPV4, 3);
      expect(frames.map(([, status]) => status)).toEqual([
        ChecksumStatus.Good,
        ChecksumStatus.Bad,
        ChecksumStatus.Bad,
      ]);
      expect(device.counters()).toMatchObject({ rx_partial_checksum: 1, rx_bad_checksum: 2 });
    });

    it('takes an interface that exists, with its address and MTU', { timeout: 20_000 }, async () => {
      const [ours, theirs] = [`bpa${suffix}`, `bpb${suffix}`];
      makeVethPair({ interface: ours, mtu: 4000 }, { interface: theirs, mtu: 4000 });
      undo.push(() => ip('link', 'del', ours));
      ip('link', 'set', ours, 'address', '02:00:00:00:77:01');
      for (const name of [ours, theirs]) ip('link', 'set', name, 'up');
      const left = open({ device: 'af_packet', interface: ours, ip: '10.231.78.1/24' });
      const right = open({
        device: 'af_packet',
        interface: theirs,
        ip: '10.231.78.2/24',
        mac: '02:00:00:00:77:02',
      });
      expect([...left.mac]).toEqual([2, 0, 0, 0, 0x77, 1]);
      expect([...right.mac]).toEqual([2, 0, 0, 0, 0x77, 2]);
      expect([left.mtu, right.mtu]).toEqual([4000, 4000]);
      const sent = Buffer.alloc(4014, 0x5a);
      sent.set(right.mac, 0);
      sent.set(left.mac, 6);
      sent.writeUInt16BE(0x88b5, 12);
      queue(left, sent);
      left.exchange();
      const [[frame]] = await collect(right, 0x88b5, 1);
      expect(frame.equals(sent)).toBe(true);
    });
  });
});

describe('an interface', () => {
  it('that does not exist is refused', () => {
    expect(() => open({ device: 'af_packet', interface: 'nowhere', ip: '10.231.77.1/24' })).toThrow(
      /no such interface/,
    );
  });
  it.runIf(!mayMake)('is refused without root or /dev/net/tun, with the remedy', () => {
    expect(() => open({ device: 'tap', interface: `bpt${suffix}`, ip: '10.231.77.1/24' })).toThrow(
      /needs root/,
    );
  });
});

/** RFC 791: sets the header's checksum of an IPv4 frame without options. */
function withIpv4Checksum(frame: Buffer): Buffer {
  const copy = Buffer.from(frame);
  copy.writeUInt16BE(0, 24);
  let sum = 0;
  for (let at = 14; at < 34; at += 2) sum += copy.readUInt16BE(at);
  sum = (sum & 0xffff) + (sum >>> 16);
  copy.writeUInt16BE(~((sum & 0xffff) + (sum >>> 16)) & 0xffff, 24);
  return copy;
}

/** Sends a frame through the kernel as it is (packet(7)). */
function sendRaw(interfaceName: string, frame: Buffer): void {
  const [AF_PACKET, SOCK_RAW] = [17, 3];
  const fd = libc.func('int socket(int, int, int)')(AF_PACKET, SOCK_RAW, 0);
  const memory = mapAnonymous(8192);
  const address = Buffer.from(memory.bytes.buffer);
  address.writeUInt16LE(AF_PACKET, 0);
  address.writeInt32LE(libc.func('uint32_t if_nametoindex(const char *)')(interfaceName), 4);
  memory.bytes.set(frame, 4096);
  const sendto = libc.func('sendto', 'int', ['int', 'uintptr_t', 'size_t', 'int', 'uintptr_t', 'uint32_t']);
  const sent = sendto(fd, memory.address + 4096, frame.length, 0, memory.address, 20);
  libc.func('int close(int)')(fd);
  memory.unmap();
  expect(sent).toBe(frame.length);
}

/** What our stack puts on the wire to Linux, as Wireshark sees it. */
import { execFileSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { transferredOf } from './byte-stream.ts';
import { connectLinux, LinuxListener, receiveStream, sendStream } from './linux-end.ts';
import { mayMakeTap } from './rights.ts';
import { LIBOS_ADDRESS, LINUX_ADDRESS, type RemoteEnd, TapNetwork } from './tap-network.ts';
import { fieldsOf } from './wireshark.ts';

const MEBIBYTE = 1024 ** 2;
const PORT = 7000;
/** Of our window: 2^5 * 65,535 is the first that holds the 1 MiB of the default receive window. */
const OUR_WINDOW_SCALE = 5;

/** Each side sends that much and ends; nobody reads before `pauseMs` have passed. */
async function exchange(
  libos: RemoteEnd,
  connection: { qd: number; socket: Socket },
  bytes: number,
  pauseMs = 0,
): Promise<void> {
  const { qd, socket } = connection;
  const sent = [
    libos.send(qd, bytes).then(() => libos.shutdownWrite(qd)),
    sendStream(socket, bytes).then(() => socket.end()),
  ];
  await sleep(pauseMs);
  const received = await Promise.all([libos.receive(qd), receiveStream(socket), ...sent]);
  expect(received.slice(0, 2)).toEqual([transferredOf(bytes), transferredOf(bytes)]);
  await libos.close(qd);
}

async function openByLinux(libos: RemoteEnd, listener: number): Promise<{ qd: number; socket: Socket }> {
  const accepted = libos.accept(listener);
  const socket = await connectLinux(LIBOS_ADDRESS, PORT);
  return { qd: await accepted, socket };
}

/** Some of everything. */
async function converse(libos: RemoteEnd): Promise<void> {
  const listener = await libos.listen(PORT);
  const linuxListener = await LinuxListener.open(LINUX_ADDRESS);
  await exchange(libos, await openByLinux(libos, listener), 6 * MEBIBYTE);
  const qd = await libos.connect(LINUX_ADDRESS, linuxListener.port);
  await exchange(libos, { qd, socket: await linuxListener.accept() }, 3 * MEBIBYTE, 2500);

  const reset = await openByLinux(libos, listener);
  reset.socket.resetAndDestroy();
  await expect(libos.pop(reset.qd)).rejects.toMatchObject({ code: 'CONNECTION_RESET' });
  await expect(connectLinux(LIBOS_ADDRESS, PORT + 1)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  const refused = libos.connect(LINUX_ADDRESS, PORT + 1);
  await expect(refused).rejects.toMatchObject({ code: 'CONNECTION_REFUSED' });

  const datagrams = createSocket('udp4');
  const port = await libos.datagram(PORT);
  datagrams.send('to the libOS', PORT, LIBOS_ADDRESS);
  const { port: linuxPort } = await libos.popFrom(port);
  const arrived = once(datagrams, 'message');
  await libos.pushTo(port, 'an odd number of bytes!', LINUX_ADDRESS, linuxPort);
  await arrived;
  datagrams.send('to nobody', PORT + 1, LIBOS_ADDRESS);
  execFileSync('ping', ['-c', '5', '-i', '0.01', LIBOS_ADDRESS]);
  datagrams.close();
  linuxListener.close();
}

const checksums = ['ip', 'tcp', 'udp', 'icmp'].map((name) => `${name}.checksum.status` as const);
/** What Wireshark's analysis of TCP may say that a sender or receiver without fault does not give it cause for. */
const faults = ['retransmission', 'out_of_order', 'lost_segment', 'ack_lost_segment'] as const;
const fields = [
  ...(['frame.number', 'frame.len', '_ws.malformed', 'ip.src', 'tcp.checksum', ...checksums] as const),
  ...([
    'tcp.stream',
    'tcp.seq',
    'tcp.len',
    'tcp.ack',
    'tcp.window_size',
    'tcp.flags.syn',
    'tcp.flags.reset',
  ] as const),
  ...(['tcp.options.mss_val', 'tcp.options.wscale.shift', 'tcp.options.sack.count'] as const),
  ...['zero_window', 'zero_window_probe', 'keep_alive', ...faults].map(
    (name) => `tcp.analysis.${name}` as const,
  ),
] as const;
/** Of a frame; empty for what it has not. */
type Frame = Record<(typeof fields)[number], string>;

/** Of both sides, in the frames' order. */
function framesOf(recording: string): Frame[] {
  return fieldsOf(recording, 'ip', fields);
}

const isOurs = (frame: Frame) => frame['ip.src'] === LIBOS_ADDRESS;
const isTheirs = (frame: Frame) => frame['ip.src'] === LINUX_ADDRESS;
/**
 * A sum of 0 Linux sends as 0xffff, of UDP and TCP alike (CSUM_MANGLED_0), which adds up to the same;
 * Wireshark calls it bad, as RFC 1624 has it. One segment in 65,536 is such a one.
 */
const isZeroOfLinux = (frame: Frame) => isTheirs(frame) && frame['tcp.checksum'] === '0xffff';
/**
 * The last segment again, of which nothing was heard (RFC 8985, section 7): Linux takes its time to acknowledge what
 * nobody reads.
 */
function isTailProbe(frame: Frame, frames: readonly Frame[]): boolean {
  const endOf = (sent: Frame) => Number(sent['tcp.seq']) + Number(sent['tcp.len']);
  const before = frames.slice(0, frames.indexOf(frame)).filter((sent) => isOurs(sent));
  const ends = before.filter((sent) => sent['tcp.stream'] === frame['tcp.stream']).map(endOf);
  return endOf(frame) === Math.max(...ends);
}
const isSyn = (frame: Frame) => frame['tcp.flags.syn'] === '1';

/** One direction of one connection, as far as it has been read. */
interface Direction {
  /** What the receiver has acknowledged, and the right edge of the window that it has offered. */
  acknowledged: number;
  edge: number;
  inFlightMax: number;
  /** How far beyond the edge the sender has sent, and how far the receiver has taken the edge back. */
  beyondMax: number;
  retractedMax: number;
}

/** By 'sender, stream': what the sequence numbers, acknowledgements and windows say. */
function directionsOf(frames: readonly Frame[]): Map<string, Direction> {
  const directions = new Map<string, Direction>();
  const directionOf = (sender: string, stream: string) => {
    const name = `${sender}, ${stream}`;
    const known = directions.get(name);
    const fresh = { acknowledged: 0, edge: 0, inFlightMax: 0, beyondMax: 0, retractedMax: 0 };
    if (known === undefined) directions.set(name, fresh);
    return known ?? fresh;
  };
  for (const frame of frames) {
    const { 'ip.src': sender, 'tcp.stream': stream } = frame;
    const end = Number(frame['tcp.seq']) + Number(frame['tcp.len']);
    const sending = directionOf(sender, stream);
    if (sending.edge > 0) {
      sending.inFlightMax = Math.max(sending.inFlightMax, end - sending.acknowledged);
      sending.beyondMax = Math.max(sending.beyondMax, end - sending.edge);
    }
    const receiving = directionOf(sender === LIBOS_ADDRESS ? LINUX_ADDRESS : LIBOS_ADDRESS, stream);
    const edge = Number(frame['tcp.ack']) + Number(frame['tcp.window_size']);
    receiving.acknowledged = Math.max(receiving.acknowledged, Number(frame['tcp.ack']));
    receiving.retractedMax = Math.max(receiving.retractedMax, receiving.edge - edge);
    receiving.edge = Math.max(receiving.edge, edge);
  }
  return directions;
}

describe.runIf(mayMakeTap())('a recording of everything, on a clean wire', () => {
  let network: TapNetwork;
  /** As Linux saw them. */
  let frames: Frame[];
  /** As our own device recorded them. */
  let recording: string;

  beforeAll(async () => {
    network = new TapNetwork();
    const atLinux = join(network.folder, 'linux.pcapng');
    recording = join(network.folder, 'libos.pcap');
    // A Linux that is put aside for 50 ms acknowledges nothing meanwhile: what is sent again for that is no fault.
    const libos = await network.startLibos({ pcap: recording, min_rto_ms: '1000' });
    const stopCapture = await network.capture(atLinux);
    await converse(libos.end);
    await stopCapture();
    expect(await libos.stop()).toBe(0);
    frames = framesOf(atLinux);
  });

  afterAll(() => network?.close());

  it('has no malformed frame, and no wrong checksum', () => {
    expect(frames.filter((frame) => frame['_ws.malformed'] !== '')).toEqual([]);
    expect(fieldsOf(recording, '_ws.malformed', ['frame.number'])).toEqual([]);
    for (const name of checksums) {
      expect(frames.filter((frame) => frame[name] === '0' && !isZeroOfLinux(frame))).toEqual([]);
      expect(frames.filter((frame) => isOurs(frame) && frame[name] === '1')).not.toEqual([]);
    }
    expect(frames.filter(isOurs).length).toBeGreaterThan(6000);
  });

  it('has every window scaled, and kept to by both sides', () => {
    const scales = frames
      .filter((frame) => isSyn(frame) && isOurs(frame))
      .map((syn) => syn['tcp.options.wscale.shift']);
    expect(new Set(scales)).toEqual(new Set([`${OUR_WINDOW_SCALE}`]));
    const inFlightMax: Record<string, number> = { [LIBOS_ADDRESS]: 0, [LINUX_ADDRESS]: 0 };
    const ofTcp = frames.filter((frame) => frame['tcp.flags.reset'] === '0');
    for (const [name, direction] of directionsOf(ofTcp)) {
      const sender = name.replace(/,.*/, '');
      inFlightMax[sender] = Math.max(inFlightMax[sender], direction.inFlightMax);
      // A probe of a closed window is one byte beyond it.
      expect(direction.beyondMax, name).toBeLessThanOrEqual(1);
      // What rounding to the scale takes (RFC 7323, appendix F), and no more.
      if (sender === LINUX_ADDRESS) expect(direction.retractedMax, name).toBeLessThan(2 ** OUR_WINDOW_SCALE);
    }
    // More than a window without a scale could let out.
    expect(inFlightMax[LIBOS_ADDRESS]).toBeGreaterThan(65_535);
    expect(inFlightMax[LINUX_ADDRESS]).toBeGreaterThan(65_535);
  });

  it('has closed windows and probes of them from both sides', () => {
    for (const isFrom of [isOurs, isTheirs]) {
      const closed = frames.filter((frame) => isFrom(frame) && frame['tcp.analysis.zero_window'] !== '');
      expect(closed).not.toEqual([]);
    }
    const probes = frames.filter((frame) => isOurs(frame) && frame['tcp.analysis.zero_window_probe'] !== '');
    expect(probes).not.toEqual([]);
    // Linux asks with an old number instead of a new byte, which Wireshark takes for a keepalive.
    const questions = frames.filter((frame) => isTheirs(frame) && frame['tcp.analysis.keep_alive'] !== '');
    expect(questions).not.toEqual([]);
  });

  it.each(faults)('has nothing of ours that Wireshark calls %s', (fault) => {
    const found = frames.filter((frame) => isOurs(frame) && frame[`tcp.analysis.${fault}`] !== '');
    expect(found.filter((frame) => !isTailProbe(frame, frames))).toEqual([]);
  });
});

describe.runIf(mayMakeTap())('a recording under loss and reordering, in small frames', () => {
  const MTU = 900;
  let network: TapNetwork;
  let frames: Frame[];

  beforeAll(async () => {
    network = new TapNetwork();
    const recording = join(network.folder, 'libos.pcap');
    const impair = 'loss=0.01,reorder=0.02,seed=3';
    const libos = await network.startLibos({ pcap: recording, impair, mtu: `${MTU}` });
    const listener = await libos.end.listen(PORT);
    await exchange(libos.end, await openByLinux(libos.end, listener), 4 * MEBIBYTE);
    expect(await libos.stop()).toBe(0);
    frames = framesOf(recording);
  });

  afterAll(() => network?.close());

  it('has selective acknowledgements from both sides', () => {
    for (const isFrom of [isOurs, isTheirs]) {
      const selective = frames.filter(
        (frame) => isFrom(frame) && Number(frame['tcp.options.sack.count']) > 0,
      );
      expect(selective.length).toBeGreaterThan(20);
    }
    expect(frames.filter((frame) => frame['_ws.malformed'] !== '')).toEqual([]);
  });

  it('has segments of the size that both sides have announced', () => {
    const announced = frames.filter(isSyn).map((syn) => syn['tcp.options.mss_val']);
    expect(new Set(announced)).toEqual(new Set([`${MTU - 40}`]));
    for (const isFrom of [isOurs, isTheirs]) {
      const lengths = frames.filter(isFrom).map((frame) => Number(frame['frame.len']));
      expect(Math.max(...lengths)).toBe(MTU + 14);
    }
  });
});

/** Our TCP, UDP and ICMP against Linux's, over a tap device, with each of them opening the connections. */
import { execFileSync } from 'node:child_process';
import { createSocket, type Socket as DatagramSocket } from 'node:dgram';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { transferredOf } from './byte-stream.ts';
import {
  connectLinux,
  failureOf,
  LinuxListener,
  receiveStream,
  receiveText,
  sendStream,
} from './linux-end.ts';
import { mayMakeTap } from './rights.ts';
import { LIBOS_ADDRESS, LINUX_ADDRESS, type RemoteEnd, useTap } from './tap-network.ts';

const MEBIBYTE = 1024 ** 2;
const PORT = 7000;
const CONNECTIONS = 300;
const AT_A_TIME = 32;

const openers = ['Linux', 'the libOS'] as const;
type Opener = (typeof openers)[number];

/** Whether something is still going on after a while that would have sufficed for it. */
async function isStuck(operation: Promise<unknown>): Promise<boolean> {
  return Promise.race([operation.then(() => false), sleep(700, true)]);
}

describe.runIf(mayMakeTap()).each([
  ['a clean wire', {}],
  ['loss, reordering and doubles', { impair: 'loss=0.01,reorder=0.02,duplicate=0.005,seed=7' }],
])('TCP with Linux over %s', (_wire, options) => {
  const world = useTap(options);
  let libos: RemoteEnd;
  let listener: number;
  let linuxListener: LinuxListener;

  beforeAll(async () => {
    libos = world.libos;
    listener = await libos.listen(PORT);
    linuxListener = await LinuxListener.open(LINUX_ADDRESS);
  });

  afterAll(() => linuxListener?.close());

  async function open(opener: Opener): Promise<{ qd: number; socket: Socket }> {
    if (opener === 'Linux') {
      const accepted = libos.accept(listener);
      const socket = await connectLinux(LIBOS_ADDRESS, PORT);
      return { qd: await accepted, socket };
    }
    const [qd, socket] = await Promise.all([
      libos.connect(LINUX_ADDRESS, linuxListener.port),
      linuxListener.accept(),
    ]);
    return { qd, socket };
  }

  describe.each(openers)('opened by %s', (opener) => {
    it('carries many windows each way at once', { timeout: 120_000 }, async () => {
      const bytes = 6 * MEBIBYTE;
      const { qd, socket } = await open(opener);
      const [toLibos, toLinux] = await Promise.all([
        libos.receive(qd),
        receiveStream(socket),
        libos.send(qd, bytes).then(() => libos.shutdownWrite(qd)),
        sendStream(socket, bytes).then(() => socket.end()),
      ]);
      expect(toLibos).toEqual(transferredOf(bytes));
      expect(toLinux).toEqual(transferredOf(bytes));
      await libos.close(qd);
    });

    it('survives a reader on either side that stops for a while', async () => {
      const bytes = 8 * MEBIBYTE;
      const { qd, socket } = await open(opener);
      const toLibos = sendStream(socket, bytes).then(() => socket.end());
      const toLinux = libos.send(qd, bytes).then(() => libos.shutdownWrite(qd));
      expect(await Promise.all([isStuck(toLibos), isStuck(toLinux)])).toEqual([true, true]);
      const received = await Promise.all([libos.receive(qd), receiveStream(socket), toLibos, toLinux]);
      expect(received.slice(0, 2)).toEqual([transferredOf(bytes), transferredOf(bytes)]);
      await libos.close(qd);
    });

    it('half-closes in both orders', async () => {
      const first = await open(opener);
      first.socket.end('that was all');
      expect(await libos.receive(first.qd)).toMatchObject({ bytes: 12 });
      const all = receiveStream(first.socket);
      await libos.send(first.qd, MEBIBYTE);
      await libos.shutdownWrite(first.qd);
      expect(await all).toEqual(transferredOf(MEBIBYTE));
      await libos.close(first.qd);

      const second = await open(opener);
      await libos.push(second.qd, 'that was all');
      await libos.shutdownWrite(second.qd);
      expect(await receiveText(second.socket)).toBe('that was all');
      const received = libos.receive(second.qd);
      await sendStream(second.socket, MEBIBYTE);
      second.socket.end();
      expect(await received).toEqual(transferredOf(MEBIBYTE));
      await libos.close(second.qd);
    });

    it('is reset by either side in the middle of a transfer', async () => {
      const byLinux = await open(opener);
      const sending = libos.send(byLinux.qd, 64 * MEBIBYTE);
      const sent = expect(sending).rejects.toMatchObject({ code: 'CONNECTION_RESET' });
      byLinux.socket.once('data', () => byLinux.socket.resetAndDestroy());
      await sent;
      await expect(libos.pop(byLinux.qd)).rejects.toMatchObject({ code: 'CONNECTION_RESET' });
      await libos.close(byLinux.qd);

      const byLibos = await open(opener);
      const failure = failureOf(byLibos.socket);
      void sendStream(byLibos.socket, 64 * MEBIBYTE).catch(() => {});
      await libos.pop(byLibos.qd);
      await libos.close(byLibos.qd);
      expect(['ECONNRESET', 'EPIPE']).toContain(await failure);
    });

    it(`opens and closes ${CONNECTIONS} connections`, async () => {
      if (opener === 'the libOS') {
        const echo = async () => {
          for (let i = 0; i < CONNECTIONS; i++) {
            const socket = await linuxListener.accept();
            socket.pipe(socket);
          }
        };
        const { port } = linuxListener;
        await Promise.all([libos.openAndClose(LINUX_ADDRESS, port, CONNECTIONS, AT_A_TIME), echo()]);
      } else {
        let next = 0;
        const inTurn = async () => {
          while (next < CONNECTIONS) {
            const name = `connection ${next++}`;
            const socket = await connectLinux(LIBOS_ADDRESS, PORT);
            socket.end(name);
            expect(await receiveText(socket)).toBe(name);
          }
        };
        const turns = Array.from({ length: AT_A_TIME }, inTurn);
        await Promise.all([libos.acceptAndEcho(listener, CONNECTIONS), ...turns]);
      }
    });

    it('is refused where nobody listens', async () => {
      if (opener === 'Linux') {
        await expect(connectLinux(LIBOS_ADDRESS, PORT + 1)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
      } else {
        const refused = libos.connect(LINUX_ADDRESS, PORT + 1);
        await expect(refused).rejects.toMatchObject({ code: 'CONNECTION_REFUSED' });
      }
    });
  });
});

describe.runIf(mayMakeTap())('datagrams and echo requests', () => {
  const world = useTap({});
  /** The longest payload of UDP in an Ethernet frame of 1,500 bytes. */
  const longest = 1500 - 28;
  let linux: DatagramSocket;
  let linuxPort: number;

  beforeAll(async () => {
    linux = createSocket('udp4').bind(0, LINUX_ADDRESS);
    await once(linux, 'listening');
    linuxPort = linux.address().port;
  });

  afterAll(() => linux?.close());

  it('carry datagrams of every size both ways', async () => {
    const { libos } = world;
    const qd = await libos.datagram(PORT);
    for (const bytes of [0, 1, 2, 700, longest - 1, longest]) {
      const text = 'd'.repeat(bytes);
      linux.send(text, PORT, LIBOS_ADDRESS);
      expect(await libos.popFrom(qd)).toEqual({ text, port: linuxPort });
      const arrived = once(linux, 'message');
      await libos.pushTo(qd, text, LINUX_ADDRESS, linuxPort);
      const [message, from] = (await arrived) as [Buffer, { address: string; port: number }];
      expect([message.toString('latin1'), from.address, from.port]).toEqual([text, LIBOS_ADDRESS, PORT]);
    }
    const tooLong = libos.pushTo(qd, 'd'.repeat(longest + 1), LINUX_ADDRESS, linuxPort);
    await expect(tooLong).rejects.toMatchObject({ code: 'MESSAGE_TOO_LONG' });
    await libos.close(qd);
  });

  it('tell the sender of a datagram to nobody that it is refused, both ways', async () => {
    const { libos } = world;
    const qd = await libos.connect(LINUX_ADDRESS, linuxPort + 1, 'datagram');
    const refused = expect(libos.pop(qd)).rejects.toMatchObject({ code: 'CONNECTION_REFUSED' });
    await libos.push(qd, 'is anybody there?');
    await refused;
    await libos.close(qd);

    const asking = createSocket('udp4');
    asking.connect(PORT + 1, LIBOS_ADDRESS);
    await once(asking, 'connect');
    const failed = once(asking, 'message');
    asking.send('is anybody there?');
    await expect(failed).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    asking.close();
  });

  it('answer ping, up to the longest frame', () => {
    for (const bytes of [0, 56, longest]) {
      // With -w it goes on until 20 are answered; without, it waits for the last answer for two round trips
      // only. The first 20 answers must be to the first 20: had one been lost, there would be a later one among
      // them. More come where the 20th was still on its way when the next was due.
      const args = ['-c', '20', '-w', '10', '-i', '0.02', '-M', 'do', '-s', `${bytes}`, LIBOS_ADDRESS];
      const said = execFileSync('ping', args, { encoding: 'utf8' });
      const answered = [...said.matchAll(/icmp_seq=(\d+) ttl/g)].map(([, sequence]) => Number(sequence));
      expect(answered.slice(0, 20)).toEqual(Array.from({ length: 20 }, (_, index) => index + 1));
    }
  });
});

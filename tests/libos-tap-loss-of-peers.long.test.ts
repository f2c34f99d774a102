/** What either end of a tap device makes of it when the other one goes away without a word. */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { transferredOf } from './byte-stream.ts';
import { connectLinux, failureOf, LinuxListener, receiveStream, sendStream } from './linux-end.ts';
import { mayMakeTap } from './rights.ts';
import { LIBOS_ADDRESS, LINUX_ADDRESS, type LibosProcess, TapNetwork } from './tap-network.ts';

const MEBIBYTE = 1024 ** 2;
const PORT = 7000;
const USER_TIMEOUT_S = 1;

describe.runIf(mayMakeTap())('a peer that has gone', () => {
  let network: TapNetwork;
  let libos: LibosProcess;
  let linuxListener: LinuxListener;

  beforeEach(async () => {
    network = new TapNetwork();
    libos = await network.startLibos({ user_timeout_s: `${USER_TIMEOUT_S}`, keepalive_s: '1' });
    linuxListener = await LinuxListener.open(LINUX_ADDRESS);
  });

  afterEach(async () => {
    linuxListener?.close();
    await network?.close();
  });

  async function openByLibos(): Promise<{ qd: number; socket: Socket }> {
    const [qd, socket] = await Promise.all([
      libos.end.connect(LINUX_ADDRESS, linuxListener.port),
      linuxListener.accept(),
    ]);
    return { qd, socket };
  }

  async function openByLinux(): Promise<Socket> {
    const accepted = libos.end.accept(await libos.end.listen(PORT));
    const socket = await connectLinux(LIBOS_ADDRESS, PORT);
    await accepted;
    return socket;
  }

  /** What Linux sends to the libOS goes astray. */
  function blockLinux(): void {
    const nowhere = ['lladdr', '02:00:00:00:00:99', 'nud', 'permanent'];
    execFileSync('ip', ['neigh', 'replace', LIBOS_ADDRESS, ...nowhere, 'dev', network.interfaceName]);
  }

  it.each([
    ['whose interface is down', () => network.setLinuxLink('down')],
    ['whose process was killed while the wire was cut', () => blockLinux()],
  ])('%s: pushes and pops end with TIMED_OUT after the user timeout', async (_how, cut) => {
    const { qd, socket } = await openByLibos();
    await libos.end.push(qd, 'all is well');
    await new Promise((resolve) => socket.once('data', resolve));
    cut();
    socket.resetAndDestroy();
    const begun = performance.now();
    const pop = expect(libos.end.pop(qd)).rejects.toMatchObject({ code: 'TIMED_OUT' });
    const send = expect(libos.end.send(qd, 8 * MEBIBYTE)).rejects.toMatchObject({ code: 'TIMED_OUT' });
    await Promise.all([pop, send]);
    const elapsedS = (performance.now() - begun) / 1000;
    expect(elapsedS).toBeGreaterThan(0.9 * USER_TIMEOUT_S);
    await libos.end.close(qd);
    expect(await libos.stop()).toBe(0);
  });

  it('is noticed by keepalive on a silent connection, and a peer that is there is kept', async () => {
    const { qd, socket } = await openByLibos();
    const pop = libos.end.pop(qd);
    // Two rounds of keepalives, which Linux answers.
    expect(await Promise.race([pop.catch(() => 'ended'), sleep(2500, 'silent')])).toBe('silent');
    blockLinux();
    await expect(pop).rejects.toMatchObject({ code: 'TIMED_OUT' });
    socket.destroy();
  });

  it('and comes back before the user timeout costs the transfer some time only', async () => {
    const { qd, socket } = await openByLibos();
    const bytes = 16 * MEBIBYTE;
    const received = Promise.all([libos.end.receive(qd), receiveStream(socket)]);
    const sent = Promise.all([
      libos.end.send(qd, bytes).then(() => libos.end.shutdownWrite(qd)),
      sendStream(socket, bytes).then(() => socket.end()),
    ]);
    await sleep(50);
    network.setLinuxLink('down');
    expect(await Promise.race([received.then(() => 'done'), sleep(300, 'cut')])).toBe('cut');
    network.setLinuxLink('up');
    expect(await received).toEqual([transferredOf(bytes), transferredOf(bytes)]);
    await sent;
  });

  it('is noticed by Linux when the process of the libOS is killed', async () => {
    // Of this namespace alone: how often data is sent again before Linux gives up.
    writeFileSync('/proc/sys/net/ipv4/tcp_retries2', '3');
    const socket = await openByLinux();
    const failure = failureOf(socket);
    await libos.kill();
    socket.write('is anybody there?');
    expect(['ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH']).toContain(await failure);
  });

  it('is reset by a libOS that was killed and started again', async () => {
    const socket = await openByLinux();
    const failure = failureOf(socket);
    await libos.kill();
    libos = await network.startLibos();
    socket.write('is anybody there?');
    expect(await failure).toBe('ECONNRESET');
  });
});

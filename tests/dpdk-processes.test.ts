/** DPDK devices and other processes: peers that are killed, a device that is taken, a DPDK that does not start. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { DpdkDevice } from '../libos/dpdk/device.ts';
import { parseDpdkOptions } from '../libos/dpdk/options.ts';

const root = join(import.meta.dirname, '..');
const peerProgram = join(root, 'libos', 'dpdk', 'frame-peer.ts');
const folder = mkdtempSync(join(tmpdir(), 'bypassbench-peers-'));
const children: ChildProcess[] = [];
const devices: DpdkDevice[] = [];

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  for (const device of devices.splice(0)) device.close();
});
afterAll(() => rmSync(folder, { recursive: true }));

function open(role: 'server' | 'client', socket: string, sleeps = false): DpdkDevice {
  const ip = role === 'server' ? '192.0.2.1/24' : '192.0.2.2/24';
  const device = new DpdkDevice(parseDpdkOptions({ role, socket, ip, packet_buffers: '1024' }), sleeps);
  devices.push(device);
  return device;
}

/** The peer in a process of its own: a server that echoes, or a client with one frame always in flight. */
function startPeer(role: 'server' | 'client', socket: string): ChildProcess {
  const args = role === 'server' ? [] : ['66', '2000000000'];
  const child = spawn(process.execPath, [peerProgram, role, socket, '-', ...args], { stdio: 'ignore' });
  children.push(child);
  return child;
}

/**
 * Polls, echoing what comes, until `done`: without rest, as a data path does, but for the turns that signals
 * need; while there is no link, with rests in which the peer may start.
 */
async function poll(device: DpdkDevice, done: () => boolean): Promise<void> {
  const deadline = performance.now() + 15_000;
  while (!done()) {
    if (performance.now() > deadline) throw new Error('it did not come to pass');
    for (let i = 0; i < 2000; i++) {
      const count = device.exchange();
      for (let k = 0; k < count; k++) device.transmit(device.received[k]);
    }
    await (device.linkUp ? nextTurn() : sleep(1));
  }
}

function sendFrame(device: DpdkDevice): void {
  const frame = device.allocate();
  if (frame === null) return;
  frame.bytes.fill(0xff, frame.offset, frame.offset + 64);
  frame.length = 64;
  device.transmit(frame);
}

const KILLS = 5;
/** Few: two processes that poll may have to share a core with others. */
const FRAMES = 300;

describe('a peer that is killed and comes back, while we poll', () => {
  it('a client', { timeout: 120_000 }, async () => {
    const socket = join(folder, 'killed-client.sock');
    const server = open('server', socket);
    for (let kill = 0; kill < KILLS; kill++) {
      const child = startPeer('client', socket);
      const before = server.counters().rx_frames;
      await poll(server, () => server.linkUp && server.counters().rx_frames > before + FRAMES);
      child.kill('SIGKILL');
      await poll(server, () => !server.linkUp);
    }
    expect(server.counters()).toMatchObject({ link_ups: KILLS, link_downs: KILLS });
    // No buffer was lost on the way.
    await poll(server, () => server.freeBuffers > 1024 - 125);
  });

  it('a server', { timeout: 120_000 }, async () => {
    const socket = join(folder, 'killed-server.sock');
    const client = open('client', socket);
    for (let kill = 0; kill < KILLS; kill++) {
      const child = startPeer('server', socket);
      await poll(client, () => client.linkUp);
      const before = client.counters().rx_frames;
      sendFrame(client);
      await poll(client, () => client.counters().rx_frames > before + FRAMES);
      child.kill('SIGKILL');
      await poll(client, () => !client.linkUp);
      // The file that it left is in nobody's way.
      expect(existsSync(socket)).toBe(true);
    }
    expect(client.counters()).toMatchObject({ link_ups: KILLS, link_downs: KILLS });
  });
});

describe('a peer that is killed and comes back, while we sleep', () => {
  const LONGEST_MS = 100;

  /** Echoes what comes and sleeps in between, until `done`. Returns how many sleeps nothing has ended. */
  async function sleepUntil(device: DpdkDevice, done: () => boolean): Promise<number> {
    const deadline = performance.now() + 60_000;
    let sleptOut = 0;
    while (!done()) {
      if (performance.now() > deadline) throw new Error('it did not come to pass');
      const count = device.exchange();
      for (let k = 0; k < count; k++) device.transmit(device.received[k]);
      if (count === 0) {
        const begun = performance.now();
        expect(device.wait(10 * LONGEST_MS)).toBe(true);
        if (performance.now() - begun >= LONGEST_MS) sleptOut++;
      }
      await nextTurn();
    }
    return sleptOut;
  }

  it.each(['client', 'server'] as const)('a %s', { timeout: 240_000 }, async (peer) => {
    const socket = join(folder, `sleeps-${peer}.sock`);
    const device = open(peer === 'client' ? 'server' : 'client', socket, true);
    for (let kill = 0; kill < KILLS; kill++) {
      const child = startPeer(peer, socket);
      await sleepUntil(device, () => device.linkUp);
      const before = device.counters().rx_frames;
      if (peer === 'server') sendFrame(device);
      // One frame is in flight: each of them ends a sleep.
      const sleptOut = await sleepUntil(device, () => device.counters().rx_frames > before + FRAMES);
      expect(sleptOut).toBeLessThan(FRAMES / 10);
      child.kill('SIGKILL');
      await sleepUntil(device, () => !device.linkUp);
    }
    expect(device.counters()).toMatchObject({ link_ups: KILLS, link_downs: KILLS });
  });
});

describe('a second client of the same link', () => {
  /** A client that tries for a second; a link that comes does so in a few exchanges. */
  const program = (socket: string) => `
    import { DpdkDevice } from ${JSON.stringify(join(root, 'libos/dpdk/device.ts'))};
    import { parseDpdkOptions } from ${JSON.stringify(join(root, 'libos/dpdk/options.ts'))};
    const options = { role: 'client', socket: '${socket}', ip: '192.0.2.2/24', packet_buffers: '1024' };
    const device = new DpdkDevice(parseDpdkOptions(options));
    device.exchange();
    const startUs = device.nowUs;
    while (!device.linkUp && device.nowUs - startUs < 1e6) device.exchange();
    console.log(device.linkUp ? 'linked' : 'no link');
    device.close();
  `;

  it('has no link, and the first keeps its own', { timeout: 30_000 }, async () => {
    const socket = join(folder, 'taken.sock');
    const server = open('server', socket);
    startPeer('client', socket);
    await poll(server, () => server.linkUp);
    const second = spawn(process.execPath, ['--input-type=module', '-e', program(socket)]);
    children.push(second);
    let said = '';
    second.stdout.on('data', (text) => {
      said += text;
    });
    let code: number | null = null;
    once(second, 'close').then(([status]) => {
      code = status;
    });
    const before = server.counters().rx_frames;
    await poll(server, () => code !== null);
    expect(said).toBe('no link\n');
    expect(code).toBe(0);
    expect(server.counters()).toMatchObject({ link_ups: 1, link_downs: 0 });
    expect(server.counters().rx_frames).toBeGreaterThan(before + FRAMES);
  });
});

describe('a DPDK that does not start', () => {
  const start = (options: Record<string, string>) => {
    const code = `
      import { DpdkDevice } from ${JSON.stringify(join(root, 'libos/dpdk/device.ts'))};
      import { parseDpdkOptions } from ${JSON.stringify(join(root, 'libos/dpdk/options.ts'))};
      const options = parseDpdkOptions(${JSON.stringify(options)});
      for (let i = 0; i < 2; i++) {
        try { new DpdkDevice(options); } catch (error) { console.log(error.code + '|' + error.message); }
      }
      console.log(process.pid);
    `;
    const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', code], {
      encoding: 'utf8',
    });
    expect(stderr).toBe('');
    return stdout.trim().split('\n');
  };

  it('for a wrong argument says so in a line, every time, and leaves nothing behind', () => {
    const socket = join(folder, 'never.sock');
    const lines = start({ role: 'server', socket, ip: '192.0.2.1/24', eal: '--bogus -m 64' });
    expect(lines.length).toBe(3);
    for (const line of lines.slice(0, 2)) {
      expect(line).toMatch(/^BACKEND_UNAVAILABLE\|/);
      expect(line).toContain("unrecognized option '--bogus'");
      expect(line).toContain("eal='--bogus -m 64'");
    }
    const runtime = '/var/run/dpdk';
    const left = existsSync(runtime) ? readdirSync(runtime) : [];
    expect(left).not.toContain(`bypassbench-${lines[2]}`);
  });

  it('for a NIC that is not there', () => {
    const [line] = start({ device: 'pci', pci: '0000:ff:1f.7', ip: '192.0.2.1/24', hugepages: 'no' });
    expect(line).toMatch(
      /^INVALID_ARGUMENT\|.*pci=0000:ff:1f\.7: there is no such device; bypassbench doctor/,
    );
  });
});

import { afterEach, describe, expect, it } from 'vitest';
import { TestHosts } from '../../sim/test-hosts.ts';
import { payloadBehindBlackHole } from './path-mtu.ts';
import { Recovery } from './recovery.ts';
import { TestPeer } from './test-peer.ts';

afterEach(() => TestPeer.checkAll());

const ETHERNET_FRAME = 1514;
const JUMBO_FRAME = 9014;

describe('path MTU: a hop that drops what is too large without a word (RFC 4821, 7.7; RFC 8899, 4.3)', () => {
  function established(offer = {}) {
    const peer = new TestPeer({ link: { mtu: 9000 } });
    const connection = peer.establish({ mss: 8960, windowScale: 4, sackPermitted: false, ...offer });
    peer.window = 65_535;
    peer.link.aToB.drops = (frame) => frame.length > ETHERNET_FRAME;
    return { peer, connection };
  }

  it('counts the timestamps', () => {
    const { peer, connection } = established({ timestamps: true });
    peer.push(17_920);
    expect(peer.pass(160_000)).toEqual(['150000 A 1:1449 ack 1']);
    expect(connection.sender.mss).toBe(1448);
  });

  it('is none where a small segment is what is lost', () => {
    const { peer, connection } = established();
    peer.link.aToB.drops = () => true;
    peer.push(1000);
    peer.pass(1e6);
    expect(connection.sender.mss).toBe(8960);
  });

  it('is not believed in before the second timeout, nor in smaller segments than a tunnel takes', () => {
    expect([0, 1, 2, 3, 4, 50].map((timeouts) => payloadBehindBlackHole(timeouts, 8948, 52))).toEqual([
      8948, 8948, 1448, 1448, 1228, 1228,
    ]);
    expect(payloadBehindBlackHole(50, 900, 52)).toBe(900);
  });
});

describe.each(['cubic', 'newreno'] as const)('path MTU: a probe, with %s', (congestion) => {
  const MSS = 1460;
  const PROBE = 4312;

  /** Segments have become smaller long ago, and since then the window has grown. The probe goes with the next push. */
  function due() {
    const peer = new TestPeer({ tcp: { congestion, keepAliveUs: 0 }, link: { mtu: 9000 } });
    const { sender } = peer.establish({ mss: 8960 });
    const { congestion: control } = sender.recovery;
    const acknowledge = (ack: number, ...sack: (readonly [number, number])[]) =>
      peer.send({ flags: 'A', seq: 1, ack, ...(sack.length > 0 ? { sack } : {}) });
    sender.shrinkTo(MSS);
    peer.pass(600e6);
    while (control.window < 30_000) {
      // No push has enough for a probe.
      for (let left = control.window; left > 0; left -= 4000) peer.push(Math.min(left, 4000));
      peer.pass(10_000);
      acknowledge(sender.sentBytes + 1);
    }
    expect(peer.tcp.counters.sizeProbes).toBe(0);
    expect(control.window).toBeGreaterThan(5 * control.slowStartThreshold);
    return { peer, sender, control, acknowledge, una: sender.sentBytes + 1, window: control.window };
  }

  it('that is lost alone costs nothing of the window', () => {
    const { peer, sender, control, acknowledge, una, window } = due();
    const { slowStartThreshold } = control;
    expect(peer.push(10_000)[0]).toBe(`A ${una}:${una + PROBE} ack 1`);
    peer.pass(10_000);
    const again = acknowledge(una, [una + PROBE, una + 10_000]);
    expect(again[0]).toBe(`A ${una}:${una + MSS} ack 1`);
    expect(control.window).toBeLessThan(window / 2);
    peer.pass(10_000);
    acknowledge(una + 10_000);
    expect(control.window).toBeGreaterThanOrEqual(window);
    expect(control.slowStartThreshold).toBeGreaterThanOrEqual(slowStartThreshold);
    expect([sender.mss, sender.recovery.state]).toEqual([MSS, Recovery.Open]);
  });

  it('that is lost with another segment does, as any loss', () => {
    const { peer, sender, control, acknowledge, una, window } = due();
    peer.push(MSS);
    const probe = una + MSS;
    expect(peer.push(10_000)[0]).toBe(`A ${probe}:${probe + PROBE} ack 1`);
    peer.pass(10_000);
    acknowledge(una, [probe + PROBE, probe + 10_000]);
    peer.pass(10_000);
    acknowledge(probe + 10_000);
    expect(control.window).toBeLessThan(window / 2);
    expect([sender.mss, sender.recovery.state]).toEqual([MSS, Recovery.Open]);
  });

  it('that arrives makes segments larger, though its tail went again as its acknowledgement was late', () => {
    const { peer, sender, control, acknowledge, una, window } = due();
    const { slowStartThreshold } = control;
    expect(peer.push(PROBE)).toEqual([`PA ${una}:${una + PROBE} ack 1`]);
    const again = peer.pass(25_000);
    expect(again).toHaveLength(1);
    expect(again[0]).toContain(` PA ${una + PROBE - MSS}:${una + PROBE} ack 1`);
    acknowledge(una + PROBE);
    expect(sender.mss).toBe(PROBE);
    expect([control.window, control.slowStartThreshold]).toEqual([window, slowStartThreshold]);
  });
});

describe('path MTU: a stream of jumbo frames', () => {
  function transferring() {
    const hosts = new TestHosts({
      link: { mtu: 9000, buffers: 4096, both: { rateBitsPerS: 10e9, delayUs: 50, queueFrames: 2000 } },
      checked: false,
    });
    const { a, b } = hosts;
    const queues = hosts.connect();
    const path = { frameBytes: JUMBO_FRAME };
    for (const direction of [hosts.link.aToB, hosts.link.bToA]) {
      direction.drops = (frame) => frame.length > path.frameBytes;
    }
    let received = 0;
    const pop = () =>
      b.when(b.libos.pop(queues.b), ({ sga, error }) => {
        if (sga === null) throw new Error(`the stream ended: ${error}`);
        received += sga.byteLength;
        b.libos.free(sga);
        pop();
      });
    pop();
    const { sender } = a.connectionOf(queues.a);
    const { counters } = a.stack.tcp;
    /** Brings so many bytes across; gives how long that took. */
    const transfer = (bytes: number) => {
      const startUs = hosts.nowUs;
      const end = received + bytes;
      const sga = a.libos.alloc(bytes);
      a.when(a.libos.push(queues.a, sga), () => {});
      a.libos.free(sga);
      if (!hosts.run(10e6, () => received >= end)) throw new Error(`${end - received} bytes did not arrive`);
      return hosts.nowUs - startUs;
    };
    return { hosts, path, sender, counters, transfer };
  }

  it('goes on after few timeouts when the path becomes narrow, and is as large as before when it becomes wide', () => {
    const { hosts, path, sender, counters, transfer } = transferring();
    transfer(1e6);
    expect(sender.mss).toBe(8948);
    path.frameBytes = ETHERNET_FRAME;
    expect(transfer(1e6)).toBeLessThan(500_000);
    expect(sender.mss).toBe(1448);
    expect(counters.retransmissionTimeouts).toBe(2);

    // A probe is lost, which costs no timeout.
    const { congestion } = sender.recovery;
    const threshold = congestion.slowStartThreshold;
    const { fastRecoveries } = counters;
    hosts.run(2e6, () => false);
    transfer(1e6);
    expect(sender.mss).toBe(1448);
    expect(counters).toMatchObject({ sizeProbes: 1, sizesReduced: 1, retransmissionTimeouts: 2 });
    expect(counters.fastRecoveries).toBe(fastRecoveries + 1);
    expect(congestion.slowStartThreshold).toBeGreaterThanOrEqual(threshold);

    // And no other one before ten minutes have passed.
    path.frameBytes = JUMBO_FRAME;
    transfer(1e6);
    expect(counters.sizeProbes).toBe(1);
    hosts.run(600e6, () => false);
    transfer(2e6);
    expect(sender.mss).toBe(8948);
    expect(counters).toMatchObject({ sizeProbes: 4, sizesReduced: 1, retransmissionTimeouts: 2 });
  });

  it('is as large as before soon after an outage that was none of sizes', () => {
    const { hosts, path, sender, transfer } = transferring();
    transfer(1e6);
    path.frameBytes = 0;
    hosts.run(0, () => false);
    expect(() => transfer(100_000)).toThrow('did not arrive');
    path.frameBytes = JUMBO_FRAME;
    hosts.run(20e6, () => false);
    transfer(1e6);
    hosts.run(2e6, () => false);
    transfer(2e6);
    expect(sender.mss).toBe(8948);
  });
});

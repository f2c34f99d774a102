/**
 * Segments and frames that nobody honest sends, thrown at a real stack that also has an honest connection: it
 * must not throw, must not stop, must not keep more than its limits, and the honest connection must not
 * notice.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Random } from '../devices/random.ts';
import { Attack, Flag } from './test-attack.ts';
import {
  addressAt,
  arpFrame,
  ethernetFrame,
  fixTcpChecksum,
  icmpFrame,
  ipv4Frame,
  isTcp,
  tcpFrame,
} from './test-segments.ts';

describe('segments out of the window', () => {
  /** Each must leave the attacked connection as it is. */
  const harmless: [what: string, segment: Parameters<Attack['sendSegment']>[0]][] = [
    ['a reset in the window', { ahead: 1, acks: 0, flags: Flag.Rst }],
    ['a reset at the far end of the window', { ahead: 60_000, acks: 0, flags: Flag.Rst | Flag.Ack }],
    ['a reset before the window', { ahead: -1, acks: 0, flags: Flag.Rst }],
    ['a reset half the space away', { ahead: -0x80000000, acks: 0, flags: Flag.Rst }],
    ['a SYN in the window', { ahead: 0, acks: 0, flags: Flag.Syn }],
    ['a SYN with ACK', { ahead: 10, acks: 0, flags: Flag.Syn | Flag.Ack }],
    ['a SYN with data and FIN', { ahead: 0, acks: 0, flags: Flag.Syn | Flag.Fin, payload: Buffer.from('x') }],
    ['data that is old', { ahead: -5000, acks: 0, payload: Buffer.alloc(1000) }],
    ['data beyond the window', { ahead: 3e6, acks: 0, payload: Buffer.alloc(1000) }],
    [
      'data with an acknowledgement of what was not sent',
      { ahead: 0, acks: 1, payload: Buffer.from('evil') },
    ],
    ['data with an acknowledgement of long ago', { ahead: 0, acks: -2e9, payload: Buffer.from('evil') }],
    ['data without an acknowledgement', { ahead: 0, acks: 0, flags: Flag.Psh, payload: Buffer.from('evil') }],
    [
      'data without timestamps',
      { ahead: 0, acks: 0, options: new Uint8Array(0), payload: Buffer.from('evil') },
    ],
    ['a FIN beyond the window', { ahead: 3e6, acks: 0, flags: Flag.Fin | Flag.Ack }],
    ['no flags at all', { ahead: 0, acks: 0, flags: 0 }],
    ['all flags', { ahead: 5, acks: 0, flags: 0xff }],
  ];

  it.each(harmless)('%s: the connection goes on', (_what, segment) => {
    const attack = new Attack();
    attack.exchange(attack.attacked);
    for (let i = 0; i < 50; i++) attack.sendSegment(segment);
    attack.pass(1e6);
    attack.exchange(attack.attacked);
    attack.checkUnharmed();
    attack.checkNothingLeft();
  });

  it('by the thousand are answered by ten a second at most', () => {
    const attack = new Attack();
    attack.pass(1e6);
    const sent = attack.sentDuring(() => {
      for (let i = 0; i < 2000; i++) {
        const kind = i % 4;
        if (kind === 0) attack.sendSegment({ ahead: 1 + i, acks: 0, flags: Flag.Rst });
        else if (kind === 1) attack.sendSegment({ ahead: i, acks: 0, flags: Flag.Syn });
        else if (kind === 2) attack.sendSegment({ ahead: -i, acks: 0 });
        else attack.sendSegment({ ahead: 0, acks: 5000 + i });
        attack.pass(500);
      }
    });
    expect(sent).toBeLessThanOrEqual(21);
    attack.exchange(attack.attacked);
    attack.checkUnharmed();
    attack.checkNothingLeft();
  });
});

describe('floods', () => {
  it('of SYNs fill the bound of half-open connections and no more; what stands goes on, and the listener takes connections afterwards', () => {
    const attack = new Attack();
    const { a, b } = attack.hosts;
    const listener = a.libos.socket('stream');
    a.libos.bind(listener, { address: a.address, port: 9000 });
    a.libos.listen(listener, 32);
    const before = attack.stack.tcp.connections.size;
    for (let i = 0; i < 5000; i++) {
      const path = attack.pathFrom(addressAt(3 + (i % 200)));
      attack.send(
        tcpFrame(path, { sourcePort: 1000 + i, destinationPort: 9000, sequence: i * 7919, flags: Flag.Syn }),
      );
      attack.pass(100);
      expect(attack.stack.tcp.connections.size).toBeLessThanOrEqual(before + 256);
    }
    expect(attack.stack.tcp.counters.cookiesSent).toBeGreaterThan(4000);
    attack.exchange(attack.attacked);
    attack.checkUnharmed();
    attack.pass(20e6);
    expect(attack.stack.tcp.connections.size).toBe(before);

    let accepted = -1;
    a.when(a.libos.accept(listener), ({ newQd }) => {
      accepted = newQd;
    });
    const client = b.libos.socket('stream');
    b.when(b.libos.connect(client, { address: a.address, port: 9000 }), ({ error }) =>
      expect(error).toBeNull(),
    );
    expect(attack.hosts.run(5e6, () => accepted >= 0)).toBe(true);
    for (const qd of [accepted, listener]) a.libos.close(qd);
    b.libos.close(client);
    attack.checkNothingLeft();
  });

  it('of SYNs from made-up addresses ask for as many of them as may be half open, and displace nobody', () => {
    const attack = new Attack({ prefixLength: 16 });
    const { a } = attack.hosts;
    const listener = a.libos.socket('stream');
    a.libos.bind(listener, { address: a.address, port: 9000 });
    a.libos.listen(listener, 32);
    for (let i = 0; i < 10_000; i++) {
      const path = attack.pathFrom(addressAt(3 + i));
      attack.send(tcpFrame(path, { sourcePort: 1000, destinationPort: 9000, sequence: i, flags: Flag.Syn }));
      if (i % 8 === 7) attack.pass(20);
    }
    const { counters } = attack.stack.neighbours;
    expect(attack.stack.tcp.counters.cookiesSent).toBeGreaterThan(9000);
    expect(counters.requestsSent).toBeLessThanOrEqual(2 * 256);
    expect(counters).toMatchObject({ evicted: 0, heldDropped: 0 });
    attack.exchange(attack.attacked);
    attack.checkUnharmed();
    a.libos.close(listener);
    attack.checkNothingLeft();
  });

  it('of resets and segments to closed ports are answered at most one for one, and leave nothing', () => {
    const attack = new Attack({ prefixLength: 8 });
    const random = new Random(3);
    const sent = attack.sentDuring(() => {
      for (let i = 0; i < 3000; i++) {
        const flags = random.below(64);
        const path = attack.pathFrom(addressAt(3 + random.below(100_000)));
        const ports = { sourcePort: random.below(65_536), destinationPort: random.below(65_536) };
        attack.send(tcpFrame(path, { ...ports, sequence: random.next(), flags }));
        attack.pass(50);
      }
    });
    expect(sent).toBeGreaterThan(1000);
    expect(sent).toBeLessThanOrEqual(3000);
    expect(attack.stack.neighbours.counters).toMatchObject({ requestsSent: 0, evicted: 0 });
    expect(attack.stack.tcp.connections.size).toBe(2);
    attack.checkUnharmed();
    attack.checkNothingLeft();
  });

  it('of ARP from anybody do not displace who is talked to, nor do their answers', () => {
    const attack = new Attack();
    const random = new Random(4);
    for (let i = 0; i < 5000; i++) {
      const mac = Uint8Array.from({ length: 6 }, (_, at) => (at === 0 ? 2 : random.below(256)));
      const from = { mac, address: addressAt(3 + random.below(60_000)) };
      attack.send(arpFrame({ from, to: attack.path.to }, 1 + (i % 3)));
      if (i % 16 === 0) attack.pass(20);
    }
    attack.pass(1e6);
    attack.exchange(attack.attacked);
    attack.checkUnharmed();
    attack.checkNothingLeft();
  });

  it('of ICMP echoes and errors neither stop nor fill the host, nor end its connections', () => {
    const attack = new Attack({ prefixLength: 16 });
    const random = new Random(5);
    const { a } = attack.hosts;
    const { localPort, remotePort } = attack.target;
    for (let i = 0; i < 3000; i++) {
      const message = new Uint8Array(8 + random.below(200));
      message[0] = [8, 3, 5, 11, 0][i % 5];
      message[1] = random.below(16);
      for (let at = 8; at < message.length; at++) message[at] = random.below(256);
      if (i % 5 === 1 && message.length >= 36) {
        // Quotes a segment of the attacked connection, with a number that it has not in flight.
        const { path } = attack;
        const quoted = tcpFrame(
          { from: path.to, to: path.from },
          { sourcePort: localPort, destinationPort: remotePort, sequence: random.next(), flags: Flag.Ack },
        );
        message.set(quoted.subarray(14, 14 + 28), 8);
      }
      attack.send(icmpFrame(i % 2 === 0 ? attack.path : attack.pathFrom(addressAt(3 + i)), message));
      if (i % 8 === 0) attack.pass(20);
    }
    attack.pass(1e6);
    expect(a.stack.icmp.counters.echoesAnswered).toBeGreaterThanOrEqual(300);
    expect(a.stack.neighbours.counters).toMatchObject({ requestsSent: 0, evicted: 0 });
    attack.exchange(attack.attacked);
    attack.checkUnharmed();
    attack.checkNothingLeft();
  });
});

describe('a peer that means harm', () => {
  it('and overlaps segments of different content gets each byte taken once, as it stood in one of them', () => {
    const piece = fc.record({ at: fc.nat({ max: 400 }), bytes: fc.integer({ min: 1, max: 150 }) });
    const property = fc.property(fc.array(piece, { minLength: 1, maxLength: 40, size: 'max' }), (pieces) => {
      const attack = new Attack();
      attack.silencePeer();
      const { localPort, remotePort, receiver, sender } = attack.target;
      const receiveNext = receiver.next;
      const sendUnacknowledged = sender.unacknowledged;
      const numbered = [...pieces, { at: 0, bytes: 30 }].map((one, index) => ({
        ...one,
        content: index + 1,
      }));
      let read = Buffer.alloc(0);
      for (const { at, bytes, content } of numbered) {
        attack.send(
          tcpFrame(attack.path, {
            sourcePort: remotePort,
            destinationPort: localPort,
            sequence: (receiveNext + at) | 0,
            acknowledgement: sendUnacknowledged,
            flags: Flag.Ack,
            options: attack.timestamps(),
            payload: Buffer.alloc(bytes, content),
          }),
        );
        attack.pass(70);
        if (content % 3 === 0) read = Buffer.concat([read, attack.read()]);
      }
      read = Buffer.concat([read, attack.read()]);
      expect(read.length).toBe((attack.target.receiver.next - receiveNext) | 0);
      expect(read.length).toBe(wholeFrom(pieces));
      for (const [position, content] of read.entries()) {
        const { at, bytes } = numbered[content - 1];
        expect(position >= at && position < at + bytes, `byte ${position} of segment ${content}`).toBe(true);
      }
      attack.checkNothingLeft();
    });
    fc.assert(property);
  });

  /** Where the first gap of what was sent lies. */
  function wholeFrom(pieces: readonly { at: number; bytes: number }[]): number {
    let end = 30;
    for (const { at, bytes } of [...pieces].sort((one, other) => one.at - other.at)) {
      if (at <= end) end = Math.max(end, at + bytes);
    }
    return end;
  }

  it('and sends single bytes, in order to a slow reader or with gaps, gets a bounded share of the memory', () => {
    const attack = new Attack();
    attack.silencePeer();
    const receiveNext = attack.target.receiver.next;
    for (let i = 0; i < 6000; i++) {
      const at = i < 2000 ? i : 2 * i;
      const ahead = (receiveNext + at - attack.target.receiver.next) | 0;
      attack.sendSegment({ ahead, acks: 0, payload: Buffer.from('x') });
      if (i % 10 === 0) attack.pass(60);
    }
    attack.pass(1e6);
    expect(attack.target.receiver.queue.bytes).toBe(2000);
    // Half of the device's buffers stay for others, and gathered bytes do not hold a buffer each.
    attack.checkUnharmed(512 + 64);
    expect(attack.hosts.a.pool.mappedBytes).toBeLessThanOrEqual(2 * 128 * 1024);
    attack.checkNothingLeft();
  });

  it('and acknowledges what it likes, with windows and SACK blocks as it likes, draws no flood from the sender', () => {
    const acknowledgement = fc.record({
      acks: fc.oneof(fc.constantFrom(0, 0, 1, 3, 1448), fc.nat({ max: 100_000 })),
      window: fc.oneof(fc.constantFrom(0, 1, 20, 65_535), fc.nat({ max: 65_535 })),
      blocks: fc.array(
        fc.tuple(fc.integer({ min: -5000, max: 90_000 }), fc.integer({ min: -5, max: 9000 })),
        {
          maxLength: 3,
        },
      ),
      waitUs: fc.constantFrom(0, 60, 200, 100_000),
    });
    const property = fc.property(
      fc.array(acknowledgement, { maxLength: 60, size: 'max' }),
      (acknowledgements) => {
        const attack = new Attack();
        attack.silencePeer();
        const { target, hosts } = attack;
        attack.push(400_000);
        attack.pass(100);
        let widest = target.sender.window.bytes;
        const { counters } = attack.stack.tcp;
        const timeouts = counters.retransmissionTimeouts + counters.probes;
        const sent = attack.sentDuring(() => {
          for (const { acks, window, blocks, waitUs } of acknowledgements) {
            widest = Math.max(widest, window * 2 ** target.sender.window.scale);
            const inFlight = Math.min(acks, target.sender.inFlight);
            attack.sendSegment({ ahead: 0, acks: inFlight, window, options: withSack(attack, blocks) });
            attack.pass(waitUs);
            // A probe may be one byte beyond.
            expect(target.sender.inFlight).toBeLessThanOrEqual(widest + 1);
          }
        });
        // Slow start lets two new segments out for one that is acknowledged, and what they make room for
        // besides.
        const acknowledged = Math.ceil(target.sender.acknowledgedBytes / target.sender.mss);
        const timers = counters.retransmissionTimeouts + counters.probes - timeouts;
        const recovered = 300 * counters.fastRecoveries;
        expect(sent).toBeLessThanOrEqual(
          20 + 4 * (acknowledgements.length + acknowledged + timers) + recovered,
        );
        attack.checkUnharmed();
        attack.checkNothingLeft();
        expect(hosts.a.device.buffersOut).toBe(0);
      },
    );
    fc.assert(property);
  });

  function withSack(attack: Attack, blocks: readonly (readonly [number, number])[]): Uint8Array {
    const timestamps = attack.timestamps();
    if (blocks.length === 0) return timestamps;
    const option = new Uint8Array(4 + 8 * blocks.length);
    option.set([1, 1, 5, 2 + 8 * blocks.length]);
    const view = new DataView(option.buffer);
    for (const [index, [start, length]] of blocks.entries()) {
      view.setInt32(4 + 8 * index, (attack.target.sender.unacknowledged + start) | 0);
      view.setInt32(8 + 8 * index, (attack.target.sender.unacknowledged + start + length) | 0);
    }
    return Uint8Array.of(...timestamps, ...option);
  }
});

describe('two hosts of which each believes that the other has sent more', () => {
  it('do not answer each other for ever, and come to an end when there is data', () => {
    const attack = new Attack({ tcp: { keepAliveUs: 60e6 } });
    const { hosts, attacked } = attack;
    const { a, b, link } = hosts;
    const sides = [
      { host: a, other: b, qd: attacked.a, towards: link.bToA },
      { host: b, other: a, qd: attacked.b, towards: link.aToB },
    ];
    const ends = sides.map(({ host, qd }) => host.connectionOf(qd));
    for (const [index, { host, other, towards }] of sides.entries()) {
      const { remotePort, localPort, receiver, sender } = ends[index];
      const options = Uint8Array.of(1, 1, 8, 10, 0, 0, 0, 0, 0, 0, 0, 0);
      new DataView(options.buffer).setInt32(4, receiver.recentTimestamp);
      const path = {
        from: { mac: other.device.mac, address: other.address },
        to: { mac: host.device.mac, address: host.address },
      };
      const forged = tcpFrame(path, {
        sourcePort: remotePort,
        destinationPort: localPort,
        sequence: receiver.next,
        acknowledgement: sender.unacknowledged,
        flags: Flag.Ack,
        options,
        payload: Buffer.alloc(100),
      });
      link.send(towards, forged, 0, forged.length);
    }
    const [receiveNextA, receiveNextB] = ends.map(({ receiver }) => receiver.next);
    const sent = () => link.aToB.counters.sent + link.bToA.counters.sent;
    const before = sent();
    hosts.run(30e6);
    expect([ends[0].receiver.next - receiveNextA, ends[1].receiver.next - receiveNextB]).toEqual([100, 100]);
    // Both have challenged the other for as long as the other's answers did.
    expect(sent() - before).toBeLessThan(100);

    let completed = 0;
    for (const { host, qd } of sides) {
      const array = host.libos.alloc(1000);
      array.fill(Buffer.alloc(1000));
      host.when(host.libos.push(qd, array), ({ sga }) => {
        if (sga !== null) host.libos.free(sga);
        completed++;
      });
    }
    expect(hosts.run(1000e6, () => completed === 2)).toBe(true);
    attack.checkUnharmed();
    attack.checkNothingLeft();
  });
});

describe('fuzzed', () => {
  const near = (around: number) =>
    fc.oneof(
      fc.constantFrom(-1, 0, 1, around - 1, around, around + 1),
      fc.integer({ min: -2e5, max: 2e5 }),
      fc.integer(),
    );
  const bytes = (maxLength: number) => fc.uint8Array({ maxLength, size: 'max' });
  const sackOption = fc.array(near(3000), { minLength: 2, maxLength: 8 });

  it('segments of a connection: whatever becomes of that, the other one and the host go on', () => {
    const segment = fc.record({
      ahead: near(65_535),
      acks: near(3000),
      flags: fc.oneof(fc.constantFrom(Flag.Ack, Flag.Ack | Flag.Fin, Flag.Rst), fc.nat({ max: 255 })),
      window: fc.oneof(fc.constantFrom(0, 1, 65_535), fc.nat({ max: 65_535 })),
      options: fc.oneof(fc.constant('timestamps' as const), sackOption, bytes(44)),
      payload: bytes(200),
      headerWords: fc.oneof(
        { weight: 9, arbitrary: fc.constant(undefined) },
        { weight: 1, arbitrary: fc.nat({ max: 15 }) },
      ),
      waitUs: fc.constantFrom(0, 0, 100, 300_000),
    });
    const property = fc.property(
      fc.array(segment, { maxLength: 60, size: 'max' }),
      fc.boolean(),
      fc.boolean(),
      (segments, sends, withoutTimestamps) => {
        const attack = new Attack({ checked: true });
        const { target, hosts } = attack;
        if (withoutTimestamps) target.receiver.timestamps = false;
        if (sends) attack.push(100_000);
        for (const { waitUs, options, ...fields } of segments) {
          const made = optionBytes(attack, options);
          const { localPort, remotePort, receiver, sender } = target;
          attack.send(
            tcpFrame(attack.path, {
              ...fields,
              options: made,
              sourcePort: remotePort,
              destinationPort: localPort,
              sequence: (receiver.next + fields.ahead) | 0,
              acknowledgement: (sender.unacknowledged + fields.acks) | 0,
            }),
          );
          attack.pass(waitUs);
        }
        attack.pass(1e6);
        attack.checkUnharmed();
        expect(hosts.a.pool.mappedBytes).toBeLessThan(8 * 1024 * 1024);
        attack.checkNothingLeft();
      },
    );
    fc.assert(property);
  });

  it('frames, and bit flips in what is genuine, do no harm', () => {
    const property = fc.property(fc.nat(), fc.boolean(), (seed, checksumsFixed) => {
      const attack = new Attack();
      const random = new Random(seed);
      const genuine: Uint8Array[] = [];
      attack.hosts.link.bToA.drops = (frame) => {
        if (genuine.length < 50) genuine.push(frame.slice());
        return false;
      };
      attack.exchange(attack.attacked);
      for (let i = 0; i < 150; i++) {
        attack.send(mutant(attack, random, genuine, checksumsFixed));
        if (random.below(4) === 0) attack.pass(random.below(1000));
      }
      attack.pass(1e6);
      attack.checkUnharmed();
      attack.checkNothingLeft();
    });
    fc.assert(property);
  });

  /** A random frame, or a genuine one of the attacked connection with some bits flipped. */
  function mutant(
    attack: Attack,
    random: Random,
    genuine: readonly Uint8Array[],
    fixed: boolean,
  ): Uint8Array {
    const { from, to } = attack.path;
    const noise = Uint8Array.from({ length: random.below(300) }, () => random.below(256));
    switch (random.below(4)) {
      case 0:
        return noise;
      case 1:
        return ethernetFrame(from.mac, to.mac, [0x0800, 0x0806, 0x86dd][random.below(3)], noise);
      case 2:
        return ipv4Frame(attack.path, [1, 6, 17, 2][random.below(4)], noise);
      default: {
        const frame = genuine[random.below(genuine.length)].slice();
        for (let flips = 1 + random.below(3); flips > 0; flips--) {
          // Behind the ports, so that it stays the attacked connection's.
          const bit = 8 * 38 + random.below(8 * (frame.length - 38));
          frame[bit >> 3] ^= 1 << (bit & 7);
        }
        if (fixed && isTcp(frame)) fixTcpChecksum(frame);
        return frame;
      }
    }
  }

  function optionBytes(attack: Attack, options: 'timestamps' | Uint8Array | number[]): Uint8Array {
    if (options instanceof Uint8Array) return options;
    const { sender } = attack.target;
    const { recentTimestamp } = attack.target.receiver;
    const numbers =
      options === 'timestamps'
        ? [recentTimestamp, sender.emission.clock.now()]
        : options.slice(0, options.length & ~1);
    const made = new Uint8Array(4 + 4 * numbers.length);
    made.set([1, 1, options === 'timestamps' ? 8 : 5, 2 + 4 * numbers.length]);
    const base = options === 'timestamps' ? 0 : sender.unacknowledged;
    numbers.forEach((number, i) => void new DataView(made.buffer).setInt32(4 + 4 * i, (base + number) | 0));
    return made;
  }
});

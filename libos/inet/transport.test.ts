/**
 * What the transport adds to TCP: how queues, ports and buffers live and die. Streams as such:
 * libos/conformance.
 */
import { describe, expect, it } from 'vitest';
import type { LibosCore } from '../core.ts';
import { createPair, type PairOptions, pairAddresses } from '../sim/pair.ts';
import { isBefore } from './sequence.ts';
import type { TcpConnection } from './tcp/connection.ts';
import { TcpState } from './tcp/states.ts';

const PORT = 5000;
const FIN = 1;
const RST = 4;

/** Two libOSes, a server and a client; each poll makes `stepUs` pass. */
function world(options: PairOptions = {}) {
  const pair = createPair({ checked: true, stepUs: 50, ...options });
  const { a: server, b: client, transports, link } = pair;
  const flags: { fromServer: number[]; fromClient: number[] } = { fromServer: [], fromClient: [] };
  const sniff = (into: number[]) => (frame: Uint8Array) => {
    if (frame[12] === 8 && frame[13] === 0 && frame[23] === 6) into.push(frame[47]);
    return false;
  };
  link.aToB.drops = sniff(flags.fromServer);
  link.bToA.drops = sniff(flags.fromClient);
  /** Rounds in which each side polls for a while, which makes time pass. */
  const step = (rounds: number) => {
    for (let round = 0; round < rounds; round++) {
      for (const libos of [server, client]) for (let poll = 0; poll < 16; poll++) libos.waitNext(0, 0);
    }
  };
  const listener = server.socket('stream');
  server.bind(listener, { address: '0.0.0.0', port: PORT });
  server.listen(listener, 4);
  return { ...pair, server, client, transports, link, flags, step, listener };
}

function connected(options: PairOptions = {}, bindPort = 0) {
  const all = world(options);
  const { server, client, listener, step } = all;
  const clientQd = client.socket('stream');
  if (bindPort > 0) client.bind(clientQd, { address: '0.0.0.0', port: bindPort });
  const connecting = client.connect(clientQd, { address: pairAddresses[0], port: PORT });
  const accepting = server.accept(listener);
  step(50);
  expect(client.wait(connecting, 0)!.error).toBeNull();
  const serverQd = server.wait(accepting, 0)!.newQd;
  return { ...all, clientQd, serverQd };
}

function connectionsOf(all: ReturnType<typeof world>, side: 0 | 1): TcpConnection[] {
  const found: TcpConnection[] = [];
  all.transports[side].stack.tcp.connections.forEach((connection) => void found.push(connection));
  return found;
}

function send(libos: LibosCore, qd: number, bytes: number): number {
  const sga = libos.alloc(bytes);
  sga.fill(new Uint8Array(bytes).fill(7));
  return libos.push(qd, sga);
}

const seen = (flags: number[], flag: number) => flags.some((value) => (value & flag) !== 0);

describe('closing a stream', () => {
  it('that was half-closed before does not wait for ever for a peer that never closes (FIN-WAIT-2)', () => {
    const all = connected({ stepUs: 5000 });
    all.client.shutdownWrite(all.clientQd);
    all.step(20);
    expect(connectionsOf(all, 1)[0].state).toBe(TcpState.FinWait2);
    all.client.close(all.clientQd);
    all.step(500);
    expect(connectionsOf(all, 1)).toEqual([]);
  });

  it('with data that nobody has read resets it (RFC 9293, 3.10.4; RFC 2525, 2.17)', () => {
    const all = connected();
    send(all.client, all.clientQd, 100);
    all.step(20);
    all.flags.fromServer.length = 0;
    all.server.close(all.serverQd);
    all.step(20);
    expect(seen(all.flags.fromServer, RST)).toBe(true);
    expect(seen(all.flags.fromServer, FIN)).toBe(false);
    expect(connectionsOf(all, 0)).toEqual([]);
    expect(all.client.wait(all.client.pop(all.clientQd), 0)!.error).toBe('CONNECTION_RESET');
  });

  it('with data that nobody has read resets it, though there is more to send', () => {
    const all = connected();
    send(all.client, all.clientQd, 100);
    all.step(20);
    all.flags.fromServer.length = 0;
    const push = send(all.server, all.serverQd, 100_000);
    all.server.close(all.serverQd);
    all.step(20);
    expect(all.server.wait(push, 0)!.error).not.toBeNull();
    expect(seen(all.flags.fromServer, RST)).toBe(true);
    expect(seen(all.flags.fromServer, FIN)).toBe(false);
    expect(connectionsOf(all, 0)).toEqual([]);
  });

  it('with unread data leaves TIME-WAIT as it is: the peer is gone', () => {
    const all = connected();
    all.client.shutdownWrite(all.clientQd);
    all.step(20);
    send(all.server, all.serverQd, 100);
    all.server.close(all.serverQd);
    all.step(20);
    const [connection] = connectionsOf(all, 1);
    expect(connection.state).toBe(TcpState.TimeWait);
    all.client.close(all.clientQd);
    all.step(20);
    expect(connection.state).toBe(TcpState.TimeWait);
    expect(connection.receiver.queue.isEmpty).toBe(true);
    expect(seen(all.flags.fromClient, RST)).toBe(false);
  });

  it('with nothing unread ends it by a FIN, and all that was pushed arrives', () => {
    const all = connected();
    send(all.client, all.clientQd, 50_000);
    all.client.close(all.clientQd);
    let bytes = 0;
    for (let polls = 0; polls < 200; polls++) {
      const pop = all.server.pop(all.serverQd);
      all.step(10);
      const completion = all.server.wait(pop, 0)!;
      if (completion.sga === null) break;
      bytes += completion.sga.byteLength;
      all.server.free(completion.sga);
    }
    expect(seen(all.flags.fromClient, RST)).toBe(false);
    expect(bytes).toBe(50_000);
  });

  it('is answered with a reset when the peer goes on sending (RFC 9293, 3.6.1)', () => {
    const all = connected();
    all.server.close(all.serverQd);
    all.step(20);
    send(all.client, all.clientQd, 100);
    all.step(20);
    expect(seen(all.flags.fromServer, RST)).toBe(true);
    send(all.client, all.clientQd, 100);
    expect(connectionsOf(all, 1)).toEqual([]);
  });
});

describe('ports', () => {
  it('of a connection in TIME-WAIT name the next one, which starts behind it (RFC 6191)', () => {
    const all = connected({}, 7777);
    all.client.close(all.clientQd);
    all.step(20);
    all.server.close(all.serverQd);
    all.step(20);
    const [before] = connectionsOf(all, 1);
    expect(before.state).toBe(TcpState.TimeWait);
    const again = all.client.socket('stream');
    all.client.bind(again, { address: '0.0.0.0', port: 7777 });
    const token = all.client.connect(again, { address: pairAddresses[0], port: PORT });
    all.step(20);
    expect(all.client.wait(token, 0)!.error).toBeNull();
    const [after, ...others] = connectionsOf(all, 1);
    expect(others).toEqual([]);
    expect(before.state).toBe(TcpState.Closed);
    expect(isBefore(before.sender.next, after.sender.initialSequence)).toBe(true);
  });

  it('of a connection that lives cannot name another one to the same peer', () => {
    const all = connected();
    const { port } = all.client.localEndpoint(all.clientQd);
    const again = all.client.socket('stream');
    all.client.bind(again, { address: '0.0.0.0', port });
    const token = all.client.connect(again, { address: pairAddresses[0], port: PORT });
    all.step(20);
    expect(all.client.wait(token, 0)!.error).toBe('ADDRESS_IN_USE');
    expect(connectionsOf(all, 1).length).toBe(1);
  });

  it('of a bound queue are free again when it is closed', () => {
    const { client } = world();
    for (let i = 0; i < 3; i++) {
      const qd = client.socket('stream');
      client.bind(qd, { address: '0.0.0.0', port: 7777 });
      const other = client.socket('stream');
      expect(() => client.bind(other, { address: '0.0.0.0', port: 7777 })).toThrow(/7777/);
      client.close(qd);
      client.close(other);
    }
  });

  it('chosen by bind are not given to anybody else', () => {
    const { client } = world();
    const ports = new Set<number>();
    for (let i = 0; i < 100; i++) {
      const qd = client.socket(i % 2 === 0 ? 'stream' : 'datagram');
      client.bind(qd, { address: '0.0.0.0', port: 0 });
      ports.add(client.localEndpoint(qd).port + (i % 2) * 100_000);
    }
    expect(ports.size).toBe(100);
  });

  it('can be bound for our own address only', () => {
    const { client } = world();
    const qd = client.socket('stream');
    expect(() => client.bind(qd, { address: '10.99.0.77', port: 1 })).toThrow(/./);
    client.bind(qd, { address: pairAddresses[1], port: 1 });
  });
});

describe('listeners', () => {
  it('that are closed reset what nobody has accepted', () => {
    const all = world();
    const qd = all.client.socket('stream');
    const connecting = all.client.connect(qd, { address: pairAddresses[0], port: PORT });
    all.step(50);
    expect(all.client.wait(connecting, 0)!.error).toBeNull();
    all.server.close(all.listener);
    all.step(20);
    expect(connectionsOf(all, 0)).toEqual([]);
    expect(all.client.wait(all.client.pop(qd), 0)!.error).toBe('CONNECTION_RESET');
  });

  it('do not hand out connections that have been reset meanwhile', () => {
    const all = world();
    const queues = [0, 1].map(() => {
      const qd = all.client.socket('stream');
      all.client.connect(qd, { address: pairAddresses[0], port: PORT });
      all.step(50);
      return qd;
    });
    const [first] = connectionsOf(all, 1);
    first.sendReset();
    all.step(20);
    const accepting = all.server.accept(all.listener);
    const completion = all.server.wait(accepting, 0)!;
    expect(completion.error).toBeNull();
    const survivors = connectionsOf(all, 0).filter(({ state }) => state === TcpState.Established);
    expect(survivors.map(({ remotePort }) => remotePort)).toEqual([completion.peerPort]);
    expect(queues.length).toBe(2);
  });
});

describe('connecting', () => {
  it('to ourselves, or to where there is no route, fails at once', () => {
    const { client } = world();
    for (const address of [pairAddresses[1], '192.0.2.1', '10.99.0.255', '224.0.0.1']) {
      const qd = client.socket('stream');
      const token = client.connect(qd, { address, port: PORT });
      expect(client.wait(token, 0)!.error).toBe('HOST_UNREACHABLE');
    }
  });

  it('where nobody answers ARP fails after three seconds', () => {
    const all = world({ stepUs: 2000 });
    const qd = all.client.socket('stream');
    const token = all.client.connect(qd, { address: '10.99.0.77', port: PORT });
    all.step(60);
    expect(all.client.wait(token, 0)!.error).toBe('HOST_UNREACHABLE');
  });
});

describe('shutdown', () => {
  it('brings what was handed over to the peer, and leaves no frame behind', () => {
    const all = connected();
    const pop = all.server.pop(all.serverQd);
    const push = send(all.client, all.clientQd, 1000);
    all.step(20);
    all.client.free(all.client.wait(push, 0)!.sga!);
    all.client.shutdown();
    expect(all.link.b.buffersOut).toBe(0);
    const completion = all.server.wait(pop, 100)!;
    expect(completion.sga!.byteLength).toBe(1000);
    all.server.free(completion.sga!);
    all.server.shutdown();
    expect(all.link.a.buffersOut).toBe(0);
  });

  it('waits a tenth of a second for a peer that acknowledges nothing, then resets (RFC 9293, 3.10.5)', () => {
    const all = connected();
    const startUs = all.link.nowUs;
    send(all.client, all.clientQd, 1000);
    all.client.shutdown();
    expect(all.link.nowUs - startUs).toBeGreaterThanOrEqual(100_000);
    // With the time that the reset is given.
    expect(all.link.nowUs - startUs).toBeLessThan(130_000);
    expect(seen(all.flags.fromClient, RST)).toBe(true);
  });
});

describe('a link that goes down', () => {
  it('resets connections, behind what had come, where it is the peer process that has ended', () => {
    const all = connected();
    const { server, client, serverQd, clientQd, step, link } = all;
    link.b.linkIsPeer = true;
    const [read, waits] = [client.pop(clientQd), client.pop(clientQd)];
    send(server, serverQd, 100);
    step(2);
    link.takeDown();
    step(2);
    const completion = client.wait(read, 0)!;
    expect(completion.error).toBeNull();
    client.free(completion.sga!);
    expect(client.wait(waits, 0)).toMatchObject({ error: 'CONNECTION_RESET' });
    expect(connectionsOf(all, 1)).toEqual([]);
  });

  it('leaves them alone elsewhere: it may come up again', () => {
    const { server, client, serverQd, clientQd, step, link } = connected();
    const pop = client.pop(clientQd);
    link.takeDown();
    step(20);
    expect(client.wait(pop, 0)).toBeNull();
    link.bringUp();
    send(server, serverQd, 100);
    step(100);
    const completion = client.wait(pop, 0)!;
    expect(completion.error).toBeNull();
    client.free(completion.sga!);
  });
});

describe('a connect of which ICMP has reported why it gets no answer', () => {
  it('ends as HOST_UNREACHABLE, with a hint that says who reported what', () => {
    const { client, link, step, transports } = world({ tcp: { connectTimeoutUs: 3e6 }, stepUs: 1000 });
    const { stack } = transports[1];
    step(2);
    link.bToA.drops = (frame) => frame[12] === 8 && frame[13] === 0;
    const connect = (reported: boolean) => {
      const qd = client.socket('stream');
      const connecting = client.connect(qd, { address: pairAddresses[0], port: PORT });
      step(2);
      stack.tcp.connections.forEach(({ remoteAddress, remotePort, localPort, sender }) => {
        if (!reported) return;
        stack.errorArrives(
          3,
          1,
          0,
          0x0a6300fe,
          6,
          remoteAddress,
          localPort,
          remotePort,
          sender.unacknowledged,
        );
      });
      step(200);
      const { error } = client.wait(connecting, 0)!;
      client.close(qd);
      return error;
    };
    expect(connect(true)).toBe('HOST_UNREACHABLE');
    expect(client.hint('HOST_UNREACHABLE')).toBe('10.99.0.254 reported by ICMP: host unreachable');
    expect(client.hint('TIMED_OUT')).toBeNull();
    expect(connect(false)).toBe('TIMED_OUT');
  });
});

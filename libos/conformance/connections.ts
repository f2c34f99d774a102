/**
 * What every backend must do, part 1: sockets, their addresses, and connections from their beginning to their
 * end.
 */
import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { formatIpv4, type Libos } from '../index.ts';
import { codeOf, sha256 } from './outcome.ts';
import { eachTestHasAWorld, overfullBytes, type TestedBackend, type World } from './world.ts';

export function connectionTests(backend: TestedBackend): void {
  let world: World;
  let server: Libos;
  let client: Libos;
  eachTestHasAWorld(backend, (made) => {
    world = made;
    ({ server, client } = made);
  });

  describe('sockets', () => {
    it('gives small descriptors and uses them again after close', () => {
      const first = client.socket('stream');
      expect(first).toBeLessThan(16);
      client.close(first);
      expect(client.socket('stream')).toBe(first);
    });

    it('refuses a socket kind that does not exist', () => {
      expect(codeOf(() => client.socket('raw' as 'stream'))).toBe('INVALID_ARGUMENT');
    });

    it('answers BAD_QUEUE to every call on a queue that is not open', () => {
      const closed = client.socket('stream');
      client.close(closed);
      const sga = world.buffer(client, 'x');
      for (const qd of [closed, 9999, -1]) {
        const endpoint = { address: world.address, port: 1 };
        const calls: (() => unknown)[] = [
          () => client.bind(qd, endpoint),
          () => client.listen(qd, 1),
          () => client.accept(qd),
          () => client.connect(qd, endpoint),
          () => client.close(qd),
          () => client.shutdownWrite(qd),
          () => client.push(qd, sga),
          () => client.pushTo(qd, sga, endpoint),
          () => client.pop(qd),
          () => client.localEndpoint(qd),
          () => client.peerEndpoint(qd),
        ];
        expect(calls.map(codeOf)).toEqual(calls.map(() => 'BAD_QUEUE'));
      }
      client.free(sga);
    });

    it('names the call, the queue and the remedy in its errors', () => {
      const qd = client.socket('stream');
      expect(() => client.listen(qd, 1)).toThrow(`listen on queue ${qd}: bind it first (INVALID_STATE)`);
    });
  });

  describe('bind and listen', () => {
    it('binds port 0 to a free port and shows which', () => {
      const { endpoint } = world.listen();
      expect(endpoint.address).toBe(world.address);
      expect(endpoint.port).toBeGreaterThan(0);
    });

    it('takes connections on the wildcard address', () => {
      const qd = server.socket('stream');
      server.bind(qd, { address: '0.0.0.0', port: 0 });
      server.listen(qd, 4);
      const { port } = server.localEndpoint(qd);
      const pair = world.connect({ qd, endpoint: { address: world.address, port } });
      expect(server.localEndpoint(pair.serverQd)).toEqual({ address: world.address, port });
    });

    it('refuses what is no address, and what is no port', () => {
      const refused = [
        ...['', 'localhost', '1.2.3', '1.2.3.4.5', '256.0.0.1', '1.2.3.x', ' 1.2.3.4'].map((address) => ({
          address,
          port: 1,
        })),
        ...[-1, 65536, 1.5, Number.NaN].map((port) => ({ address: world.address, port })),
      ];
      const codes = refused.map((endpoint) => codeOf(() => server.bind(server.socket('stream'), endpoint)));
      expect(codes).toEqual(refused.map(() => 'INVALID_ARGUMENT'));
    });

    it('reports an address that is in use', () => {
      const { endpoint } = world.listen();
      expect(codeOf(() => server.bind(server.socket('stream'), endpoint))).toBe('ADDRESS_IN_USE');
    });

    it('reports an address that is not of this host', () => {
      const qd = server.socket('stream');
      // 203.0.113.0/24 is for documentation (RFC 5737).
      expect(codeOf(() => server.bind(qd, { address: '203.0.113.1', port: 0 }))).toBe(
        'ADDRESS_NOT_AVAILABLE',
      );
    });

    it('binds again at once where a connection was served', () => {
      const listener = world.listen();
      const pair = world.connect(listener);
      // The server's side closes first, so that the address is left in TIME-WAIT.
      server.close(pair.serverQd);
      expect(world.pop(client, pair.clientQd)).toBeNull();
      client.close(pair.clientQd);
      server.close(listener.qd);
      const qd = server.socket('stream');
      server.bind(qd, listener.endpoint);
      server.listen(qd, 4);
      world.connect({ qd, endpoint: listener.endpoint });
    });

    it('refuses calls in the wrong state', () => {
      const { qd, endpoint } = world.listen();
      const fresh = server.socket('stream');
      const datagram = server.socket('datagram');
      expect(codeOf(() => server.bind(qd, endpoint))).toBe('INVALID_STATE');
      expect(codeOf(() => server.listen(qd, 1))).toBe('INVALID_STATE');
      expect(codeOf(() => server.listen(datagram, 1))).toBe('INVALID_STATE');
      expect(codeOf(() => server.accept(fresh))).toBe('INVALID_STATE');
      expect(codeOf(() => server.connect(qd, endpoint))).toBe('INVALID_STATE');
      expect(codeOf(() => server.pop(qd))).toBe('INVALID_STATE');
      expect(codeOf(() => server.pop(fresh))).toBe('INVALID_STATE');
      expect(codeOf(() => server.pop(datagram))).toBe('INVALID_STATE');
      expect(codeOf(() => server.shutdownWrite(fresh))).toBe('INVALID_STATE');
      expect(codeOf(() => server.peerEndpoint(fresh))).toBe('INVALID_STATE');
      expect(codeOf(() => server.listen(qd, 0))).toBe('INVALID_ARGUMENT');
    });
  });

  describe('connect and accept', () => {
    it('shows both sides who they are', () => {
      const listener = world.listen();
      const accept = server.accept(listener.qd);
      const clientQd = client.socket('stream');
      world.wait(client, client.connect(clientQd, listener.endpoint));
      const accepted = world.wait(server, accept);
      const clientEnd = client.localEndpoint(clientQd);
      expect(clientEnd.address).toBe(world.clientAddress);
      expect(server.peerEndpoint(accepted.newQd)).toEqual(clientEnd);
      expect(client.peerEndpoint(clientQd)).toEqual(listener.endpoint);
      expect(formatIpv4(accepted.peerAddress)).toBe(world.clientAddress);
      expect(accepted.peerPort).toBe(clientEnd.port);
      expect(accepted.operation).toBe('accept');
      expect(accepted.qd).toBe(listener.qd);
    });

    it('completes a connect that nobody listens for as refused', () => {
      const listener = world.listen();
      server.close(listener.qd);
      const qd = client.socket('stream');
      expect(world.wait(client, client.connect(qd, listener.endpoint)).error).toBe('CONNECTION_REFUSED');
      expect(codeOf(() => client.pop(qd))).toBe('INVALID_STATE');
      expect(codeOf(() => client.connect(qd, listener.endpoint))).toBe('INVALID_STATE');
    });

    it('accepts connections that came before accept was called, in order', () => {
      const listener = world.listen();
      const ports = [1, 2, 3].map(() => {
        const qd = client.socket('stream');
        expect(world.wait(client, client.connect(qd, listener.endpoint)).error).toBeNull();
        return client.localEndpoint(qd).port;
      });
      world.settle();
      const accepted = ports.map(() => world.wait(server, server.accept(listener.qd)).peerPort);
      expect(accepted).toEqual(ports);
    });

    it('refuses port 0', () => {
      const qd = client.socket('stream');
      expect(codeOf(() => client.connect(qd, { address: world.address, port: 0 }))).toBe('INVALID_ARGUMENT');
    });

    it('refuses push and pop before the connection stands', () => {
      const qd = client.socket('stream');
      const sga = world.buffer(client, 'x');
      expect(codeOf(() => client.push(qd, sga))).toBe('INVALID_STATE');
      expect(codeOf(() => client.pop(qd))).toBe('INVALID_STATE');
      client.free(sga);
    });

    it('serves 200 connections at once', () => {
      const listener = world.listen(256);
      const pairs = Array.from({ length: 200 }, () => world.connect(listener));
      const tokens = pairs.map(({ serverQd }) => server.pop(serverQd));
      pairs.forEach(({ clientQd }, i) => {
        world.pushFreeing(client, clientQd, `hello ${i}`);
      });
      tokens.forEach((token, i) => {
        const completion = world.wait(server, token);
        expect(Buffer.from(completion.sga!.copyOut()).toString()).toBe(`hello ${i}`);
        server.free(completion.sga!);
      });
    });
  });

  describe('ends of connections', () => {
    it('half-closes: the peer reads to the end and can still send', () => {
      const { serverQd, clientQd } = world.connect();
      world.pushFreeing(client, clientQd, 'question');
      client.shutdownWrite(clientQd);
      expect(world.popAll(server, serverQd).toString()).toBe('question');
      expect(world.pop(server, serverQd)).toBeNull();
      world.pushFreeing(server, serverQd, 'answer');
      server.shutdownWrite(serverQd);
      expect(world.popAll(client, clientQd).toString()).toBe('answer');
    });

    it('sends what was pushed before a half-close, however much', () => {
      const { serverQd, clientQd } = world.connect();
      const data = randomBytes(8 * 1024 * 1024);
      world.pushFreeing(client, clientQd, data);
      client.shutdownWrite(clientQd);
      expect(sha256(world.popAll(server, serverQd))).toBe(sha256(data));
    });

    it('refuses to push after a half-close, and half-closes once', () => {
      const { clientQd } = world.connect();
      client.shutdownWrite(clientQd);
      client.shutdownWrite(clientQd);
      const sga = world.buffer(client, 'x');
      expect(codeOf(() => client.push(clientQd, sga))).toBe('INVALID_STATE');
      client.free(sga);
    });

    it('completes pops as the end of the stream when the peer closes', () => {
      const { serverQd, clientQd } = world.connect();
      const pending = server.pop(serverQd);
      client.close(clientQd);
      const completion = world.wait(server, pending);
      expect([completion.error, completion.sga]).toEqual([null, null]);
    });

    it('resets: a peer that closes without reading makes pop and push fail, the others live on', () => {
      const listener = world.listen();
      const reset = world.connect(listener);
      const other = world.connect(listener);
      const unread = world.buffer(server, 'never read');
      world.wait(server, server.push(reset.serverQd, unread, 'acknowledged'));
      server.free(unread);
      world.settle();
      client.close(reset.clientQd);
      world.settle();
      expect(() => world.pop(server, reset.serverQd)).toThrow('CONNECTION_RESET');
      const push = world.pushFreeing(server, reset.serverQd, 'into the void');
      expect(world.wait(server, push).error).toBe('CONNECTION_RESET');
      world.pushFreeing(client, other.clientQd, 'still here');
      expect(world.popText(server, other.serverQd)).toBe('still here');
    });

    it('fails a push that waits for an acknowledgement when the connection is reset', () => {
      const { serverQd, clientQd } = world.connect();
      const sga = world.buffer(client, new Uint8Array(overfullBytes(backend)));
      const token = client.push(clientQd, sga, 'acknowledged');
      world.settle();
      server.close(serverQd);
      expect(world.wait(client, token).error).toBe('CONNECTION_RESET');
      client.free(sga);
    });

    it('cancels what is pending on a queue that is closed', () => {
      const listener = world.listen();
      const { serverQd } = world.connect(listener);
      const accept = server.accept(listener.qd);
      const pop = server.pop(serverQd);
      server.close(serverQd);
      server.close(listener.qd);
      expect(world.wait(server, pop).error).toBe('CANCELLED');
      expect(world.wait(server, accept).error).toBe('CANCELLED');
    });
  });
}

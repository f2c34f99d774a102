/**
 * What every backend must do: each call, each error, the ownership rules. A backend's own test file calls
 * conformanceSuite with a way to make two libOSes that reach each other; tests of what only that backend has
 * stand in that file.
 */
import { createHash, randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ErrorCode, type Libos, LibosError } from '../index.ts';
import { type Backend, World } from './world.ts';

/** Runs `call` and returns the code of the LibosError that it must throw. */
export function codeOf(call: () => unknown): ErrorCode | undefined {
  try {
    call();
  } catch (error) {
    if (error instanceof LibosError) return error.code;
    throw error;
  }
  return undefined;
}

const sha256 = (data: Uint8Array) => createHash('sha256').update(data).digest('hex');

export function conformanceSuite(name: string, backend: Backend): void {
  describe(`libOS conformance: ${name}`, () => {
    let world: World;
    let server: Libos;
    let client: Libos;

    beforeEach(() => {
      world = new World(backend);
      ({ server, client } = world);
    });
    // In checked mode shutdown throws if a test left buffers unfreed: every test is a test for leaks.
    afterEach(() => world.shutdown());

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
      it('binds port 0 to a free port and tells which', () => {
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

      it.each(['', 'localhost', '1.2.3', '1.2.3.4.5', '256.0.0.1', '1.2.3.x', ' 1.2.3.4'])(
        'refuses the address %j',
        (address) => {
          expect(codeOf(() => server.bind(server.socket('stream'), { address, port: 1 }))).toBe(
            'INVALID_ARGUMENT',
          );
        },
      );

      it.each([-1, 65536, 1.5, Number.NaN])('refuses the port %d', (port) => {
        const qd = server.socket('stream');
        expect(codeOf(() => server.bind(qd, { address: world.address, port }))).toBe('INVALID_ARGUMENT');
      });

      it('tells that an address is in use', () => {
        const { endpoint } = world.listen();
        expect(codeOf(() => server.bind(server.socket('stream'), endpoint))).toBe('ADDRESS_IN_USE');
      });

      it('tells that an address is not of this host', () => {
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
      it('tells both sides who they are', () => {
        const listener = world.listen();
        const accept = server.accept(listener.qd);
        const clientQd = client.socket('stream');
        world.wait(client, client.connect(clientQd, listener.endpoint));
        const accepted = world.wait(server, accept);
        const clientEnd = client.localEndpoint(clientQd);
        expect(server.peerEndpoint(accepted.newQd)).toEqual(clientEnd);
        expect(client.peerEndpoint(clientQd)).toEqual(listener.endpoint);
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
        expect(codeOf(() => client.connect(qd, { address: world.address, port: 0 }))).toBe(
          'INVALID_ARGUMENT',
        );
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

    describe('push and pop', () => {
      it.each([1, 100, 16_383, 16_384, 16_385, 1_000_000, 8_000_000])('carries %d bytes whole', (bytes) => {
        const { serverQd, clientQd } = world.connect();
        const data = randomBytes(bytes);
        const token = world.pushFreeing(client, clientQd, data);
        const received = world.popAll(server, serverQd, bytes);
        expect(sha256(received)).toBe(sha256(data));
        expect(world.wait(client, token).error).toBeNull();
      });

      it('keeps the order of pushes and serves several pops in order', () => {
        const { serverQd, clientQd } = world.connect();
        const pops = [server.pop(serverQd), server.pop(serverQd)];
        world.pushFreeing(client, clientQd, 'first');
        const first = world.wait(server, pops[0]);
        expect(Buffer.from(first.sga!.copyOut()).toString()).toBe('first');
        world.pushFreeing(client, clientQd, 'second');
        const second = world.wait(server, pops[1]);
        expect(Buffer.from(second.sga!.copyOut()).toString()).toBe('second');
        server.free(first.sga!);
        server.free(second.sga!);
      });

      it('completes a push larger than the peer takes only when all of it is taken', () => {
        const { serverQd, clientQd } = world.connect();
        const data = randomBytes(64 * 1024 * 1024);
        const sga = world.buffer(client, data);
        const token = client.push(clientQd, sga);
        world.settle(200);
        expect(client.wait(token, 0)).toBeNull();
        const received = world.popAll(server, serverQd, data.length);
        expect(sha256(received)).toBe(sha256(data));
        const completion = world.wait(client, token);
        expect(completion.error).toBeNull();
        expect(completion.sga).toBe(sga);
        client.free(sga);
      });

      it('serves one connection while another does not read', () => {
        const listener = world.listen();
        const stuck = world.connect(listener);
        const lively = world.connect(listener);
        const blocked = world.pushFreeing(server, stuck.serverQd, new Uint8Array(32 * 1024 * 1024));
        world.pushFreeing(server, lively.serverQd, 'alive');
        expect(world.popText(client, lively.clientQd)).toBe('alive');
        server.close(stuck.serverQd);
        expect(world.wait(server, blocked).error).toBe('CANCELLED');
      });

      it('sends the part of a buffer that the segment names', () => {
        const { serverQd, clientQd } = world.connect();
        const sga = world.buffer(client, 'xxmiddlexx');
        sga.segments[0].offset += 2;
        sga.segments[0].length = 6;
        client.push(clientQd, sga);
        client.free(sga);
        expect(world.popText(server, serverQd)).toBe('middle');
      });

      it('completes an acknowledged push after the peer has the bytes', () => {
        const { serverQd, clientQd } = world.connect();
        const sga = world.buffer(client, 'ack me');
        const token = client.push(clientQd, sga, 'acknowledged');
        expect(world.wait(client, token).error).toBeNull();
        client.free(sga);
        expect(world.popText(server, serverQd)).toBe('ack me');
      });

      it('refuses an empty push', () => {
        const { clientQd } = world.connect();
        const sga = client.alloc(1);
        sga.segments[0].length = 0;
        expect(codeOf(() => client.push(clientQd, sga))).toBe('INVALID_ARGUMENT');
        client.free(sga);
      });

      it('carries both streams whole, whatever the sizes and the order of calls', { timeout: 60_000 }, () => {
        const listener = world.listen();
        const size = fc.oneof(fc.integer({ min: 1, max: 200 }), fc.integer({ min: 1, max: 300_000 }));
        const step = fc.record({ fromClient: fc.boolean(), size });
        fc.assert(
          fc.property(fc.array(step, { minLength: 1, maxLength: 20 }), (steps) => {
            const { serverQd, clientQd } = world.connect(listener);
            const sent: Buffer[][] = [[], []];
            for (const { fromClient, size } of steps) {
              const data = randomBytes(size);
              sent[fromClient ? 1 : 0].push(data);
              world.pushFreeing(fromClient ? client : server, fromClient ? clientQd : serverQd, data);
            }
            client.shutdownWrite(clientQd);
            server.shutdownWrite(serverQd);
            const atServer = world.popAll(server, serverQd);
            const atClient = world.popAll(client, clientQd);
            client.close(clientQd);
            server.close(serverQd);
            return (
              sha256(atServer) === sha256(Buffer.concat(sent[1])) &&
              sha256(atClient) === sha256(Buffer.concat(sent[0]))
            );
          }),
          { numRuns: 30 },
        );
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
        const data = randomBytes(16 * 1024 * 1024);
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
        world.pushFreeing(server, reset.serverQd, 'never read');
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
        const sga = world.buffer(client, new Uint8Array(32 * 1024 * 1024));
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

    describe('tokens and waiting', () => {
      it('consumes a token once', () => {
        const { serverQd, clientQd } = world.connect();
        const token = server.pop(serverQd);
        world.pushFreeing(client, clientQd, 'x');
        server.free(world.wait(server, token).sga!);
        expect(codeOf(() => server.wait(token, 0))).toBe('BAD_TOKEN');
        expect(codeOf(() => server.waitAny([token], 0))).toBe('BAD_TOKEN');
        expect(codeOf(() => server.waitAll([token], 0))).toBe('BAD_TOKEN');
        // Its slot's next token is another one.
        expect(server.pop(serverQd)).not.toBe(token);
      });

      it.each([-1, 1 << 30, 4711, Number.NaN])('refuses the token %d', (token) => {
        expect(codeOf(() => client.wait(token, 0))).toBe('BAD_TOKEN');
      });

      it('waits for tokens in any order', () => {
        const listener = world.listen();
        const a = world.connect(listener);
        const b = world.connect(listener);
        const popA = server.pop(a.serverQd);
        const popB = server.pop(b.serverQd);
        world.pushFreeing(client, a.clientQd, 'a');
        world.pushFreeing(client, b.clientQd, 'b');
        const second = world.wait(server, popB);
        const first = world.wait(server, popA);
        expect([first, second].map(({ sga }) => Buffer.from(sga!.copyOut()).toString())).toEqual(['a', 'b']);
        server.free(first.sga!);
        server.free(second.sga!);
      });

      it('returns null, false and 0 when the time is over, and consumes nothing', () => {
        const { serverQd } = world.connect();
        world.settle();
        while (server.waitNext(8, 0) > 0);
        const token = server.pop(serverQd);
        const before = performance.now();
        expect(server.wait(token, 20)).toBeNull();
        expect(server.waitAny([token], 20)).toBeNull();
        expect(server.waitAll([token], 20)).toBe(false);
        expect(server.waitNext(8, 20)).toBe(0);
        const elapsedMs = performance.now() - before;
        expect(elapsedMs).toBeGreaterThanOrEqual(79);
        expect(elapsedMs).toBeLessThan(1000);
        server.close(serverQd);
        expect(world.wait(server, token).error).toBe('CANCELLED');
      });

      it('waitAll hands out in the order of the tokens', () => {
        const { serverQd, clientQd } = world.connect();
        const tokens = ['1', '2', '3'].map((text) => world.pushFreeing(client, clientQd, text));
        expect(client.waitAll([tokens[2], tokens[0], tokens[1]], 1000)).toBe(true);
        expect(client.completions.slice(0, 3).map(({ token }) => token)).toEqual([
          tokens[2],
          tokens[0],
          tokens[1],
        ]);
        world.popAll(server, serverQd, 3);
        expect(codeOf(() => client.waitAll([1, 1], 0))).toBe('BAD_TOKEN');
        const pop = client.pop(clientQd);
        expect(codeOf(() => client.waitAll([pop, pop], 0))).toBe('INVALID_ARGUMENT');
      });

      it('waitNext hands out what completed, at most as many as asked for', () => {
        const { clientQd } = world.connect();
        while (client.waitNext(8, 0) > 0);
        const tokens = ['1', '2', '3'].map((text) => world.pushFreeing(client, clientQd, text));
        const seen: number[] = [];
        for (let count = client.waitNext(2, 1000); count > 0; count = client.waitNext(2, 20)) {
          expect(count).toBeLessThanOrEqual(2);
          for (let i = 0; i < count; i++) seen.push(client.completions[i].token);
        }
        expect(seen).toEqual(tokens);
        expect(codeOf(() => client.waitNext(-1, 0))).toBe('INVALID_ARGUMENT');
        expect(codeOf(() => client.waitAny([], 0))).toBe('INVALID_ARGUMENT');
      });

      it('reuses tokens for ever without confusing them', () => {
        const { serverQd, clientQd } = world.connect();
        for (let i = 0; i < 3000; i++) {
          const pop = server.pop(serverQd);
          const push = world.pushFreeing(client, clientQd, 'ping');
          const completion = world.wait(server, pop);
          expect(completion.token).toBe(pop);
          server.free(completion.sga!);
          world.wait(client, push);
        }
      });
    });

    describe('ownership', () => {
      it('gives pushed buffers back with the completion', () => {
        const { clientQd } = world.connect();
        const sga = world.buffer(client, 'mine');
        const completion = world.wait(client, client.push(clientQd, sga));
        expect(completion.sga).toBe(sga);
        client.free(sga);
      });

      it('refuses to push or free what the application does not own', () => {
        const { clientQd } = world.connect();
        const sga = world.buffer(client, 'mine');
        const token = client.push(clientQd, sga);
        expect(codeOf(() => client.push(clientQd, sga))).toBe('NOT_OWNED');
        client.free(sga);
        expect(codeOf(() => client.free(sga))).toBe('DOUBLE_FREE');
        expect(world.wait(client, token).sga).toBeNull();
        expect(codeOf(() => client.free(sga))).toBe('DOUBLE_FREE');
        expect(codeOf(() => client.push(clientQd, sga))).toBe('NOT_OWNED');
      });

      it('frees buffers in flight when their push completes', () => {
        const { serverQd, clientQd } = world.connect();
        const data = randomBytes(32 * 1024 * 1024);
        const token = world.pushFreeing(client, clientQd, data);
        // What is allocated meanwhile must not be the memory that is still being sent.
        const other = world.buffer(client, new Uint8Array(1024 * 1024));
        expect(sha256(world.popAll(server, serverQd, data.length))).toBe(sha256(data));
        expect(world.wait(client, token).sga).toBeNull();
        client.free(other);
      });

      it('finds bytes that were changed between push and completion', () => {
        const { clientQd } = world.connect();
        const sga = world.buffer(client, 'do not touch');
        const token = client.push(clientQd, sga);
        sga.segments[0].bytes[sga.segments[0].offset] = 0;
        expect(codeOf(() => world.wait(client, token))).toBe('USE_AFTER_PUSH');
        client.free(sga);
      });

      it('finds buffers that were written to after they were freed', () => {
        const sga = world.buffer(client, 'freed');
        const { bytes, base } = sga.segments[0];
        client.free(sga);
        bytes[base] = 1;
        expect(codeOf(() => client.alloc(1))).toBe('USE_AFTER_FREE');
      });

      it('finds leaks at shutdown and says where the buffers came from', () => {
        const leaky = new World(backend);
        leaky.client.alloc(10);
        expect(() => leaky.shutdown()).toThrow(/1 arrays were never freed.*suite\.ts/s);
        leaky.server.shutdown();
      });

      it.each([0, -1, 1.5, Number.NaN])('refuses to allocate %d bytes', (bytes) => {
        expect(codeOf(() => client.alloc(bytes))).toBe('INVALID_ARGUMENT');
      });

      it('tells when the pool is exhausted, and goes on when buffers come back', () => {
        const small = new World(backend, 4 * 1024 * 1024);
        const sga = small.client.alloc(4 * 1024 * 1024);
        expect(codeOf(() => small.client.alloc(1))).toBe('NO_BUFFERS');
        small.client.free(sga);
        small.client.free(small.client.alloc(1));
        small.shutdown();
      });

      it('refuses data that does not fit into the buffers', () => {
        const sga = client.alloc(1);
        expect(() => sga.fill(new Uint8Array(1024 * 1024))).toThrow(RangeError);
        client.free(sga);
      });
    });

    describe('datagrams', () => {
      const bound = (side: Libos) => {
        const qd = side.socket('datagram');
        side.bind(qd, { address: world.address, port: 0 });
        return qd;
      };

      it('carries datagrams with their sender, each pop one', () => {
        const from = bound(client);
        const to = bound(server);
        for (const text of ['one', 'two']) {
          const sga = world.buffer(client, text);
          world.wait(client, client.pushTo(from, sga, server.localEndpoint(to)));
          client.free(sga);
        }
        for (const text of ['one', 'two']) {
          const completion = world.wait(server, server.pop(to));
          expect(Buffer.from(completion.sga!.copyOut()).toString()).toBe(text);
          expect(completion.peerPort).toBe(client.localEndpoint(from).port);
          server.free(completion.sga!);
        }
      });

      it('sends from a socket that was never bound, and answers', () => {
        const to = bound(server);
        const from = client.socket('datagram');
        const endpoint = server.localEndpoint(to);
        expect(world.wait(client, client.connect(from, endpoint)).error).toBeNull();
        world.pushFreeing(client, from, 'hello');
        const request = world.wait(server, server.pop(to));
        server.free(request.sga!);
        const answer = world.buffer(server, 'hi');
        server.pushTo(to, answer, { address: world.address, port: request.peerPort });
        server.free(answer);
        expect(world.popText(client, from)).toBe('hi');
      });

      it('refuses what only streams have, and the other way round', () => {
        const qd = bound(client);
        const sga = world.buffer(client, 'x');
        const { clientQd } = world.connect();
        const endpoint = { address: world.address, port: 9 };
        expect(codeOf(() => client.push(qd, sga))).toBe('INVALID_STATE');
        expect(codeOf(() => client.shutdownWrite(qd))).toBe('INVALID_STATE');
        expect(codeOf(() => client.pushTo(clientQd, sga, endpoint))).toBe('INVALID_STATE');
        expect(codeOf(() => client.pushTo(qd, sga, { ...endpoint, port: 0 }))).toBe('INVALID_ARGUMENT');
        expect(world.wait(client, client.connect(qd, endpoint)).error).toBeNull();
        expect(codeOf(() => client.push(qd, sga, 'acknowledged'))).toBe('NOT_SUPPORTED');
        client.free(sga);
      });

      it('tells that a datagram is too long', () => {
        const qd = bound(client);
        const sga = world.buffer(client, new Uint8Array(70_000));
        const token = client.pushTo(qd, sga, { address: world.address, port: 9 });
        expect(world.wait(client, token).error).toBe('MESSAGE_TOO_LONG');
        client.free(sga);
      });
    });

    describe('shutdown', () => {
      it('refuses everything afterwards, and may be called again', () => {
        const qd = client.socket('stream');
        client.shutdown();
        expect(codeOf(() => client.socket('stream'))).toBe('SHUT_DOWN');
        expect(codeOf(() => client.pop(qd))).toBe('SHUT_DOWN');
        expect(codeOf(() => client.alloc(1))).toBe('SHUT_DOWN');
        expect(codeOf(() => client.waitNext(1, 0))).toBe('SHUT_DOWN');
        client.shutdown();
      });
    });
  });
}

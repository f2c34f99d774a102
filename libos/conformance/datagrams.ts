/** What every backend must do, part 3: datagrams arrive whole, with their sender, and only close ends their queue. */
import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { type Completion, type Endpoint, formatIpv4, type Libos, type QueueDescriptor } from '../index.ts';
import { codeOf, sha256 } from './outcome.ts';
import { eachTestHasAWorld, type TestedBackend, type World } from './world.ts';

/** A datagram may be lost behind an error: so often one is sent again. */
const TRIES = 5;

export function datagramTests(backend: TestedBackend): void {
  let world: World;
  let server: Libos;
  let client: Libos;
  eachTestHasAWorld(backend, (made) => {
    world = made;
    ({ server, client } = made);
  });

  describe('datagrams', () => {
    const bound = (side: Libos) => {
      const qd = side.socket('datagram');
      side.bind(qd, { address: side === server ? world.address : world.clientAddress, port: 0 });
      return qd;
    };

    const peerOf = ({ peerAddress, peerPort }: Completion): Endpoint => ({
      address: formatIpv4(peerAddress),
      port: peerPort,
    });

    const sendText = (from: QueueDescriptor, text: string, endpoint: Endpoint) => {
      const sga = world.buffer(client, text);
      expect(world.wait(client, client.pushTo(from, sga, endpoint)).error).toBeNull();
      client.free(sga);
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
        expect(peerOf(completion)).toEqual(client.localEndpoint(from));
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
      expect(peerOf(request)).toEqual(client.localEndpoint(from));
      // The address as the completion has it.
      server.pushTo(to, answer, { address: request.peerAddress, port: request.peerPort });
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
      expect(codeOf(() => client.pushTo(qd, sga, { address: 2 ** 32, port: 9 }))).toBe('INVALID_ARGUMENT');
      expect(world.wait(client, client.connect(qd, endpoint)).error).toBeNull();
      expect(codeOf(() => client.push(qd, sga, 'acknowledged'))).toBe('NOT_SUPPORTED');
      client.free(sga);
    });

    /** The sizes up to the longest, and about a buffer of the pool. */
    const sizes = [1, 1400, 1472, 1473, 16_383, 16_384, 16_385, 32_768, 49_152, 65_507]
      .concat(backend.datagramBytes - 1, backend.datagramBytes)
      .filter((bytes, index, all) => bytes <= backend.datagramBytes && all.indexOf(bytes) === index)
      .sort((a, b) => a - b);

    it(`carries datagrams of every length up to ${backend.datagramBytes} bytes whole`, () => {
      const from = bound(client);
      const to = bound(server);
      for (const bytes of sizes) {
        const data = randomBytes(bytes);
        const sga = world.buffer(client, data);
        expect([bytes, world.wait(client, client.pushTo(from, sga, server.localEndpoint(to))).error]).toEqual(
          [bytes, null],
        );
        client.free(sga);
        const { sga: arrived, error } = world.wait(server, server.pop(to));
        expect([bytes, error, arrived && sha256(arrived.copyOut())]).toEqual([bytes, null, sha256(data)]);
        server.free(arrived!);
      }
    });

    it('reports a datagram that is a byte longer, sends nothing of it, and goes on', () => {
      const from = bound(client);
      const to = bound(server);
      const endpoint = server.localEndpoint(to);
      for (const bytes of [backend.datagramBytes + 1, backend.datagramBytes + 5000]) {
        const sga = world.buffer(client, new Uint8Array(bytes));
        expect(world.wait(client, client.pushTo(from, sga, endpoint)).error).toBe('MESSAGE_TOO_LONG');
        client.free(sga);
      }
      sendText(from, 'short', endpoint);
      expect(world.popText(server, to)).toBe('short');
    });

    it('carries an empty datagram, and its sender', () => {
      const from = bound(client);
      const to = bound(server);
      const pops = [server.pop(to), server.pop(to)];
      const sga = client.alloc(1);
      sga.segments[0].length = 0;
      expect(world.wait(client, client.pushTo(from, sga, server.localEndpoint(to))).error).toBeNull();
      client.free(sga);
      sendText(from, 'after it', server.localEndpoint(to));
      const [empty, after] = pops.map((token) => world.wait(server, token));
      expect([empty.error, empty.sga?.byteLength]).toEqual([null, 0]);
      expect(peerOf(empty)).toEqual(client.localEndpoint(from));
      expect(Buffer.from(after.sga!.copyOut()).toString()).toBe('after it');
      server.free(empty.sga!);
      server.free(after.sga!);
    });

    it('lives on after an error about a datagram that nobody took, which at most one pop reports', () => {
      const gone = bound(server);
      const endpoint = server.localEndpoint(gone);
      server.close(gone);
      const from = client.socket('datagram');
      expect(world.wait(client, client.connect(from, endpoint)).error).toBeNull();
      let pop = client.pop(from);
      world.wait(client, world.pushFreeing(client, from, 'nobody is there'));
      world.settle();
      const to = server.socket('datagram');
      server.bind(to, endpoint);
      const request = server.pop(to);
      let arrived: Completion | null = null;
      for (let tries = 0; arrived === null && tries < TRIES; tries++) {
        world.wait(client, world.pushFreeing(client, from, 'somebody is'));
        world.settle();
        arrived = server.wait(request, 0);
      }
      expect(arrived?.error).toBeNull();
      const { sga, peerAddress, peerPort } = arrived!;
      expect(Buffer.from(sga!.copyOut()).toString()).toBe('somebody is');
      server.pushTo(to, sga!, { address: peerAddress, port: peerPort });
      server.free(sga!);
      let answer = world.wait(client, pop);
      if (answer.error !== null) {
        expect(answer.error).toBe('CONNECTION_REFUSED');
        pop = client.pop(from);
        answer = world.wait(client, pop);
      }
      expect(answer.error).toBeNull();
      expect(Buffer.from(answer.sga!.copyOut()).toString()).toBe('somebody is');
      client.free(answer.sga!);
    });
  });
}

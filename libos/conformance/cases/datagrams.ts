/** What every backend must do, part 3: datagrams arrive whole, with their sender, and only close ends their queue. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { type Completion, type Endpoint, formatIpv4, type Libos, type QueueDescriptor } from '../../index.ts';
import { type ConformanceCase, group, type Shared } from '../case.ts';
import { codeOf, sha256 } from '../outcome.ts';
import type { World } from '../world.ts';

/** A datagram may be lost behind an error: so often one is sent again. */
const TRIES = 5;

const withDatagrams: Shared = { needs: ['datagrams'] };

function bound(world: World, side: Libos): QueueDescriptor {
  const qd = side.socket('datagram');
  side.bind(qd, { address: side === world.server ? world.address : world.clientAddress, port: 0 });
  return qd;
}

function peerOf({ peerAddress, peerPort }: Completion): Endpoint {
  return { address: formatIpv4(peerAddress), port: peerPort };
}

function sendText(world: World, from: QueueDescriptor, text: string, endpoint: Endpoint): void {
  const { client } = world;
  const sga = world.buffer(client, text);
  assert.equal(world.wait(client, client.pushTo(from, sga, endpoint)).error, null);
  client.free(sga);
}

/** Up to the longest, and about a buffer of the pool. */
function lengthsUpTo(longest: number): number[] {
  const lengths = [1, 1400, 1472, 1473, 16_383, 16_384, 16_385, 32_768, 49_152, 65_507, longest - 1, longest];
  return [...new Set(lengths)].filter((bytes) => bytes > 0 && bytes <= longest).sort((a, b) => a - b);
}

export const datagramCases: readonly ConformanceCase[] = [
  ...group('datagrams', withDatagrams, {
    'carries datagrams with their sender, each pop one'({ world, server, client }) {
      const from = bound(world, client);
      const to = bound(world, server);
      for (const text of ['one', 'two']) {
        const sga = world.buffer(client, text);
        world.wait(client, client.pushTo(from, sga, server.localEndpoint(to)));
        client.free(sga);
      }
      for (const text of ['one', 'two']) {
        const completion = world.wait(server, server.pop(to));
        assert.equal(Buffer.from(completion.sga!.copyOut()).toString(), text);
        assert.deepEqual(peerOf(completion), client.localEndpoint(from));
        server.free(completion.sga!);
      }
    },

    'sends from a socket that was never bound, and answers'({ world, server, client }) {
      const to = bound(world, server);
      const from = client.socket('datagram');
      const endpoint = server.localEndpoint(to);
      assert.equal(world.wait(client, client.connect(from, endpoint)).error, null);
      world.pushFreeing(client, from, 'hello');
      const request = world.wait(server, server.pop(to));
      server.free(request.sga!);
      const answer = world.buffer(server, 'hi');
      assert.deepEqual(peerOf(request), client.localEndpoint(from));
      // The address as the completion has it.
      server.pushTo(to, answer, { address: request.peerAddress, port: request.peerPort });
      server.free(answer);
      assert.equal(world.popText(client, from), 'hi');
    },

    'refuses what only streams have, and the other way round'({ world, client }) {
      const qd = bound(world, client);
      const sga = world.buffer(client, 'x');
      const { clientQd } = world.connect();
      const endpoint = { address: world.address, port: 9 };
      const fresh = client.socket('datagram');
      assert.equal(
        codeOf(() => client.listen(fresh, 1)),
        'INVALID_STATE',
      );
      assert.equal(
        codeOf(() => client.pop(fresh)),
        'INVALID_STATE',
      );
      assert.equal(
        codeOf(() => client.push(qd, sga)),
        'INVALID_STATE',
      );
      assert.equal(
        codeOf(() => client.shutdownWrite(qd)),
        'INVALID_STATE',
      );
      assert.equal(
        codeOf(() => client.pushTo(clientQd, sga, endpoint)),
        'INVALID_STATE',
      );
      assert.equal(
        codeOf(() => client.pushTo(qd, sga, { ...endpoint, port: 0 })),
        'INVALID_ARGUMENT',
      );
      assert.equal(
        codeOf(() => client.pushTo(qd, sga, { address: 2 ** 32, port: 9 })),
        'INVALID_ARGUMENT',
      );
      assert.equal(world.wait(client, client.connect(qd, endpoint)).error, null);
      assert.equal(
        codeOf(() => client.push(qd, sga, 'acknowledged')),
        'NOT_SUPPORTED',
      );
      client.free(sga);
    },

    'carries datagrams of every length up to the longest whole'({ world, server, client, backend }) {
      const from = bound(world, client);
      const to = bound(world, server);
      for (const bytes of lengthsUpTo(backend.datagramBytes)) {
        const data = randomBytes(bytes);
        const sga = world.buffer(client, data);
        assert.deepEqual(
          [bytes, world.wait(client, client.pushTo(from, sga, server.localEndpoint(to))).error],
          [bytes, null],
        );
        client.free(sga);
        const { sga: arrived, error } = world.wait(server, server.pop(to));
        assert.deepEqual([bytes, error, arrived && sha256(arrived.copyOut())], [bytes, null, sha256(data)]);
        server.free(arrived!);
      }
    },

    'reports a datagram that is a byte longer, sends nothing of it, and goes on': {
      needs: ['a longest datagram'],
      run({ world, server, client, backend }) {
        const from = bound(world, client);
        const to = bound(world, server);
        const endpoint = server.localEndpoint(to);
        for (const bytes of [backend.datagramBytes + 1, backend.datagramBytes + 5000]) {
          const sga = world.buffer(client, new Uint8Array(bytes));
          assert.equal(world.wait(client, client.pushTo(from, sga, endpoint)).error, 'MESSAGE_TOO_LONG');
          client.free(sga);
        }
        sendText(world, from, 'short', endpoint);
        assert.equal(world.popText(server, to), 'short');
      },
    },

    'carries an empty datagram, and its sender'({ world, server, client }) {
      const from = bound(world, client);
      const to = bound(world, server);
      const pops = [server.pop(to), server.pop(to)];
      const sga = client.alloc(1);
      sga.segments[0].length = 0;
      assert.equal(world.wait(client, client.pushTo(from, sga, server.localEndpoint(to))).error, null);
      client.free(sga);
      sendText(world, from, 'after it', server.localEndpoint(to));
      const [empty, after] = pops.map((token) => world.wait(server, token));
      assert.deepEqual([empty.error, empty.sga?.byteLength], [null, 0]);
      assert.deepEqual(peerOf(empty), client.localEndpoint(from));
      assert.equal(Buffer.from(after.sga!.copyOut()).toString(), 'after it');
      server.free(empty.sga!);
      server.free(after.sga!);
    },

    'lives on after an error about a datagram that nobody took, which at most one pop reports'({
      world,
      server,
      client,
    }) {
      const gone = bound(world, server);
      const endpoint = server.localEndpoint(gone);
      server.close(gone);
      const from = client.socket('datagram');
      assert.equal(world.wait(client, client.connect(from, endpoint)).error, null);
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
      assert.equal(arrived?.error, null);
      const { sga, peerAddress, peerPort } = arrived!;
      assert.equal(Buffer.from(sga!.copyOut()).toString(), 'somebody is');
      server.pushTo(to, sga!, { address: peerAddress, port: peerPort });
      server.free(sga!);
      let answer = world.wait(client, pop);
      if (answer.error !== null) {
        assert.equal(answer.error, 'CONNECTION_REFUSED');
        pop = client.pop(from);
        answer = world.wait(client, pop);
      }
      assert.equal(answer.error, null);
      assert.equal(Buffer.from(answer.sga!.copyOut()).toString(), 'somebody is');
      client.free(answer.sga!);
    },
  }),
  ...group(
    'without datagrams',
    { needs: ['no datagrams'] },
    {
      'refuses their sockets'({ client }) {
        assert.equal(
          codeOf(() => client.socket('datagram')),
          'NOT_SUPPORTED',
        );
      },
    },
  ),
];

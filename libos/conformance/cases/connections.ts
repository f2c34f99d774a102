/**
 * What every backend must do, part 1: sockets, their addresses, and connections from their beginning to their
 * end.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { formatIpv4 } from '../../index.ts';
import { type ConformanceCase, group } from '../case.ts';
import { assertAbove, assertBelow, codeOf, failureOf, sha256 } from '../outcome.ts';
import { overfullBytes } from '../world.ts';

export const connectionCases: readonly ConformanceCase[] = [
  ...group(
    'sockets',
    {},
    {
      'gives small descriptors and uses them again after close'({ client }) {
        const first = client.socket('stream');
        assertBelow(first, 16);
        client.close(first);
        assert.equal(client.socket('stream'), first);
      },

      'refuses a socket kind that does not exist'({ client }) {
        assert.equal(
          codeOf(() => client.socket('raw' as 'stream')),
          'INVALID_ARGUMENT',
        );
      },

      'answers BAD_QUEUE to every call on a queue that is not open'({ world, client }) {
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
          assert.deepEqual(
            calls.map(codeOf),
            calls.map(() => 'BAD_QUEUE'),
          );
        }
        client.free(sga);
      },

      'names the call, the queue and the remedy in its errors'({ client }) {
        const qd = client.socket('stream');
        assert.throws(() => client.listen(qd, 1), {
          name: 'LibosError',
          code: 'INVALID_STATE',
          message: `listen on queue ${qd}: bind it first (INVALID_STATE)`,
        });
      },
    },
  ),
  ...group(
    'bind and listen',
    {},
    {
      'binds port 0 to a free port and shows which'({ world }) {
        const { endpoint } = world.listen();
        assert.equal(endpoint.address, world.address);
        assertAbove(endpoint.port, 0);
      },

      'takes connections on the wildcard address'({ world, server }) {
        const qd = server.socket('stream');
        server.bind(qd, { address: '0.0.0.0', port: 0 });
        server.listen(qd, 4);
        const { port } = server.localEndpoint(qd);
        const pair = world.connect({ qd, endpoint: { address: world.address, port } });
        assert.deepEqual(server.localEndpoint(pair.serverQd), { address: world.address, port });
      },

      'refuses what is no address, and what is no port'({ world, server }) {
        const refused = [
          ...['', 'localhost', '1.2.3', '1.2.3.4.5', '256.0.0.1', '1.2.3.x', ' 1.2.3.4'].map((address) => ({
            address,
            port: 1,
          })),
          ...[-1, 65536, 1.5, Number.NaN].map((port) => ({ address: world.address, port })),
        ];
        const codes = refused.map((endpoint) => codeOf(() => server.bind(server.socket('stream'), endpoint)));
        assert.deepEqual(
          codes,
          refused.map(() => 'INVALID_ARGUMENT'),
        );
      },

      'reports an address that is in use'({ world, server }) {
        const { endpoint } = world.listen();
        assert.equal(
          codeOf(() => server.bind(server.socket('stream'), endpoint)),
          'ADDRESS_IN_USE',
        );
      },

      'reports an address that is not of this host'({ server }) {
        const qd = server.socket('stream');
        // 203.0.113.0/24 is for documentation (RFC 5737).
        assert.equal(
          codeOf(() => server.bind(qd, { address: '203.0.113.1', port: 0 })),
          'ADDRESS_NOT_AVAILABLE',
        );
      },

      'binds again at once where a connection was served'({ world, server, client }) {
        const listener = world.listen();
        const pair = world.connect(listener);
        // The server's side closes first, so that the address is left in TIME-WAIT.
        server.close(pair.serverQd);
        assert.equal(world.pop(client, pair.clientQd), null);
        client.close(pair.clientQd);
        server.close(listener.qd);
        const qd = server.socket('stream');
        server.bind(qd, listener.endpoint);
        server.listen(qd, 4);
        world.connect({ qd, endpoint: listener.endpoint });
      },

      'refuses calls in the wrong state'({ world, server }) {
        const { qd, endpoint } = world.listen();
        const fresh = server.socket('stream');
        assert.equal(
          codeOf(() => server.bind(qd, endpoint)),
          'INVALID_STATE',
        );
        assert.equal(
          codeOf(() => server.listen(qd, 1)),
          'INVALID_STATE',
        );
        assert.equal(
          codeOf(() => server.accept(fresh)),
          'INVALID_STATE',
        );
        assert.equal(
          codeOf(() => server.connect(qd, endpoint)),
          'INVALID_STATE',
        );
        assert.equal(
          codeOf(() => server.pop(qd)),
          'INVALID_STATE',
        );
        assert.equal(
          codeOf(() => server.pop(fresh)),
          'INVALID_STATE',
        );
        assert.equal(
          codeOf(() => server.shutdownWrite(fresh)),
          'INVALID_STATE',
        );
        assert.equal(
          codeOf(() => server.peerEndpoint(fresh)),
          'INVALID_STATE',
        );
        assert.equal(
          codeOf(() => server.listen(qd, 0)),
          'INVALID_ARGUMENT',
        );
      },
    },
  ),
  ...group(
    'connect and accept',
    {},
    {
      'shows both sides who they are'({ world, server, client }) {
        const listener = world.listen();
        const accept = server.accept(listener.qd);
        const clientQd = client.socket('stream');
        world.wait(client, client.connect(clientQd, listener.endpoint));
        const accepted = world.wait(server, accept);
        const clientEnd = client.localEndpoint(clientQd);
        assert.equal(clientEnd.address, world.clientAddress);
        assert.deepEqual(server.peerEndpoint(accepted.newQd), clientEnd);
        assert.deepEqual(client.peerEndpoint(clientQd), listener.endpoint);
        assert.equal(formatIpv4(accepted.peerAddress), world.clientAddress);
        assert.equal(accepted.peerPort, clientEnd.port);
        assert.equal(accepted.operation, 'accept');
        assert.equal(accepted.qd, listener.qd);
      },

      'completes a connect that nobody listens for as refused'({ world, server, client }) {
        const listener = world.listen();
        server.close(listener.qd);
        const qd = client.socket('stream');
        assert.equal(world.wait(client, client.connect(qd, listener.endpoint)).error, 'CONNECTION_REFUSED');
        assert.equal(
          codeOf(() => client.pop(qd)),
          'INVALID_STATE',
        );
        assert.equal(
          codeOf(() => client.connect(qd, listener.endpoint)),
          'INVALID_STATE',
        );
      },

      'accepts connections that came before accept was called, in order'({ world, server, client }) {
        const listener = world.listen();
        const ports = [1, 2, 3].map(() => {
          const qd = client.socket('stream');
          assert.equal(world.wait(client, client.connect(qd, listener.endpoint)).error, null);
          return client.localEndpoint(qd).port;
        });
        world.settle();
        const accepted = ports.map(() => world.wait(server, server.accept(listener.qd)).peerPort);
        assert.deepEqual(accepted, ports);
      },

      'refuses port 0'({ world, client }) {
        const qd = client.socket('stream');
        assert.equal(
          codeOf(() => client.connect(qd, { address: world.address, port: 0 })),
          'INVALID_ARGUMENT',
        );
      },

      'refuses push and pop before the connection stands'({ world, client }) {
        const qd = client.socket('stream');
        const sga = world.buffer(client, 'x');
        assert.equal(
          codeOf(() => client.push(qd, sga)),
          'INVALID_STATE',
        );
        assert.equal(
          codeOf(() => client.pop(qd)),
          'INVALID_STATE',
        );
        client.free(sga);
      },

      'serves 200 connections at once'({ world, server, client }) {
        const listener = world.listen(256);
        const pairs = Array.from({ length: 200 }, () => world.connect(listener));
        const tokens = pairs.map(({ serverQd }) => server.pop(serverQd));
        pairs.forEach(({ clientQd }, i) => {
          world.pushFreeing(client, clientQd, `hello ${i}`);
        });
        tokens.forEach((token, i) => {
          const completion = world.wait(server, token);
          assert.equal(Buffer.from(completion.sga!.copyOut()).toString(), `hello ${i}`);
          server.free(completion.sga!);
        });
      },
    },
  ),
  ...group(
    'ends of connections',
    {},
    {
      'half-closes: the peer reads to the end and can still send'({ world, server, client }) {
        const { serverQd, clientQd } = world.connect();
        world.pushFreeing(client, clientQd, 'question');
        client.shutdownWrite(clientQd);
        assert.equal(world.popAll(server, serverQd).toString(), 'question');
        assert.equal(world.pop(server, serverQd), null);
        world.pushFreeing(server, serverQd, 'answer');
        server.shutdownWrite(serverQd);
        assert.equal(world.popAll(client, clientQd).toString(), 'answer');
      },

      'sends what was pushed before a half-close, however much'({ world, server, client }) {
        const { serverQd, clientQd } = world.connect();
        const data = randomBytes(8 * 1024 * 1024);
        world.pushFreeing(client, clientQd, data);
        client.shutdownWrite(clientQd);
        assert.equal(sha256(world.popAll(server, serverQd)), sha256(data));
      },

      'refuses to push after a half-close, and half-closes once'({ world, client }) {
        const { clientQd } = world.connect();
        client.shutdownWrite(clientQd);
        client.shutdownWrite(clientQd);
        const sga = world.buffer(client, 'x');
        assert.equal(
          codeOf(() => client.push(clientQd, sga)),
          'INVALID_STATE',
        );
        client.free(sga);
      },

      'completes pops as the end of the stream when the peer closes'({ world, server, client }) {
        const { serverQd, clientQd } = world.connect();
        const pending = server.pop(serverQd);
        client.close(clientQd);
        const completion = world.wait(server, pending);
        assert.deepEqual([completion.error, completion.sga], [null, null]);
      },

      'resets: a peer that closes without reading makes pop and push fail, the others live on'({
        world,
        server,
        client,
      }) {
        const listener = world.listen();
        const reset = world.connect(listener);
        const other = world.connect(listener);
        const unread = world.buffer(server, 'never read');
        world.wait(server, server.push(reset.serverQd, unread, 'acknowledged'));
        server.free(unread);
        world.settle();
        client.close(reset.clientQd);
        world.settle();
        assert.equal(
          failureOf(() => world.pop(server, reset.serverQd)),
          'CONNECTION_RESET',
        );
        const push = world.pushFreeing(server, reset.serverQd, 'into the void');
        assert.equal(world.wait(server, push).error, 'CONNECTION_RESET');
        world.pushFreeing(client, other.clientQd, 'still here');
        assert.equal(world.popText(server, other.serverQd), 'still here');
      },

      // Who is told of it first, pop or push, must not keep it from the other.
      'fails both a pop and a push that are under way when the connection is reset'({
        world,
        server,
        client,
        backend,
      }) {
        const { serverQd, clientQd } = world.connect();
        const push = world.pushFreeing(client, clientQd, new Uint8Array(overfullBytes(backend)));
        const pop = client.pop(clientQd);
        // Some of it has come, and what has come behind that is unread.
        world.pop(server, serverQd);
        world.settle();
        server.close(serverQd);
        assert.deepEqual(
          [pop, push].map((token) => world.wait(client, token).error),
          ['CONNECTION_RESET', 'CONNECTION_RESET'],
        );
      },

      'fails a push that waits for an acknowledgement when the connection is reset'({
        world,
        server,
        client,
        backend,
      }) {
        const { serverQd, clientQd } = world.connect();
        const sga = world.buffer(client, new Uint8Array(overfullBytes(backend)));
        const token = client.push(clientQd, sga, 'acknowledged');
        world.settle();
        server.close(serverQd);
        assert.equal(world.wait(client, token).error, 'CONNECTION_RESET');
        client.free(sga);
      },

      'cancels what is pending on a queue that is closed'({ world, server }) {
        const listener = world.listen();
        const { serverQd } = world.connect(listener);
        const accept = server.accept(listener.qd);
        const pop = server.pop(serverQd);
        server.close(serverQd);
        server.close(listener.qd);
        assert.equal(world.wait(server, pop).error, 'CANCELLED');
        assert.equal(world.wait(server, accept).error, 'CANCELLED');
      },
    },
  ),
];

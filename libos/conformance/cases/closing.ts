/**
 * What every backend must do, part 4: what becomes of what was pushed when a connection is closed, of connections that
 * nobody has accepted, and of the descriptors of a libOS that is shut down.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { type ConformanceCase, each, group } from '../case.ts';
import { assertAtMost, codeOf, failureOf, sha256 } from '../outcome.ts';
import { overfullBytes, type TestedBackend, World } from '../world.ts';

const openDescriptors = () => readdirSync('/proc/self/fd').length;

const amounts: [string, (backend: TestedBackend) => number][] = [
  ['a little', () => 100],
  ['100,000 bytes', () => 100_000],
  ['more than the connection takes', overfullBytes],
];

export const closingCases: readonly ConformanceCase[] = [
  ...group(
    'close behind pushes',
    {},
    {
      ...each(amounts, ([amount, bytes]) => [
        `delivers them and then the end of the stream: ${amount}`,
        {
          isLarge: true,
          run({ world, server, client, backend }) {
            const { serverQd, clientQd } = world.connect();
            const data = randomBytes(bytes(backend));
            const half = data.length / 2;
            const first = world.pushFreeing(client, clientQd, data.subarray(0, half));
            const kept = world.buffer(client, data.subarray(half));
            const second = client.push(clientQd, kept);
            client.close(clientQd);
            assert.equal(
              codeOf(() => client.pop(clientQd)),
              'BAD_QUEUE',
            );
            assert.equal(sha256(world.popAll(server, serverQd, data.length)), sha256(data));
            assert.equal(world.pop(server, serverQd), null);
            assert.equal(world.wait(client, first).error, null);
            const completion = world.wait(client, second);
            assert.deepEqual([completion.error, completion.sga], [null, kept]);
            client.free(kept);
          },
        },
      ]),

      'delivers what waits to be acknowledged, and says so'({ world, server, client }) {
        const { serverQd, clientQd } = world.connect();
        const sga = world.buffer(client, 'the last words');
        const token = client.push(clientQd, sga, 'acknowledged');
        client.close(clientQd);
        assert.equal(world.popAll(server, serverQd).toString(), 'the last words');
        assert.equal(world.wait(client, token).error, null);
        client.free(sga);
      },

      "delivers them though nobody has popped the end of the peer's stream"({ world, server, client }) {
        const { serverQd, clientQd } = world.connect();
        world.pushFreeing(client, clientQd, 'question');
        client.shutdownWrite(clientQd);
        assert.equal(world.popText(server, serverQd), 'question');
        world.settle();
        world.pushFreeing(server, serverQd, 'answer');
        server.close(serverQd);
        world.settle();
        assert.equal(world.popAll(client, clientQd).toString(), 'answer');
      },

      'gives its descriptor to nobody else while they are under way'({ world, server, client, backend }) {
        const { serverQd, clientQd } = world.connect();
        const sga = world.buffer(client, new Uint8Array(overfullBytes(backend)));
        const token = client.push(clientQd, sga);
        client.close(clientQd);
        assert.notEqual(client.socket('stream'), clientQd);
        world.popAll(server, serverQd);
        assert.equal(world.wait(client, token).error, null);
        client.free(sga);
        world.settle();
        assert.equal(client.socket('stream'), clientQd);
      },

      'fails them when the peer resets the connection'({ world, server, client, backend }) {
        const { serverQd, clientQd } = world.connect();
        const sga = world.buffer(client, new Uint8Array(overfullBytes(backend)));
        const token = client.push(clientQd, sga);
        world.settle();
        client.close(clientQd);
        server.close(serverQd);
        assert.equal(world.wait(client, token).error, 'CONNECTION_RESET');
        client.free(sga);
      },

      "resets when told to: they are cancelled, and the peer's stream has no clean end"({
        world,
        server,
        client,
        backend,
      }) {
        const { serverQd, clientQd } = world.connect();
        const bytes = overfullBytes(backend);
        const sga = world.buffer(client, new Uint8Array(bytes));
        const token = client.push(clientQd, sga);
        world.settle();
        client.close(clientQd, 'reset');
        assert.equal(client.wait(token, 0)?.error, 'CANCELLED');
        client.free(sga);
        assert.equal(
          failureOf(() => world.popAll(server, serverQd)),
          'CONNECTION_RESET',
        );
        assert.equal(client.socket('stream'), clientQd);
      },

      'ends the stream in order when told to reset, and none are pending'({ world, server, client }) {
        const { serverQd, clientQd } = world.connect();
        const pushed = world.pushFreeing(client, clientQd, 'all there is');
        assert.equal(world.wait(client, pushed).error, null);
        assert.equal(world.popText(server, serverQd), 'all there is');
        world.settle();
        client.close(clientQd, 'reset');
        assert.equal(world.pop(server, serverQd), null);
      },

      'resets at shutdown what the peer does not take, so that nobody reads a clean end'({
        world,
        server,
        client,
        backend,
      }) {
        const { serverQd, clientQd } = world.connect();
        world.pushFreeing(client, clientQd, new Uint8Array(overfullBytes(backend)));
        client.close(clientQd);
        world.leave(client);
        assert.equal(
          failureOf(() => world.popAll(server, serverQd)),
          'CONNECTION_RESET',
        );
      },
    },
  ),
  ...group(
    'close of a listener',
    {},
    {
      'ends the connections that nobody has accepted, and gives up the address'({ world, server, client }) {
        const listener = world.listen();
        const queues = [1, 2, 3].map(() => {
          const qd = client.socket('stream');
          assert.equal(world.wait(client, client.connect(qd, listener.endpoint)).error, null);
          return qd;
        });
        world.settle();
        server.close(listener.qd);
        for (const qd of queues)
          assert.equal(
            failureOf(() => world.pop(client, qd)),
            'CONNECTION_RESET',
          );
        const again = server.socket('stream');
        server.bind(again, listener.endpoint);
        server.listen(again, 4);
        world.connect({ qd: again, endpoint: listener.endpoint });
      },

      'leaves no connection behind that came while it closed'({ world, server, client }) {
        const listener = world.listen();
        const accept = server.accept(listener.qd);
        const qd = client.socket('stream');
        const connecting = client.connect(qd, listener.endpoint);
        // The server has not looked since: the connection is there, and was not handed out.
        world.alone(client, 20);
        server.close(listener.qd);
        const accepted = world.wait(server, accept);
        const connected = world.wait(client, connecting);
        if (accepted.error === null) {
          // In another process it may have looked, and then it is an ordinary connection.
          server.close(accepted.newQd);
          assert.equal(world.pop(client, qd), null);
        } else {
          assert.equal(accepted.error, 'CANCELLED');
          if (connected.error === null)
            assert.equal(
              failureOf(() => world.pop(client, qd)),
              'CONNECTION_RESET',
            );
          else assert.match(connected.error, /CONNECTION_(REFUSED|RESET)/);
        }
      },
    },
  ),
  ...group(
    'shutdown of a libOS',
    {},
    {
      'gives back all its descriptors, whatever state its queues are in'({ world, backend }) {
        world.shutdown();
        const use = () => {
          const other = new World(backend);
          const listener = other.listen();
          const { clientQd } = other.connect(listener);
          other.pushFreeing(other.client, clientQd, 'never read');
          other.client.connect(other.client.socket('stream'), listener.endpoint);
          if (backend.datagramBytes > 0) {
            other.client.bind(other.client.socket('datagram'), { address: other.clientAddress, port: 0 });
          }
          other.client.pop(clientQd);
          other.settle();
          other.shutdown();
        };
        // What the process keeps for ever is there after the first one.
        use();
        const before = openDescriptors();
        for (let i = 0; i < 3; i++) use();
        assertAtMost(openDescriptors(), before);
      },

      "does not take for the application's leak what it never handed out"({ world, server, client }) {
        const { serverQd, clientQd } = world.connect();
        server.pop(serverQd);
        world.pushFreeing(client, clientQd, 'popped and not taken');
        world.pushFreeing(client, clientQd, 'not even popped');
        world.settle();
        world.shutdown();
      },

      'takes for its leak what was popped and never freed'({ world, server, client }) {
        const { serverQd, clientQd } = world.connect();
        world.pushFreeing(server, serverQd, 'lent');
        assert.notEqual(world.wait(client, client.pop(clientQd)).sga, null);
        assert.throws(() => client.shutdown(), /1 arrays were never freed/);
        server.shutdown();
      },
    },
  ),
];

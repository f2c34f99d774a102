/** What every backend must do, part 2: the bytes of streams arrive, whole and in order. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { type ConformanceCase, each, group } from '../case.ts';
import { codeOf, sha256 } from '../outcome.ts';
import { overfullBytes } from '../world.ts';

export const dataCases: readonly ConformanceCase[] = [
  ...group(
    'push and pop',
    {},
    {
      ...each([1, 100, 16_383, 16_384, 16_385, 1_000_000, 3_000_000], (bytes) => [
        `carries ${bytes} bytes whole`,
        ({ world, server, client }) => {
          const { serverQd, clientQd } = world.connect();
          const data = randomBytes(bytes);
          const token = world.pushFreeing(client, clientQd, data);
          const received = world.popAll(server, serverQd, bytes);
          assert.equal(sha256(received), sha256(data));
          assert.equal(world.wait(client, token).error, null);
        },
      ]),

      'keeps the order of pushes and serves several pops in order'({ world, server, client }) {
        const { serverQd, clientQd } = world.connect();
        const pops = [server.pop(serverQd), server.pop(serverQd)];
        world.pushFreeing(client, clientQd, 'first');
        const first = world.wait(server, pops[0]);
        assert.equal(Buffer.from(first.sga!.copyOut()).toString(), 'first');
        world.pushFreeing(client, clientQd, 'second');
        const second = world.wait(server, pops[1]);
        assert.equal(Buffer.from(second.sga!.copyOut()).toString(), 'second');
        server.free(first.sga!);
        server.free(second.sga!);
      },

      'completes a push larger than the peer takes only when all of it is taken': {
        isLarge: true,
        run({ world, server, client, backend }) {
          const { serverQd, clientQd } = world.connect();
          const data = randomBytes(overfullBytes(backend));
          const sga = world.buffer(client, data);
          const token = client.push(clientQd, sga);
          world.settle(200);
          // Shown as it is, a completion of so many buffers would take a minute and a gigabyte.
          assert.ok(client.wait(token, 0) === null, 'it completed while the peer popped nothing');
          const received = world.popAll(server, serverQd, data.length);
          assert.equal(sha256(received), sha256(data));
          const completion = world.wait(client, token);
          assert.equal(completion.error, null);
          assert.ok(completion.sga === sga);
          client.free(sga);
        },
      },

      'serves one connection while another does not read'({ world, server, client, backend }) {
        const listener = world.listen();
        const stuck = world.connect(listener);
        const lively = world.connect(listener);
        const large = world.buffer(server, new Uint8Array(overfullBytes(backend)));
        const blocked = server.push(stuck.serverQd, large);
        world.pushFreeing(server, lively.serverQd, 'alive');
        assert.equal(world.popText(client, lively.clientQd), 'alive');
        server.close(stuck.serverQd, 'reset');
        assert.equal(world.wait(server, blocked).error, 'CANCELLED');
        server.free(large);
      },

      'sends the part of a buffer that the segment names'({ world, server, client }) {
        const { serverQd, clientQd } = world.connect();
        const sga = world.buffer(client, 'xxmiddlexx');
        sga.segments[0].offset += 2;
        sga.segments[0].length = 6;
        client.push(clientQd, sga);
        client.free(sga);
        assert.equal(world.popText(server, serverQd), 'middle');
      },

      'completes an acknowledged push after the peer has the bytes'({ world, server, client }) {
        const { serverQd, clientQd } = world.connect();
        const sga = world.buffer(client, 'ack me');
        const token = client.push(clientQd, sga, 'acknowledged');
        assert.equal(world.wait(client, token).error, null);
        client.free(sga);
        assert.equal(world.popText(server, serverQd), 'ack me');
      },

      'refuses an empty push'({ world, client }) {
        const { clientQd } = world.connect();
        const sga = client.alloc(1);
        sga.segments[0].length = 0;
        assert.equal(
          codeOf(() => client.push(clientQd, sga)),
          'INVALID_ARGUMENT',
        );
        client.free(sga);
      },

      'carries both streams whole, whatever the sizes and the order of calls': {
        isLarge: true,
        run({ world, server, client }) {
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
        },
      },
    },
  ),
];

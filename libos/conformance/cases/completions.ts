/** What every backend must do, part 7: tokens and waiting for them, and who owns the buffers when. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { type ConformanceCase, group } from '../case.ts';
import { assertAtLeast, assertAtMost, assertBelow, codeOf, sha256 } from '../outcome.ts';
import { overfullBytes } from '../world.ts';

const SMALL_POOL_BYTES = 4 * 1024 * 1024;

export const completionCases: readonly ConformanceCase[] = [
  ...group(
    'tokens and waiting',
    {},
    {
      'consumes a token once'({ world, server, client }) {
        const { serverQd, clientQd } = world.connect();
        const token = server.pop(serverQd);
        world.pushFreeing(client, clientQd, 'x');
        server.free(world.wait(server, token).sga!);
        assert.equal(
          codeOf(() => server.wait(token, 0)),
          'BAD_TOKEN',
        );
        assert.equal(
          codeOf(() => server.waitAny([token], 0)),
          'BAD_TOKEN',
        );
        assert.equal(
          codeOf(() => server.waitAll([token], 0)),
          'BAD_TOKEN',
        );
        // Its slot's next token is another one.
        assert.notEqual(server.pop(serverQd), token);
      },

      'refuses tokens that it has not given'({ client }) {
        const tokens = [-1, 1 << 30, 4711, Number.NaN];
        const codes = tokens.map((token) => codeOf(() => client.wait(token, 0)));
        assert.deepEqual(
          codes,
          tokens.map(() => 'BAD_TOKEN'),
        );
      },

      'waits for tokens in any order'({ world, server, client }) {
        const listener = world.listen();
        const a = world.connect(listener);
        const b = world.connect(listener);
        const popA = server.pop(a.serverQd);
        const popB = server.pop(b.serverQd);
        world.pushFreeing(client, a.clientQd, 'a');
        world.pushFreeing(client, b.clientQd, 'b');
        const second = world.wait(server, popB);
        const first = world.wait(server, popA);
        assert.deepEqual(
          [first, second].map(({ sga }) => Buffer.from(sga!.copyOut()).toString()),
          ['a', 'b'],
        );
        server.free(first.sga!);
        server.free(second.sga!);
      },

      'returns null, false and 0 when the time is over, and consumes nothing'({ world, server }) {
        const { serverQd } = world.connect();
        world.settle();
        while (server.waitNext(8, 0) > 0);
        const token = server.pop(serverQd);
        const before = performance.now();
        assert.ok(server.wait(token, 20) === null);
        assert.ok(server.waitAny([token], 20) === null);
        assert.equal(server.waitAll([token], 20), false);
        assert.equal(server.waitNext(8, 20), 0);
        const elapsedMs = performance.now() - before;
        assertAtLeast(elapsedMs, 79);
        assertBelow(elapsedMs, 10_000);
        server.close(serverQd);
        assert.equal(world.wait(server, token).error, 'CANCELLED');
      },

      'waitAll hands out in the order of the tokens'({ world, server, client }) {
        const { serverQd, clientQd } = world.connect();
        const tokens = ['1', '2', '3'].map((text) => world.pushFreeing(client, clientQd, text));
        // They may complete only when the peer takes them.
        world.popAll(server, serverQd, 3);
        assert.equal(client.waitAll([tokens[2], tokens[0], tokens[1]], 1000), true);
        assert.deepEqual(
          client.completions.slice(0, 3).map(({ token }) => token),
          [tokens[2], tokens[0], tokens[1]],
        );
        assert.equal(
          codeOf(() => client.waitAll([1, 1], 0)),
          'BAD_TOKEN',
        );
        const pop = client.pop(clientQd);
        assert.equal(
          codeOf(() => client.waitAll([pop, pop], 0)),
          'INVALID_ARGUMENT',
        );
      },

      'waitNext hands out what completed, at most as many as asked for'({ world, server, client }) {
        const { serverQd, clientQd } = world.connect();
        while (client.waitNext(8, 0) > 0);
        const tokens = ['1', '2', '3'].map((text) => world.pushFreeing(client, clientQd, text));
        world.popAll(server, serverQd, 3);
        const seen: number[] = [];
        for (let count = client.waitNext(2, 1000); count > 0; count = client.waitNext(2, 20)) {
          assertAtMost(count, 2);
          for (let i = 0; i < count; i++) seen.push(client.completions[i].token);
        }
        assert.deepEqual(seen, tokens);
        assert.equal(
          codeOf(() => client.waitNext(-1, 0)),
          'INVALID_ARGUMENT',
        );
        assert.equal(
          codeOf(() => client.waitAny([], 0)),
          'INVALID_ARGUMENT',
        );
      },

      'reuses tokens for ever without confusing them': {
        isLarge: true,
        run({ world, server, client }) {
          const { serverQd, clientQd } = world.connect();
          // A slot has 1,024 generations.
          for (let i = 0; i < 1100; i++) {
            const pop = server.pop(serverQd);
            const push = world.pushFreeing(client, clientQd, 'ping');
            const completion = world.wait(server, pop);
            assert.equal(completion.token, pop);
            server.free(completion.sga!);
            world.wait(client, push);
          }
        },
      },
    },
  ),
  ...group(
    'ownership',
    {},
    {
      'gives pushed buffers back with the completion'({ world, client }) {
        const { clientQd } = world.connect();
        const sga = world.buffer(client, 'mine');
        const completion = world.wait(client, client.push(clientQd, sga));
        assert.ok(completion.sga === sga);
        client.free(sga);
      },

      'refuses to push or free what the application does not own'({ world, client }) {
        const { clientQd } = world.connect();
        const sga = world.buffer(client, 'mine');
        const token = client.push(clientQd, sga);
        assert.equal(
          codeOf(() => client.push(clientQd, sga)),
          'NOT_OWNED',
        );
        client.free(sga);
        assert.equal(
          codeOf(() => client.free(sga)),
          'DOUBLE_FREE',
        );
        assert.ok(world.wait(client, token).sga === null);
        assert.equal(
          codeOf(() => client.free(sga)),
          'DOUBLE_FREE',
        );
        assert.equal(
          codeOf(() => client.push(clientQd, sga)),
          'NOT_OWNED',
        );
      },

      'frees buffers in flight when their push completes'({ world, server, client, backend }) {
        const { serverQd, clientQd } = world.connect();
        const data = randomBytes(overfullBytes(backend));
        const token = world.pushFreeing(client, clientQd, data);
        // What is allocated meanwhile must not be the memory that is still being sent.
        const other = world.buffer(client, new Uint8Array(1024 * 1024));
        assert.equal(sha256(world.popAll(server, serverQd, data.length)), sha256(data));
        assert.ok(world.wait(client, token).sga === null);
        client.free(other);
      },

      'finds bytes that were changed between push and completion'({ world, client }) {
        const { clientQd } = world.connect();
        const sga = world.buffer(client, 'do not touch');
        const token = client.push(clientQd, sga);
        sga.segments[0].bytes[sga.segments[0].offset] = 0;
        assert.equal(
          codeOf(() => world.wait(client, token)),
          'USE_AFTER_PUSH',
        );
        client.free(sga);
      },

      'finds buffers that were written to after they were freed'({ world, client }) {
        const sga = world.buffer(client, 'freed');
        const { bytes, base } = sga.segments[0];
        client.free(sga);
        bytes[base] = 1;
        assert.equal(
          codeOf(() => client.alloc(1)),
          'USE_AFTER_FREE',
        );
      },

      'finds leaks at shutdown and says where the buffers came from'({ world, client }) {
        client.alloc(10);
        assert.throws(() => world.shutdown(), /1 arrays were never freed.*completions\.ts/s);
      },

      'refuses to allocate what is no number of bytes'({ client }) {
        const lengths = [0, -1, 1.5, Number.NaN];
        const codes = lengths.map((bytes) => codeOf(() => client.alloc(bytes)));
        assert.deepEqual(
          codes,
          lengths.map(() => 'INVALID_ARGUMENT'),
        );
      },

      'reports when the pool is exhausted, and goes on when buffers come back': {
        world: { poolLimitBytes: SMALL_POOL_BYTES },
        run({ client }) {
          const sga = client.alloc(SMALL_POOL_BYTES);
          assert.equal(
            codeOf(() => client.alloc(1)),
            'NO_BUFFERS',
          );
          client.free(sga);
          client.free(client.alloc(1));
        },
      },

      'refuses data that does not fit into the buffers'({ client }) {
        const sga = client.alloc(1);
        assert.throws(() => sga.fill(new Uint8Array(1024 * 1024)), { name: 'RangeError' });
        client.free(sga);
      },
    },
  ),
  ...group(
    'shutdown',
    {},
    {
      'refuses everything afterwards, and may be called again'({ client }) {
        const qd = client.socket('stream');
        client.shutdown();
        assert.equal(
          codeOf(() => client.socket('stream')),
          'SHUT_DOWN',
        );
        assert.equal(
          codeOf(() => client.pop(qd)),
          'SHUT_DOWN',
        );
        assert.equal(
          codeOf(() => client.alloc(1)),
          'SHUT_DOWN',
        );
        assert.equal(
          codeOf(() => client.waitNext(1, 0)),
          'SHUT_DOWN',
        );
        client.shutdown();
      },
    },
  ),
];

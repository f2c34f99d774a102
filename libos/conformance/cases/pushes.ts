/**
 * What every backend must do, part 5: when pushes leave and when they complete, how many of them nobody need wait for,
 * and what happens to pops when there is no memory.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import {
  type Completion,
  type Libos,
  MAX_UNAWAITED_PUSHES,
  type QToken,
  type ScatterGatherArray,
} from '../../index.ts';
import { type ConformanceCase, group } from '../case.ts';
import { assertAbove, assertBelow, codeOf, sha256 } from '../outcome.ts';
import { overfullBytes } from '../world.ts';

const ROUNDS = 40;
/** Linux waits 40 ms for data to send an acknowledgement with, and our stack 10 ms: thousands of polls. */
const HELD_BACK_POLLS = 300;
/** Of messages that are enough to fill the buffers of two hosts, and of one that a libOS copies. */
const LARGE_BYTES = 32 * 1024;
const SMALL_BYTES = 64;
/** Of a small pool. */
const POOL_BUFFERS = 256;
const BUFFER_BYTES = 16 * 1024;
const FEW_BUFFERS = 32;
/** So long nothing came: the receiver is taken to have no memory. */
const SILENCE_MS = 50;
const PATIENCE_MS = 10_000;
const PATIENCE_TURNS = 10_000;

const withSmallPools = { world: { poolLimitBytes: POOL_BUFFERS * BUFFER_BYTES } };

/** All of the pool, in the application's hands. */
function takeAll(side: Libos): ScatterGatherArray[] {
  const taken: ScatterGatherArray[] = [];
  while (codeOf(() => taken.push(side.alloc(1))) === undefined);
  return taken;
}

export const pushCases: readonly ConformanceCase[] = [
  ...group(
    'pushes',
    {},
    {
      'leave at once, though the peer has not acknowledged those before them'({ world, server, client }) {
        const { serverQd, clientQd } = world.connect();
        // Polls, not time: who is not given the core does not poll either.
        const polls = (from: Libos, fromQd: number, to: Libos, toQd: number) => {
          const before = client.pollCounts().polls;
          world.pushFreeing(from, fromQd, 'a');
          from.waitNext(0, 0);
          world.pushFreeing(from, fromQd, 'b');
          world.popAll(to, toQd, 2);
          return client.pollCounts().polls - before;
        };
        const counts = Array.from({ length: ROUNDS }, () => [
          polls(client, clientQd, server, serverQd),
          polls(server, serverQd, client, clientQd),
        ]);
        for (const direction of [0, 1]) {
          const sorted = counts.map((both) => both[direction]).sort((a, b) => a - b);
          assertBelow(sorted[ROUNDS / 2], HELD_BACK_POLLS);
        }
      },

      'that wait for an acknowledgement do so, though they were handed over': {
        needs: ['acknowledgements'],
        isLarge: true,
        run({ world, server, client, backend }) {
          const { serverQd, clientQd } = world.connect();
          // A host's kernel acknowledges whatever the libOS does, until its buffers are full; then ours fill.
          const byHost = backend.acknowledges === 'host';
          const bytes = byHost ? LARGE_BYTES : SMALL_BYTES;
          const pairs = byHost ? Math.ceil(overfullBytes(backend) / (2 * bytes)) : 1;
          const plain: QToken[] = [];
          const acknowledged: QToken[] = [];
          backend.freeze?.(true);
          try {
            for (let i = 0; i < pairs; i++) {
              plain.push(world.pushFreeing(client, clientQd, new Uint8Array(bytes)));
              const sga = world.buffer(client, new Uint8Array(bytes));
              acknowledged.push(client.push(clientQd, sga, 'acknowledged'));
              // Else a backend that sends from it would keep it until then in any case.
              client.free(sga);
            }
            world.alone(client, 100);
            const done = (tokens: QToken[]) =>
              tokens.filter((token) => client.wait(token, 0) !== null).length;
            const [handedOver, arrived] = [done(plain), done(acknowledged)];
            assertAbove(handedOver, 0);
            assertBelow(arrived, byHost ? handedOver - 1 : 1);
            acknowledged.splice(0, arrived);
          } finally {
            backend.freeze?.(false);
          }
          world.popAll(server, serverQd, pairs * 2 * bytes);
          for (const token of acknowledged) assert.equal(world.wait(client, token).error, null);
        },
      },

      [`of one queue that nobody waits for are ${MAX_UNAWAITED_PUSHES} at most`]: {
        isLarge: true,
        run({ world, server, client }) {
          const { serverQd, clientQd } = world.connect();
          for (let i = 0; i < MAX_UNAWAITED_PUSHES; i++) world.pushFreeing(client, clientQd, 'x');
          const sga = world.buffer(client, 'y');
          assert.equal(
            codeOf(() => client.push(clientQd, sga)),
            'NO_BUFFERS',
          );
          // Another queue has its own.
          const other = world.connect();
          assert.ok(world.wait(client, client.push(other.clientQd, sga)).sga === sga);
          while (client.waitNext(1, 0) === 0) server.waitNext(0, 0);
          client.push(clientQd, sga);
          client.free(sga);
          const text = world.popAll(server, serverQd, MAX_UNAWAITED_PUSHES + 1).toString();
          assert.equal(text, `${'x'.repeat(MAX_UNAWAITED_PUSHES)}y`);
        },
      },
    },
  ),
  ...group('without memory to receive into', withSmallPools, {
    'pops stay pending, and complete when there is some again'({ world, server, client }) {
      const listener = world.listen();
      const pairs = [1, 2, 3].map(() => world.connect(listener));
      const taken = takeAll(server);
      const pops = pairs.map(({ serverQd }) => server.pop(serverQd));
      pairs.forEach(({ clientQd }, i) => {
        world.pushFreeing(client, clientQd, `hello ${i}`);
      });
      // No wait throws for it, on whichever queue it waits.
      world.settle(50);
      const early = pops.map((token) => {
        const completion = server.wait(token, 0);
        return completion && { ...completion };
      });
      for (const sga of taken) server.free(sga);
      const texts = pops.map((token, i) => {
        const { sga, error } = early[i] ?? world.wait(server, token);
        assert.equal(error, null);
        const text = Buffer.from(sga!.copyOut()).toString();
        server.free(sga!);
        return text;
      });
      assert.deepEqual(texts, ['hello 0', 'hello 1', 'hello 2']);
    },

    'nothing is lost of what an application does not free for a while': {
      isLarge: true,
      run({ world, server, client }) {
        const { serverQd, clientQd } = world.connect();
        // In more pieces than the pool has buffers, and a device for a small network.
        const pieceBytes = 520;
        const data = randomBytes(2400 * pieceBytes);
        let at = 0;
        const pushes: QToken[] = [];
        const held: ScatterGatherArray[] = [];
        const parts: Uint8Array[] = [];
        let bytes = 0;
        let pop = server.pop(serverQd);
        const take = ({ sga, error }: Pick<Completion, 'sga' | 'error'>) => {
          assert.equal(error, null);
          parts.push(sga!.copyOut());
          bytes += sga!.byteLength;
          held.push(sga!);
          if (bytes < data.length) pop = server.pop(serverQd);
        };
        const release = () => {
          for (const sga of held.splice(0)) server.free(sga);
        };
        let silentMs = performance.now();
        let silentTurns = 0;
        while (bytes < data.length) {
          silentTurns++;
          if (at < data.length && pushes.length < 16) {
            pushes.push(world.pushFreeing(client, clientQd, data.subarray(at, at + pieceBytes)));
            at += pieceBytes;
          }
          while (pushes.length > 0 && client.wait(pushes[0], 0) !== null) pushes.shift();
          // Who has no push to wait for sends again what was lost, all the same.
          client.waitNext(0, 0);
          const completion = server.wait(pop, 0);
          if (completion !== null) {
            take(completion);
            silentMs = performance.now();
            silentTurns = 0;
          } else if (held.length > 0 && performance.now() - silentMs > SILENCE_MS) {
            release();
            silentMs = performance.now();
          } else if (performance.now() - silentMs > PATIENCE_MS && silentTurns > PATIENCE_TURNS) {
            // Not a process that was stopped meanwhile.
            throw new Error('the pop was lost');
          }
        }
        assert.equal(sha256(Buffer.concat(parts)), sha256(data));
        release();
        // The transport keeps a few at most for what comes next.
        const taken = takeAll(server);
        assertAbove(taken.length, POOL_BUFFERS - FEW_BUFFERS);
        for (const sga of taken) server.free(sga);
      },
    },
  }),
];

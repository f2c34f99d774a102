/** What every backend must do, part 7: tokens and waiting for them, and who owns the buffers when. */
import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { Libos } from '../index.ts';
import { codeOf, sha256 } from './outcome.ts';
import { eachTestHasAWorld, overfullBytes, type TestedBackend, World } from './world.ts';

export function completionTests(backend: TestedBackend): void {
  let world: World;
  let server: Libos;
  let client: Libos;
  eachTestHasAWorld(backend, (made) => {
    world = made;
    ({ server, client } = made);
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

    it('refuses tokens that it has not given', () => {
      const tokens = [-1, 1 << 30, 4711, Number.NaN];
      const codes = tokens.map((token) => codeOf(() => client.wait(token, 0)));
      expect(codes).toEqual(tokens.map(() => 'BAD_TOKEN'));
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
      expect(elapsedMs).toBeLessThan(10_000);
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

    it('reuses tokens for ever without confusing them', { timeout: 240_000 }, () => {
      const { serverQd, clientQd } = world.connect();
      // A slot has 1,024 generations.
      for (let i = 0; i < 1100; i++) {
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
      const data = randomBytes(overfullBytes(backend));
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
      expect(() => leaky.shutdown()).toThrow(/1 arrays were never freed.*completions\.ts/s);
    });

    it('refuses to allocate what is no number of bytes', () => {
      const lengths = [0, -1, 1.5, Number.NaN];
      const codes = lengths.map((bytes) => codeOf(() => client.alloc(bytes)));
      expect(codes).toEqual(lengths.map(() => 'INVALID_ARGUMENT'));
    });

    it('reports when the pool is exhausted, and goes on when buffers come back', () => {
      const small = new World(backend, { poolLimitBytes: 4 * 1024 * 1024 });
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
}

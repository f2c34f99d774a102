/** What every backend must do, part 2: the bytes of streams arrive, whole and in order. */
import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Libos } from '../index.ts';
import { codeOf, sha256 } from './outcome.ts';
import { eachTestHasAWorld, overfullBytes, type TestedBackend, type World } from './world.ts';

export function dataTests(backend: TestedBackend): void {
  let world: World;
  let server: Libos;
  let client: Libos;
  eachTestHasAWorld(backend, (made) => {
    world = made;
    ({ server, client } = made);
  });

  describe('push and pop', () => {
    it.each([1, 100, 16_383, 16_384, 16_385, 1_000_000, 3_000_000])('carries %d bytes whole', (bytes) => {
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

    it('completes a push larger than the peer takes only when all of it is taken', {
      timeout: 240_000,
    }, () => {
      const { serverQd, clientQd } = world.connect();
      const data = randomBytes(overfullBytes(backend));
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
      const large = world.buffer(server, new Uint8Array(overfullBytes(backend)));
      const blocked = server.push(stuck.serverQd, large);
      world.pushFreeing(server, lively.serverQd, 'alive');
      expect(world.popText(client, lively.clientQd)).toBe('alive');
      server.close(stuck.serverQd, 'reset');
      expect(world.wait(server, blocked).error).toBe('CANCELLED');
      server.free(large);
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

    it('carries both streams whole, whatever the sizes and the order of calls', { timeout: 240_000 }, () => {
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
}

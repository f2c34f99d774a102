/**
 * What every backend must do, part 4: what becomes of what was pushed when a connection is closed, of connections that
 * nobody has accepted, and of the descriptors of a libOS that is shut down.
 */
import { randomBytes } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Libos } from '../index.ts';
import { codeOf, sha256 } from './outcome.ts';
import { eachTestHasAWorld, overfullBytes, type TestedBackend, World } from './world.ts';

const openDescriptors = () => readdirSync('/proc/self/fd').length;

export function closingTests(backend: TestedBackend): void {
  let world: World;
  let server: Libos;
  let client: Libos;
  eachTestHasAWorld(backend, (made) => {
    world = made;
    ({ server, client } = made);
  });

  describe('close behind pushes', () => {
    it.each([
      ['a little', () => 100],
      ['100,000 bytes', () => 100_000],
      ['more than the connection takes', () => overfullBytes(backend)],
    ])('delivers them and then the end of the stream: %s', { timeout: 240_000 }, (_name, bytes) => {
      const { serverQd, clientQd } = world.connect();
      const data = randomBytes(bytes());
      const half = data.length / 2;
      const first = world.pushFreeing(client, clientQd, data.subarray(0, half));
      const kept = world.buffer(client, data.subarray(half));
      const second = client.push(clientQd, kept);
      client.close(clientQd);
      expect(codeOf(() => client.pop(clientQd))).toBe('BAD_QUEUE');
      expect(sha256(world.popAll(server, serverQd, data.length))).toBe(sha256(data));
      expect(world.pop(server, serverQd)).toBeNull();
      expect(world.wait(client, first).error).toBeNull();
      const completion = world.wait(client, second);
      expect([completion.error, completion.sga]).toEqual([null, kept]);
      client.free(kept);
    });

    it('delivers what waits to be acknowledged, and says so', () => {
      const { serverQd, clientQd } = world.connect();
      const sga = world.buffer(client, 'the last words');
      const token = client.push(clientQd, sga, 'acknowledged');
      client.close(clientQd);
      expect(world.popAll(server, serverQd).toString()).toBe('the last words');
      expect(world.wait(client, token).error).toBeNull();
      client.free(sga);
    });

    it('gives its descriptor to nobody else while they are under way', () => {
      const { serverQd, clientQd } = world.connect();
      const sga = world.buffer(client, new Uint8Array(overfullBytes(backend)));
      const token = client.push(clientQd, sga);
      client.close(clientQd);
      expect(client.socket('stream')).not.toBe(clientQd);
      world.popAll(server, serverQd);
      expect(world.wait(client, token).error).toBeNull();
      client.free(sga);
      world.settle();
      expect(client.socket('stream')).toBe(clientQd);
    });

    it('fails them when the peer resets the connection', () => {
      const { serverQd, clientQd } = world.connect();
      const sga = world.buffer(client, new Uint8Array(overfullBytes(backend)));
      const token = client.push(clientQd, sga);
      world.settle();
      client.close(clientQd);
      server.close(serverQd);
      expect(world.wait(client, token).error).toBe('CONNECTION_RESET');
      client.free(sga);
    });

    it("resets when told to: they are cancelled, and the peer's stream has no clean end", () => {
      const { serverQd, clientQd } = world.connect();
      const bytes = overfullBytes(backend);
      const sga = world.buffer(client, new Uint8Array(bytes));
      const token = client.push(clientQd, sga);
      world.settle();
      client.close(clientQd, 'reset');
      expect(client.wait(token, 0)?.error).toBe('CANCELLED');
      client.free(sga);
      expect(() => world.popAll(server, serverQd)).toThrow('CONNECTION_RESET');
      expect(client.socket('stream')).toBe(clientQd);
    });

    it('resets at shutdown what the peer does not take, so that nobody reads a clean end', {
      timeout: 60_000,
    }, () => {
      const { serverQd, clientQd } = world.connect();
      world.pushFreeing(client, clientQd, new Uint8Array(overfullBytes(backend)));
      client.close(clientQd);
      world.leave(client);
      expect(() => world.popAll(server, serverQd)).toThrow('CONNECTION_RESET');
    });
  });

  describe('close of a listener', () => {
    it('ends the connections that nobody has accepted, and gives up the address', () => {
      const listener = world.listen();
      const queues = [1, 2, 3].map(() => {
        const qd = client.socket('stream');
        expect(world.wait(client, client.connect(qd, listener.endpoint)).error).toBeNull();
        return qd;
      });
      world.settle();
      server.close(listener.qd);
      for (const qd of queues) expect(() => world.pop(client, qd)).toThrow('CONNECTION_RESET');
      const again = server.socket('stream');
      server.bind(again, listener.endpoint);
      server.listen(again, 4);
      world.connect({ qd: again, endpoint: listener.endpoint });
    });

    it('leaves no connection behind that came while it closed', () => {
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
        expect(world.pop(client, qd)).toBeNull();
      } else {
        expect(accepted.error).toBe('CANCELLED');
        if (connected.error === null) expect(() => world.pop(client, qd)).toThrow('CONNECTION_RESET');
        else expect(connected.error).toMatch(/CONNECTION_(REFUSED|RESET)/);
      }
    });
  });

  describe('shutdown of a libOS', () => {
    it('gives back all its descriptors, whatever state its queues are in', () => {
      const use = () => {
        const other = new World(backend);
        const listener = other.listen();
        const { clientQd } = other.connect(listener);
        other.pushFreeing(other.client, clientQd, 'never read');
        other.client.connect(other.client.socket('stream'), listener.endpoint);
        other.client.bind(other.client.socket('datagram'), { address: other.clientAddress, port: 0 });
        other.client.pop(clientQd);
        other.settle();
        other.shutdown();
      };
      // What the process keeps for ever is there after the first one.
      use();
      const before = openDescriptors();
      for (let i = 0; i < 3; i++) use();
      expect(openDescriptors()).toBeLessThanOrEqual(before);
    });

    it("does not take for the application's leak what it never handed out", () => {
      const other = new World(backend);
      const { serverQd, clientQd } = other.connect();
      other.server.pop(serverQd);
      other.pushFreeing(other.client, clientQd, 'popped and not taken');
      other.pushFreeing(other.client, clientQd, 'not even popped');
      other.settle();
      other.shutdown();
    });

    it('takes for its leak what was popped and never freed', () => {
      const other = new World(backend);
      const { serverQd, clientQd } = other.connect();
      other.pushFreeing(other.server, serverQd, 'lent');
      expect(other.wait(other.client, other.client.pop(clientQd)).sga).not.toBeNull();
      expect(() => other.client.shutdown()).toThrow(/1 arrays were never freed/);
      other.server.shutdown();
    });
  });
}

/**
 * An endpoint for each peer, over a simulated network: what becomes of one peer, at any moment, is seen by no other,
 * and nothing is left of it.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SimulatedNetwork } from './test-network.ts';

type Host = ReturnType<SimulatedNetwork['createHost']>;

const OPTIONS = { endpointPerPeer: true, receiveLimit: 64, maxWindow: 8, bufferBytes: 100 };
const STUCK_US = 3_000_000;
const REQUESTS = 12;

/** A server that echoes, and clients of it that each ask so often. */
class Echo {
  readonly network: SimulatedNetwork;
  readonly server: Host;
  readonly listener: number;
  /** Why connections of the server ended, null for in order. */
  readonly ends: (string | null)[] = [];

  constructor(seed: number) {
    this.network = new SimulatedNetwork({ seed, maxDelayUs: 20 });
    this.server = this.network.createHost(OPTIONS);
    const { libos, address } = this.server;
    this.listener = libos.socket('stream');
    libos.bind(this.listener, { address, port: 0 });
    libos.listen(this.listener, 16);
    libos.accept(this.listener);
  }

  turn(): void {
    const { libos } = this.server;
    const count = libos.waitNext(16, 0);
    for (const { operation, qd, newQd, sga, error } of libos.completions
      .slice(0, count)
      .map((one) => ({ ...one }))) {
      if (operation === 'accept') {
        libos.pop(newQd);
        libos.accept(this.listener);
      } else if (operation === 'pop' && sga !== null) {
        libos.push(qd, sga);
        libos.free(sga);
        libos.pop(qd);
      } else if (operation === 'pop') {
        this.ends.push(error);
        libos.close(qd);
      }
    }
  }
}

class Client {
  readonly host: Host;
  readonly #qd: number;
  answered = 0;
  closed = false;

  constructor({ network, server, listener }: Echo) {
    this.host = network.createHost(OPTIONS);
    const { libos } = this.host;
    this.#qd = libos.socket('stream');
    libos.connect(this.#qd, server.libos.localEndpoint(listener));
  }

  turn(): void {
    const { libos } = this.host;
    const count = libos.waitNext(16, 0);
    for (const { operation, sga, error } of libos.completions.slice(0, count).map((one) => ({ ...one }))) {
      if (error !== null) throw new Error(`${operation} ended with ${error}`);
      if (operation === 'pop') {
        expect(sga!.byteLength).toBe(70);
        libos.free(sga!);
        this.answered++;
      }
      if (operation === 'push') continue;
      if (this.answered === REQUESTS) {
        libos.close(this.#qd);
        this.closed = true;
        continue;
      }
      const request = libos.alloc(70);
      libos.push(this.#qd, request);
      libos.free(request);
      libos.pop(this.#qd);
    }
  }
}

const fate = fc.record({ what: fc.constantFrom('lives', 'dies', 'hangs'), afterTurns: fc.nat(400) });

describe('an endpoint for each peer', () => {
  it('goes with its peer, and nobody else notices, whenever that dies or the provider hangs', {
    timeout: 60_000,
  }, () => {
    fc.assert(
      fc.property(fc.nat(), fc.array(fate, { minLength: 1, maxLength: 4 }), (seed, fates) => {
        const echo = new Echo(seed);
        const { network, server } = echo;
        const clients = fates.map(() => new Client(echo));
        const lives = (index: number) => fates[index].what === 'lives';
        const gone = new Set<number>();
        const isOver = () => clients.every(({ closed }, index) => closed || gone.has(index));
        for (let turn = 0; turn <= 400 || !isOver(); turn++) {
          fates.forEach(({ what, afterTurns }, index) => {
            if (turn !== afterTurns || what === 'lives') return;
            gone.add(index);
            // Of the server's endpoints the one that this client talks to, if it does by now.
            const [first] = clients[index].host.devices;
            const itsOwn = server.devices.find((device) => device.knows(first));
            if (what === 'hangs' && itsOwn !== undefined) itsOwn.isLost = true;
            for (const device of clients[index].host.devices) device.dead = true;
            clients[index].host.rendezvous.close();
          });
          echo.turn();
          clients.forEach((client, index) => {
            if (!gone.has(index)) client.turn();
          });
          if (network.nowUs > STUCK_US) throw new Error('stuck');
        }
        clients.forEach(({ answered }, index) => {
          if (lives(index)) expect(answered).toBe(REQUESTS);
        });
        for (const error of echo.ends) expect([null, 'CONNECTION_RESET']).toContain(error);
        // A client that comes now is served, and later there is no more than its endpoint, and then one for whoever
        // comes.
        const last = new Client(echo);
        const untilUs = network.nowUs + STUCK_US;
        while (network.nowUs < untilUs) {
          echo.turn();
          last.turn();
          network.advance(1000);
        }
        expect(last.answered).toBe(REQUESTS);
        const { connections, promised_receives, endpoints } = server.libos.counters();
        expect({ connections, promised_receives, endpoints }).toEqual({
          connections: 0,
          promised_receives: 0,
          endpoints: 1,
        });
        expect(server.devices.filter(({ isClosed }) => !isClosed)).toHaveLength(1);
      }),
      {
        examples: [
          [
            313352189,
            [
              { what: 'lives', afterTurns: 7 },
              { what: 'hangs', afterTurns: 90 },
              { what: 'dies', afterTurns: 0 },
            ],
          ],
        ],
      },
    );
  });

  it('is that of the same peer again for a while after its last connection', () => {
    const echo = new Echo(7);
    const client = echo.network.createHost(OPTIONS);
    const { libos } = client;
    const connect = () => {
      const qd = libos.socket('stream');
      const token = libos.connect(qd, echo.server.libos.localEndpoint(echo.listener));
      for (let turn = 0; turn < 1000; turn++) {
        const completion = libos.wait(token, 0);
        if (completion !== null) return { qd, error: completion.error };
        echo.turn();
      }
      throw new Error('no connection');
    };
    for (let i = 0; i < 5; i++) libos.close(connect().qd);
    expect([echo.server.devices.length, client.devices.length]).toEqual([1, 1]);
  });

  it('is looked for once in a while where there is no room for one, and is there when there is', () => {
    let opened = 0;
    let room = false;
    const network = new SimulatedNetwork({ seed: 3 });
    const opens = () => {
      opened++;
      if (!room) throw new Error('no room');
    };
    const { libos, devices, said } = network.createHost({ ...OPTIONS, opens });
    const poll = (times: number) => {
      for (let i = 0; i < times; i++) {
        libos.waitNext(16, 0);
        network.advance(500);
      }
    };
    devices[0].isLost = true;
    // Half a second.
    poll(1000);
    expect(opened).toBeGreaterThanOrEqual(4);
    expect(opened).toBeLessThanOrEqual(7);
    expect(said).toEqual(['the endpoint of a peer was given up: a call did not return (CONNECTION_RESET)']);
    room = true;
    poll(300);
    expect(devices.map(({ isClosed }) => isClosed)).toEqual([true, false]);
  });
});

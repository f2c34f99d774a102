/**
 * The invariant of the flow control, by property, over a simulated lossless network with random delays: no
 * message comes without a receive that is posted for it (the simulated device throws), nothing is lost,
 * nobody waits for ever, and whatever was promised is free again in the end; with windows down to one buffer.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Libos } from '../index.ts';
import { SimulatedNetwork } from './test-network.ts';

type Host = ReturnType<SimulatedNetwork['createHost']>;

const seed = fc.integer({ min: 0, max: 2 ** 31 - 1 });
const surroundings = fc.record({
  seed,
  maxDelayUs: fc.constantFrom(1, 5, 50, 400),
  reorder: fc.boolean(),
});
const hosts = fc.record({
  bufferBytes: fc.constantFrom(1, 7, 100, 1000),
  receiveLimit: fc.constantFrom(2, 3, 4, 8, 40),
  maxWindow: fc.constantFrom(1, 2, 3, 8, 16),
  queueLimit: fc.constantFrom(1, 2, 64),
  maxPieces: fc.constantFrom(1, 3),
});

/**
 * Microseconds of virtual time after which a run counts as stuck: a thousand times what the slowest needs.
 */
const STUCK_US = 3_000_000;

/** A byte of a stream, by its position: what comes at the wrong place is seen. */
const byteAt = (stream: number, position: number) => (position * 31 + stream * 7 + (position >> 8)) & 0xff;

function holdInvariant({ transport, device }: Host): void {
  const { promised } = transport.engine.budget;
  const { posted, receiveLimit } = device;
  // Without a call of expect for each step: those would take more time than the steps.
  if (posted >= promised && posted <= receiveLimit) return;
  throw new Error(`${posted} receives are posted, ${promised} are promised, ${receiveLimit} are allowed`);
}

function connected(network: SimulatedNetwork, server: Host, client: Host, count: number) {
  const listener = server.libos.socket('stream');
  server.libos.bind(listener, { address: server.address, port: 0 });
  server.libos.listen(listener, count);
  return Array.from({ length: count }, () => {
    const accept = server.libos.accept(listener);
    const qd = client.libos.socket('stream');
    const connect = client.libos.connect(qd, server.libos.localEndpoint(listener));
    const done = (libos: Libos, token: number, other: Libos) => {
      for (;;) {
        const completion = libos.wait(token, 0);
        if (completion) return { ...completion };
        other.waitNext(0, 0);
        if (network.nowUs > STUCK_US) throw new Error('no connection');
      }
    };
    expect(done(client.libos, connect, server.libos).error).toBeNull();
    return { clientQd: qd, serverQd: done(server.libos, accept, client.libos).newQd };
  });
}

/** One end of a stream: pushes `sizes`, then ends the stream; pops until the other one's end. */
class End {
  readonly host: Host;
  readonly qd: number;
  readonly #stream: number;
  readonly #sizes: number[];
  #pushed = 0;
  #popped = 0;
  #pop: number | null = null;
  ended = false;

  constructor(host: Host, qd: number, stream: number, sizes: number[]) {
    this.host = host;
    this.qd = qd;
    this.#stream = stream;
    this.#sizes = [...sizes];
  }

  get done(): boolean {
    return this.ended && this.#sizes.length === 0;
  }

  get popped(): number {
    return this.#popped;
  }

  push(): void {
    const { libos } = this.host;
    const size = this.#sizes.shift();
    if (size === undefined) return;
    const sga = libos.alloc(size);
    for (let i = 0; i < sga.segmentCount; i++) {
      const { bytes, offset, length } = sga.segments[i];
      for (let at = 0; at < length; at++) bytes[offset + at] = byteAt(this.#stream, this.#pushed++);
    }
    libos.push(this.qd, sga);
    libos.free(sga);
    if (this.#sizes.length === 0) libos.shutdownWrite(this.qd);
  }

  pop(): void {
    if (this.ended || this.#pop !== null) return;
    this.#pop = this.host.libos.pop(this.qd);
  }

  /** Sees whether the pop has completed. */
  look(): void {
    if (this.#pop === null) return;
    const completion = this.host.libos.wait(this.#pop, 0);
    if (completion === null) return;
    this.#pop = null;
    expect(completion.error).toBeNull();
    if (completion.sga === null) {
      this.ended = true;
      return;
    }
    for (const byte of completion.sga.copyOut()) {
      // Without a call of expect for each.
      if (byte !== byteAt(1 - this.#stream, this.#popped++)) throw new Error(`byte ${this.#popped} is wrong`);
    }
    this.host.libos.free(completion.sga);
  }
}

/** Turns both ends at random until `done`. */
function run(network: SimulatedNetwork, ends: End[], all: Host[], done: () => boolean): void {
  const start = network.nowUs;
  while (!done()) {
    const end = ends[network.random.below(ends.length)];
    switch (network.random.below(4)) {
      case 0:
        end.push();
        break;
      case 1:
        end.pop();
        break;
      default:
        end.host.libos.waitNext(0, 0);
        end.look();
    }
    all.forEach(holdInvariant);
    if (network.nowUs - start > STUCK_US) throw new Error('stuck');
  }
}

/** All that was promised is free, once everybody has heard of all ends. */
function expectNothingLeft(network: SimulatedNetwork, all: Host[], forUs = 100_000): void {
  const end = network.nowUs + forUs;
  while (network.nowUs < end && all.some(({ transport }) => transport.engine.budget.connections > 0)) {
    for (const { libos } of all) libos.waitNext(64, 0);
  }
  for (const { transport } of all) {
    const { promised, connections } = transport.engine.budget;
    expect({ promised, connections }).toEqual({ promised: 0, connections: 0 });
  }
}

const sizes = fc.array(fc.oneof(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 3000 })), {
  minLength: 1,
  maxLength: 12,
});

describe('flow control', () => {
  it('carries both directions whole, whatever the windows, buffers, delays and the order of calls', {
    timeout: 60_000,
  }, () => {
    fc.assert(
      fc.property(
        surroundings,
        hosts,
        hosts,
        sizes,
        sizes,
        (around, serverOptions, clientOptions, up, down) => {
          const network = new SimulatedNetwork(around);
          // One byte at a time takes a thousand messages for a thousand bytes.
          const shrunk = (list: number[], { bufferBytes }: { bufferBytes: number }) =>
            list.map((size) => Math.ceil(size / (bufferBytes < 50 ? 40 : 1)));
          const server = network.createHost(serverOptions);
          const client = network.createHost(clientOptions);
          const [{ clientQd, serverQd }] = connected(network, server, client, 1);
          const ends = [
            new End(client, clientQd, 0, shrunk(up, serverOptions)),
            new End(server, serverQd, 1, shrunk(down, clientOptions)),
          ];
          run(network, ends, [server, client], () => ends.every(({ done }) => done));
          client.libos.close(clientQd);
          server.libos.close(serverQd);
          expectNothingLeft(network, [server, client]);
          client.libos.shutdown();
          server.libos.shutdown();
        },
      ),
    );
  });

  it('works with one buffer for data and one for credits', () => {
    for (const maxDelayUs of [1, 300]) {
      const network = new SimulatedNetwork({ maxDelayUs });
      const [server, client] = [1, 2].map(() =>
        network.createHost({ receiveLimit: 2, maxWindow: 1, bufferBytes: 10 }),
      );
      const [{ clientQd, serverQd }] = connected(network, server, client, 1);
      const ends = [new End(client, clientQd, 0, [500]), new End(server, serverQd, 1, [500])];
      run(network, ends, [server, client], () => ends.every(({ done }) => done));
      expect(server.device.posted).toBeLessThanOrEqual(2);
    }
  });

  it('sends what lies in several segments, some of them empty, in as few messages as the device allows', () => {
    const lengths = [0, 5, 0, 700, 300, 0, 2, 0];
    const bytes = lengths.reduce((sum, length) => sum + length);
    for (const [maxPieces, messages] of [
      [1, 4],
      [2, 2],
      [3, 2],
    ]) {
      const network = new SimulatedNetwork({});
      const [server, client] = [1, 2].map(() => network.createHost({ maxPieces, bufferBytes: 1000 }));
      const [{ clientQd, serverQd }] = connected(network, server, client, 1);
      const sga = client.libos.alloc(lengths.length * 16 * 1024);
      lengths.forEach((length, index) => {
        const { bytes, offset } = sga.segments[index];
        bytes.fill(index, offset, offset + length);
        sga.segments[index].length = length;
      });
      const expected = Buffer.from(sga.copyOut());
      const push = client.libos.push(clientQd, sga);
      const received: Uint8Array[] = [];
      for (let left = bytes; left > 0; ) {
        const pop = server.libos.pop(serverQd);
        let completion = server.libos.wait(pop, 0);
        for (; completion === null; completion = server.libos.wait(pop, 0)) client.libos.waitNext(0, 0);
        received.push(completion.sga!.copyOut());
        left -= received.at(-1)!.length;
        server.libos.free(completion.sga!);
      }
      expect(Buffer.concat(received)).toEqual(expected);
      expect(received.length).toBe(messages);
      while (client.libos.wait(push, 0) === null) server.libos.waitNext(0, 0);
      client.libos.free(sga);
    }
  });

  it('stops who sends to somebody that does not read, without losing anything, and without stopping others', () => {
    fc.assert(
      fc.property(surroundings, fc.constantFrom(1, 4, 16), (around, maxWindow) => {
        const network = new SimulatedNetwork(around);
        const options = { receiveLimit: 64, maxWindow, bufferBytes: 100 };
        const [server, client] = [network.createHost(options), network.createHost(options)];
        const [stuck, lively] = connected(network, server, client, 2);
        const writer = new End(client, stuck.clientQd, 0, [20_000]);
        writer.push();
        const ends = [
          new End(client, lively.clientQd, 0, [3000, 3000]),
          new End(server, lively.serverQd, 1, [3000]),
        ];
        run(network, ends, [server, client], () => ends.every(({ done }) => done));
        const reader = new End(server, stuck.serverQd, 1, [1]);
        reader.push();
        const both = [writer, reader];
        run(network, both, [server, client], () => both.every(({ done }) => done));
        expect(reader.popped).toBe(20_000);
      }),
    );
  });

  it('gives everything back after closes, resets and deaths at any moment', { timeout: 60_000 }, () => {
    const ending = fc.constantFrom('close', 'half-close', 'kill', 'nothing');
    fc.assert(
      fc.property(
        surroundings,
        fc.array(fc.record({ sizes, ending, after: fc.nat(200), byServer: fc.boolean() }), {
          minLength: 1,
          maxLength: 5,
        }),
        (around, plans) => {
          const network = new SimulatedNetwork(around);
          const options = { receiveLimit: 64, maxWindow: 8, bufferBytes: 100 };
          const [server, client] = [network.createHost(options), network.createHost(options)];
          const pairs = connected(network, server, client, plans.length);
          const dead = new Set<Host>();
          const act = (plan: (typeof plans)[number], index: number) => {
            const host = plan.byServer ? server : client;
            const qd = plan.byServer ? pairs[index].serverQd : pairs[index].clientQd;
            if (dead.has(host)) return;
            if (plan.ending === 'close') host.libos.close(qd);
            else if (plan.ending === 'half-close') host.libos.shutdownWrite(qd);
            else if (plan.ending === 'kill') {
              host.device.dead = true;
              host.rendezvous.close();
              dead.add(host);
            }
          };
          for (const { clientQd, serverQd } of pairs) {
            for (const [{ libos }, qd, list] of [
              [client, clientQd, plans[0].sizes],
              [server, serverQd, plans[0].sizes],
            ] as const) {
              for (const size of list) {
                const sga = libos.alloc(size);
                libos.push(qd, sga);
                libos.free(sga);
              }
            }
          }
          for (let step = 0; step <= 200; step++) {
            plans.forEach((plan, index) => {
              if (plan.after === step) act(plan, index);
            });
            for (const host of [server, client]) {
              if (dead.has(host)) network.advance(1);
              else {
                host.libos.waitNext(0, 0);
                holdInvariant(host);
              }
            }
          }
          // Whoever is left closes the rest.
          const left = [server, client].filter((host) => !dead.has(host));
          for (const host of left) {
            pairs.forEach(({ clientQd, serverQd }, index) => {
              const plan = plans[index];
              const closedIt = plan.ending === 'close' && plan.byServer === (host === server);
              if (!closedIt) host.libos.close(host === server ? serverQd : clientQd);
            });
          }
          // A second for what dead peers may have sent.
          expectNothingLeft(network, left, 3_000_000);
        },
      ),
    );
  });

  it('shares the receives out as connections come, one each at least, and refuses more than there are receives for', () => {
    const network = new SimulatedNetwork({ maxDelayUs: 2 });
    const server = network.createHost({ receiveLimit: 40, maxWindow: 16 });
    const client = network.createHost({ receiveLimit: 400, maxWindow: 16 });
    const pairs = connected(network, server, client, 12);
    expect(server.device.posted).toBeLessThanOrEqual(40);
    // All of them at once, each with what it was given.
    const ends = pairs.flatMap(({ clientQd, serverQd }) => [
      new End(client, clientQd, 0, [5000]),
      new End(server, serverQd, 1, [50]),
    ]);
    run(network, ends, [server, client], () => ends.every(({ done }) => done));
    const listener = server.libos.socket('stream');
    server.libos.bind(listener, { address: server.address, port: 0 });
    server.libos.listen(listener, 64);
    const tokens = Array.from({ length: 30 }, () =>
      client.libos.connect(client.libos.socket('stream'), server.libos.localEndpoint(listener)),
    );
    const errors = new Set<string | null>();
    const until = network.nowUs + 100_000;
    const open = new Set(tokens);
    while (open.size > 0 && network.nowUs < until) {
      server.libos.waitNext(0, 0);
      for (const token of open) {
        const completion = client.libos.wait(token, 0);
        if (completion === null) continue;
        open.delete(token);
        errors.add(completion.error);
      }
    }
    expect(open.size).toBe(0);
    expect(errors).toEqual(new Set([null, 'CONNECTION_REFUSED']));
    expect(server.device.posted).toBeLessThanOrEqual(40);
  });
});

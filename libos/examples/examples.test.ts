/** The example servers on our network stack over the simulated link, both sides in this process. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Endpoint, Libos, QueueDescriptor, ScatterGatherArray, SocketKind } from '../index.ts';
import { createPair, pairAddresses } from '../sim/pair.ts';
import { echo } from './echo.ts';
import { relay } from './relay.ts';
import type { Service } from './service.ts';
import { sink } from './sink.ts';

/** What a client does, a step between two turns of the server. */
type Steps = Generator<void, void>;

/** Runs a client against a server until it is through; both sides in checked mode, so that a leak is an error. */
function against(
  serve: (libos: Libos, service: Service) => void,
  kind: SocketKind,
  act: (client: Libos, at: Endpoint) => Steps,
): void {
  const { a, b } = createPair({ checked: true, stepUs: 2, link: { mtu: 9000 } });
  // Time is that of the link: nobody waits for the client by the clock.
  const waitNext = a.waitNext.bind(a);
  a.waitNext = (max) => waitNext(max, 0);
  let steps: Steps | null = null;
  const giveUp = Date.now() + 20_000;
  serve(a, {
    kind,
    endpoint: { address: pairAddresses[0], port: 0 },
    ready(at) {
      steps = act(b, at);
    },
    stopped() {
      if (Date.now() > giveUp) throw new Error('the client waits for what does not come');
      return steps!.next().done === true;
    },
  });
  b.shutdown();
  a.shutdown();
}

function* completed(client: Libos, token: number): Generator<void, ScatterGatherArray | null> {
  for (;;) {
    const completion = client.wait(token, 0);
    if (completion !== null) {
      expect(completion.error).toBeNull();
      return completion.sga;
    }
    yield;
  }
}

function* connected(client: Libos, at: Endpoint): Generator<void, QueueDescriptor> {
  const qd = client.socket('stream');
  yield* completed(client, client.connect(qd, at));
  return qd;
}

function filled(client: Libos, bytes: Uint8Array): ScatterGatherArray {
  const sga = client.alloc(Math.max(1, bytes.length));
  sga.fill(bytes);
  return sga;
}

function send(client: Libos, qd: QueueDescriptor, bytes: Uint8Array): void {
  const sga = filled(client, bytes);
  client.push(qd, sga);
  client.free(sga);
}

/** What one pop brings; empty at the end of the stream. */
function* received(client: Libos, qd: QueueDescriptor): Generator<void, Uint8Array> {
  const sga = yield* completed(client, client.pop(qd));
  if (sga === null) return new Uint8Array(0);
  const bytes = sga.copyOut();
  client.free(sga);
  return bytes;
}

/** All that comes until the stream ends. */
function* untilEnd(client: Libos, qd: QueueDescriptor): Generator<void, Buffer> {
  const parts: Uint8Array[] = [];
  do parts.push(yield* received(client, qd));
  while (parts.at(-1)!.length > 0);
  return Buffer.concat(parts);
}

/** Sends to a stream and gives what came until it ended: the client ends its half when all was sent. */
function exchanged(serve: (libos: Libos, service: Service) => void, pieces: Uint8Array[]): Buffer {
  let got: Buffer = Buffer.alloc(0);
  against(serve, 'stream', function* (client, at) {
    const qd = yield* connected(client, at);
    for (const piece of pieces) {
      send(client, qd, piece);
      yield;
    }
    client.shutdownWrite(qd);
    got = yield* untilEnd(client, qd);
    client.close(qd);
  });
  return got;
}

function lengthOf(bytes: number): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes);
  return length;
}

const bytesOf = (length: number): Buffer =>
  Buffer.from(Uint8Array.from({ length }, (_, i) => (i * 31) % 251));
const pieces = fc.array(fc.uint8Array({ minLength: 1, maxLength: 5000, size: 'max' }), {
  minLength: 1,
  maxLength: 12,
});

describe('echo', () => {
  it('gives back all bytes of a stream, to who has ended its half too', () => {
    fc.assert(
      fc.property(pieces, (parts) => {
        expect(exchanged(echo, parts).equals(Buffer.concat(parts))).toBe(true);
      }),
      { numRuns: 15 },
    );
    const long = bytesOf(600_000);
    expect(exchanged(echo, [long]).equals(long)).toBe(true);
  });

  it('gives back each datagram to its sender', () => {
    against(echo, 'datagram', function* (client, at) {
      const sockets = [0, 1].map(() => {
        const qd = client.socket('datagram');
        client.connect(qd, at);
        return qd;
      });
      for (const length of [1, 8, 1400, 8900]) {
        for (const qd of sockets) send(client, qd, bytesOf(length + qd));
        for (const qd of sockets) {
          expect(Buffer.from(yield* received(client, qd))).toEqual(bytesOf(length + qd));
        }
      }
    });
  });

  it('serves who comes when another has broken off with data under way', () => {
    against(echo, 'stream', function* (client, at) {
      const broken = yield* connected(client, at);
      send(client, broken, bytesOf(200_000));
      yield;
      client.close(broken);
      const qd = yield* connected(client, at);
      send(client, qd, bytesOf(9));
      expect(Buffer.from(yield* received(client, qd))).toEqual(bytesOf(9));
      client.close(qd);
    });
  });
});

describe('sink', () => {
  const bodies = fc.array(fc.oneof(fc.integer({ min: 0, max: 9 }), fc.integer({ min: 0, max: 20_000 })), {
    minLength: 1,
    maxLength: 10,
  });
  const messagesOf = (lengths: number[]): Buffer =>
    Buffer.concat(lengths.flatMap((bytes) => [lengthOf(bytes), bytesOf(bytes)]));

  it('answers each message with its length, wherever they are cut', () => {
    fc.assert(
      fc.property(bodies, fc.array(fc.integer({ min: 1, max: 9000 }), { maxLength: 20 }), (lengths, cuts) => {
        const all = messagesOf(lengths);
        const parts: Buffer[] = [];
        let at = 0;
        for (const cut of cuts) {
          if (at >= all.length) break;
          parts.push(all.subarray(at, at + cut));
          at += cut;
        }
        if (at < all.length) parts.push(all.subarray(at));
        expect(exchanged(sink, parts)).toEqual(Buffer.concat(lengths.map(lengthOf)));
      }),
      { numRuns: 15 },
    );
  });

  it('answers them byte by byte, and no message that is not whole', () => {
    const lengths = [0, 3, 300, 0, 1];
    const all = messagesOf(lengths);
    expect(
      exchanged(
        sink,
        [...all].map((byte) => Uint8Array.of(byte)),
      ),
    ).toEqual(Buffer.concat(lengths.map(lengthOf)));
    expect(exchanged(sink, [all.subarray(0, -1)])).toEqual(Buffer.concat(lengths.slice(0, -1).map(lengthOf)));
  });

  it('has room for the answers to as many messages as a buffer can end', () => {
    const lengths = [1, ...Array.from({ length: 9000 }, () => 0)];
    expect(exchanged(sink, [messagesOf(lengths)])).toEqual(Buffer.concat(lengths.map(lengthOf)));
  });
});

describe('relay', () => {
  const port = (number: number): Buffer => Buffer.of(number >> 8, number & 255);

  it('forwards to who has registered, acknowledges that, and drops the rest', () => {
    against(relay, 'datagram', function* (client, at) {
      const open = (): QueueDescriptor => {
        const qd = client.socket('datagram');
        client.connect(qd, at);
        return qd;
      };
      const [from, unheard, to, other] = [open(), open(), open(), open()];
      const portOf = (qd: QueueDescriptor): Buffer => port(client.localEndpoint(qd).port);
      send(client, from, bytesOf(8));
      for (const [qd, source] of [
        [other, from],
        [to, from],
        [other, to],
      ]) {
        send(client, qd, portOf(source));
        expect(Buffer.from(yield* received(client, qd))).toEqual(portOf(source));
      }
      send(client, unheard, bytesOf(20));
      for (const length of [8, 1, 8000]) send(client, from, bytesOf(length));
      for (const length of [8, 1, 8000]) {
        expect(Buffer.from(yield* received(client, to))).toEqual(bytesOf(length));
      }
      send(client, to, bytesOf(3));
      expect(Buffer.from(yield* received(client, other))).toEqual(bytesOf(3));
    });
  });
});

it('the documents show the server that is measured', () => {
  const page = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'libos.md'), 'utf8');
  expect(page).toContain(readFileSync(join(import.meta.dirname, 'echo.ts'), 'utf8'));
});

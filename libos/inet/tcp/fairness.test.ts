/**
 * Small messages beside bulk streams on one device: a stream that could fill every frame that there is must not keep
 * others from theirs. In virtual time.
 */
import { describe, expect, it } from 'vitest';
import type { LibosCore } from '../../core.ts';
import type { SimulatedDevice } from '../../sim/device.ts';
import { createPair, pairAddresses } from '../../sim/pair.ts';

const PORT = 7000;
/** Frames of the device between two exchanges: a stream with an open window has more to send than that. */
const FRAMES = 64;
const BULK_BYTES = 1024 * 1024;
const SMALL_BYTES = 64;
const SMALL_MESSAGES = 50;
/** Outstanding on each queue: the receiver is no bottleneck. */
const POPS = 2 * FRAMES;
const SETTLING_ROUNDS = 300;

/** As a device whose ring is full. Counts the frames that were taken. */
function limitFrames(device: SimulatedDevice): { frames: number } {
  const counts = { frames: 0 };
  const allocate = device.allocate.bind(device);
  const exchange = device.exchange.bind(device);
  let left = FRAMES;
  device.allocate = () => {
    if (left === 0) return null;
    left--;
    counts.frames++;
    return allocate();
  };
  device.exchange = () => {
    left = FRAMES;
    return exchange();
  };
  return counts;
}

/** A host that sends all the time on its bulk streams, or takes what comes; `bytes` by queue descriptor. */
class Endless {
  readonly libos: LibosCore;
  readonly bytes: number[] = [];
  readonly #bulk = new Set<number>();

  constructor(libos: LibosCore) {
    this.libos = libos;
  }

  sendBulk(qd: number): void {
    this.#bulk.add(qd);
    this.send(qd, BULK_BYTES);
  }

  send(qd: number, bytes: number): void {
    const sga = this.libos.alloc(bytes);
    this.libos.push(qd, sga);
    // Of which it is not to wait for the last byte's acknowledgement.
    this.libos.free(sga);
  }

  take(qd: number): void {
    this.bytes[qd] = 0;
    for (let i = 0; i < POPS; i++) this.libos.pop(qd);
  }

  poll(): void {
    const count = this.libos.waitNext(4096, 0);
    const seen = this.libos.completions.slice(0, count).map((completion) => ({ ...completion }));
    for (const { operation, qd, sga } of seen) {
      if (operation === 'pop') {
        this.bytes[qd] += sga!.byteLength;
        this.libos.pop(qd);
      }
      if (sga !== null) this.libos.free(sga);
      if (operation === 'push' && this.#bulk.has(qd)) this.send(qd, BULK_BYTES);
    }
  }
}

/**
 * Of each small message that is sent beside so many streams: frames that went between its push and its arrival. And
 * bytes of each stream.
 */
function measure(streams: number) {
  const { a, b, link } = createPair({ link: { buffers: 8192, both: { delayUs: 5 } }, stepUs: 10 });
  const receiver = new Endless(a);
  const sender = new Endless(b);
  const round = () => {
    sender.poll();
    receiver.poll();
  };
  const listener = a.socket('stream');
  a.bind(listener, { address: pairAddresses[0], port: PORT });
  a.listen(listener, 64);
  const queues = Array.from({ length: streams + 1 }, () => {
    const from = b.socket('stream');
    const connecting = b.connect(from, { address: pairAddresses[0], port: PORT });
    const accepting = a.accept(listener);
    for (let i = 0; i < 20; i++) for (const libos of [a, b]) libos.waitNext(0, 0);
    expect(b.wait(connecting, 0)!.error).toBeNull();
    const at = a.wait(accepting, 0)!.newQd;
    receiver.take(at);
    return { from, at };
  });
  const [small, ...bulk] = queues;
  const counts = limitFrames(link.b);
  for (const { from } of bulk) sender.sendBulk(from);
  for (let i = 0; i < SETTLING_ROUNDS; i++) round();
  const before = bulk.map(({ at }) => receiver.bytes[at]);
  const framesAhead: number[] = [];
  for (let i = 1; i <= SMALL_MESSAGES; i++) {
    sender.send(small.from, SMALL_BYTES);
    const start = counts.frames;
    for (let left = 1000; receiver.bytes[small.at] < i * SMALL_BYTES && left > 0; left--) round();
    framesAhead.push(counts.frames - start);
  }
  return { framesAhead, bulkBytes: bulk.map(({ at }, i) => receiver.bytes[at] - before[i]) };
}

describe('beside bulk streams that want all frames of the device', () => {
  const runs = [1, 8].map((streams) => ({ streams, ...measure(streams) }));

  it.each(runs)('a small message goes with the next frames ($streams)', ({ framesAhead }) => {
    expect(Math.max(...framesAhead)).toBeLessThanOrEqual(FRAMES);
  });

  it('each stream gets its share', () => {
    const { bulkBytes } = runs[1];
    const mean = bulkBytes.reduce((sum, bytes) => sum + bytes, 0) / bulkBytes.length;
    for (const bytes of bulkBytes) {
      expect(bytes).toBeGreaterThan(0.8 * mean);
      expect(bytes).toBeLessThan(1.2 * mean);
    }
  });
});

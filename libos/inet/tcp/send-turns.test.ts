import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SendTurns, type TakesTurns, Turn } from './send-turns.ts';

/** Frames of one turn. */
const SHARE = 4;

/** A device with some frames a run, and senders that take them. */
class Network {
  frames = 0;
  /** Who got each frame. */
  readonly taken: number[] = [];
  /** Turns in which a frame was taken. */
  turnsTaken = 0;
  readonly turns = new SendTurns<TestSender>();
  readonly senders: TestSender[];

  constructor(senders: number) {
    this.senders = Array.from({ length: senders }, (_, name) => new TestSender(this, name));
  }

  /** Returns who got the frames of this run. */
  run(frames: number): number[] {
    this.frames = frames;
    this.taken.length = 0;
    this.turnsTaken = 0;
    this.turns.run();
    return this.taken.slice();
  }

  want(name: number, frames: number): void {
    this.senders[name].wanted += frames;
    this.turns.mark(this.senders[name]);
  }
}

class TestSender implements TakesTurns {
  dirty = false;
  wanted = 0;
  readonly #network: Network;
  readonly #name: number;

  constructor(network: Network, name: number) {
    this.#network = network;
    this.#name = name;
  }

  transmit(): Turn {
    const network = this.#network;
    let sent = 0;
    for (; sent < SHARE && this.wanted > 0 && network.frames > 0; sent++) {
      this.wanted--;
      network.frames--;
      network.taken.push(this.#name);
    }
    if (sent > 0) network.turnsTaken++;
    if (this.wanted === 0) return Turn.Done;
    return sent === 0 ? Turn.NoFrame : Turn.Over;
  }
}

describe('SendTurns', () => {
  it('shares frames among those that want them all', () => {
    const network = new Network(3);
    for (const name of [0, 1, 2]) network.want(name, 1000);
    expect(network.run(12)).toEqual([0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2]);
    const counts = [0, 0, 0];
    for (let i = 0; i < 30; i++) for (const name of network.run(7)) counts[name]++;
    expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(2 * SHARE);
  });

  it('lets who comes anew go before those that have had their turn, but for one', () => {
    const network = new Network(4);
    for (const name of [0, 1, 2]) network.want(name, 1000);
    network.run(20);
    network.want(3, 1);
    expect(network.run(20).indexOf(3)).toBe(SHARE);
  });

  it('does not keep one waiting for ever, however many come anew', () => {
    const network = new Network(10);
    network.want(0, 100);
    network.run(1);
    for (let run = 0; run < 100; run++) {
      for (let name = 1; name < 10; name++) network.want(name, 1);
      network.run(8);
    }
    expect(network.senders[0].wanted).toBe(0);
  });

  it('gives the backlog a few turns only, until somebody has looked at what has come', () => {
    const network = new Network(2);
    network.want(0, 1000);
    network.run(1);
    const sent = network.run(1000).length;
    network.want(1, 1);
    expect(sent).toBe(4 * SHARE);
    expect(network.run(1000)).toContain(1);
  });

  it('leaves no frame unused and forgets nobody', () => {
    const act = fc.oneof(
      fc.record({ name: fc.nat(5), frames: fc.integer({ min: 1, max: 20 }) }),
      fc.record({ run: fc.nat(16) }),
    );
    fc.assert(
      fc.property(fc.array(act, { maxLength: 60 }), (acts) => {
        const network = new Network(6);
        const wanted = () => network.senders.reduce((sum, sender) => sum + sender.wanted, 0);
        for (const each of acts) {
          if ('name' in each) network.want(each.name, each.frames);
          else {
            const before = wanted();
            // All frames are used, or each of the backlog's turns, however short.
            const sent = network.run(each.run).length;
            if (sent < Math.min(before, each.run)) expect(network.turnsTaken).toBeGreaterThanOrEqual(4);
          }
        }
        for (let runs = wanted(); runs > 0; runs--) network.run(Number.POSITIVE_INFINITY);
        expect(wanted()).toBe(0);
        expect(network.turns.isEmpty).toBe(true);
        expect(network.senders.some(({ dirty }) => dirty)).toBe(false);
      }),
    );
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Ledger, type SentWrite, type Stored, type Write, type WriteKind } from './ledger.ts';

/** What Redis does with writes: their replies, and what is there after them. */
class Model {
  readonly stored = new Map<string, string[]>();
  #ids = 0;

  run({ kind, key, value }: Write): string {
    const entries = this.stored.get(key) ?? [];
    this.stored.set(key, entries);
    if (kind === 'RPUSH') return `${entries.push(value)}`;
    if (kind === 'XADD') {
      const id = `${++this.#ids}-0`;
      entries.push(`${id} ${value}`);
      return id;
    }
    const before = entries[0] ?? '';
    entries[0] = kind === 'SET' ? value : `${Number(before) + 1}`;
    return kind === 'SET' ? before : entries[0];
  }
}

const copyOf = (stored: Stored): Map<string, string[]> =>
  new Map([...stored].map(([key, entries]) => [key, [...entries]]));

const write = (kind: WriteKind, key: string, value = ''): Write => ({ kind, key: `${kind}:${key}`, value });

/** Three of each kind, of one connection: the first was there before, the second acknowledged, the third just sent. */
function threeOfEach() {
  const ledger = new Ledger();
  const model = new Model();
  const round = (value: string, acknowledged: boolean) => {
    for (const kind of ['SET', 'INCR', 'RPUSH', 'XADD'] as const) {
      const sent = ledger.send(1, write(kind, 'k', kind === 'INCR' ? '' : value));
      const reply = model.run(sent);
      if (acknowledged) ledger.acknowledge(sent, reply);
    }
    return copyOf(model.stored);
  };
  const first = round('first', true);
  ledger.adopt(first);
  const second = round('second', true);
  const third = round('third', false);
  return { ledger, first, second, third };
}

const holding = (stored: Stored, key: string, ...entries: string[]): Stored =>
  new Map([...stored, [key, entries]]);

describe('the ledger of writes', () => {
  it('finds nothing when all that was acknowledged is there, with or without the rest', () => {
    const { ledger, second, third } = threeOfEach();
    expect(ledger.check(second)).toEqual([]);
    expect(ledger.check(third)).toEqual([]);
    expect(ledger.acknowledged).toBe(8);
  });

  it('names each key of which an acknowledged write is lost', () => {
    const { ledger, first } = threeOfEach();
    expect(ledger.check(first)).toEqual([
      "SET:k: holds 'first', and 'second' was acknowledged",
      'INCR:k: holds 1, and 2 was acknowledged',
      "RPUSH:k: 'second' was acknowledged with '2', and is not there",
      "XADD:k: 'second' was acknowledged with '2-0', and is not there",
    ]);
  });

  it('misses what was there after an earlier restart', () => {
    const { ledger } = threeOfEach();
    const faults = ledger.check(new Map());
    for (const key of ['SET:k', 'INCR:k', 'RPUSH:k', 'XADD:k']) {
      expect(faults).toContainEqual(expect.stringContaining(`${key}: `));
    }
    expect(faults).toContain("RPUSH:k: 'first' was there after the last restart, and is not now");
  });

  it.each([
    ['SET:k', ['never sent'], "holds 'never sent', and 'second' was acknowledged"],
    ['INCR:k', ['4'], 'holds 4, and increments up to 3 were sent'],
    ['RPUSH:k', ['first', 'second', 'other'], "'other' is there, and was not sent, or not twice"],
    ['RPUSH:k', ['first', 'second', 'second'], "'second' is there, and was not sent, or not twice"],
    ['RPUSH:k', ['first', 'third', 'second'], "'second' was acknowledged with '2', and is not there"],
    ['XADD:k', ['1-0 first', '2-1 second'], "'second' was acknowledged with '2-0', and is not there"],
    [
      'XADD:k',
      ['1-0 first', '2-0 second', '3-0 other'],
      "'3-0 other' is there, and was not sent, or not twice",
    ],
    ['ZSET:k', ['1'], 'nobody wrote it'],
    ['SET:other', ['1'], 'nobody wrote it'],
  ])('finds in %s what cannot be there: %s', (key, entries, fault) => {
    const { ledger, third } = threeOfEach();
    expect(ledger.check(holding(third, key, ...entries))).toContain(`${key}: ${fault}`);
  });

  it('finds a write that is there while an earlier one of its connection is not', () => {
    const { ledger, second, third } = threeOfEach();
    const stream = third.get('XADD:k') as string[];
    expect(ledger.check(holding(second, 'XADD:k', ...stream))).toEqual([
      "connection 1: XADD:k 'third' is there, but not SET:k 'third', which it sent before",
    ]);
  });

  it('finds replies that belong to other requests', () => {
    const ledger = new Ledger();
    const model = new Model();
    const writes = [write('SET', 'a', '1'), write('SET', 'a', '2'), write('INCR', 'b'), write('INCR', 'b')];
    const sent = writes.map((each) => ledger.send(1, each));
    const replies = sent.map((each) => model.run(each));
    for (const [index, reply] of [replies[1], replies[0], replies[3], replies[3]].entries()) {
      ledger.acknowledge(sent[index], reply);
    }
    expect(ledger.check(model.stored)).toEqual([
      "SET:a: the reply to the write of '1' says '1' was there",
      "SET:a: the reply to the write of '2' says nothing was there",
      'INCR:b: two increments were answered with the same count',
    ]);
  });

  it('finds a loss wherever the log of a server is cut, and only then', () => {
    const kinds = fc.constantFrom<WriteKind>('SET', 'INCR', 'RPUSH', 'XADD');
    const write = fc.record({ connection: fc.nat(2), kind: kinds, number: fc.nat(1) });
    const cuts = fc.tuple(fc.nat(), fc.nat(), fc.nat());
    fc.assert(
      fc.property(fc.array(write, { minLength: 1, maxLength: 40 }), cuts, (writes, [a, b, c]) => {
        const ledger = new Ledger();
        const model = new Model();
        const sent = writes.map(({ connection, kind, number }, index): SentWrite => {
          const key = kind === 'SET' ? `${kind}:${connection}:${number}` : `${kind}:${number}`;
          return ledger.send(connection, { kind, key, value: kind === 'INCR' ? '' : `${index}` });
        });
        const states: Stored[] = [new Map()];
        const replies = sent.map((each) => {
          const reply = model.run(each);
          states.push(copyOf(model.stored));
          return reply;
        });
        const acknowledged = a % (sent.length + 1);
        const kept = acknowledged + (b % (sent.length + 1 - acknowledged));
        for (let i = 0; i < acknowledged; i++) ledger.acknowledge(sent[i], replies[i]);
        expect(ledger.check(states[kept])).toEqual([]);
        if (acknowledged === 0) return;
        const lost = c % acknowledged;
        const faults = ledger.check(states[lost]);
        for (const { key } of sent.slice(lost, acknowledged)) {
          expect(faults).toContainEqual(expect.stringContaining(`${key}: `));
        }
      }),
    );
  });
});

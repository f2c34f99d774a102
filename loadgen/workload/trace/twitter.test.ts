import fc from 'fast-check';
import { expect, it } from 'vitest';
import { NO_SIZE, TraceParser, traceHead, traceOperations } from './format.ts';
import { TwitterConverter } from './twitter.ts';

function convert(rows: readonly string[]) {
  const converter = new TwitterConverter('cluster.csv');
  const text = traceHead + rows.map((row) => converter.row(row)).join('') + converter.end();
  const requests: { timeNs: number; operation: string; key: string; valueBytes: number }[] = [];
  const parser = new TraceParser('out', {
    request(timeNs, operation, key, keyBytes, valueBytes) {
      const name = Buffer.from(key.subarray(0, keyBytes)).toString('latin1');
      requests.push({ timeNs, operation: traceOperations[operation], key: name, valueBytes });
    },
  });
  parser.feed(Buffer.from(text, 'latin1'));
  parser.end();
  return { requests, counts: Object.fromEntries(converter.counts) };
}

it('spreads the rows of a second over it, and starts with the first one', () => {
  const { requests, counts } = convert([
    '7,nz:u:eeW511W3dcH3de3d15ec,22,1024,12,get,0',
    '7,nz:u:eeW511W3dcH3de3d15ec,26,30,12,cas,86400',
    '7,a,b c,5,0,1,gets,0',
    '9,x,1,0,1,delete,0',
  ]);
  expect(requests).toEqual([
    { timeNs: 0, operation: 'get', key: 'nz:u:eeW511W3dcH3de3d15ec', valueBytes: 1024 },
    { timeNs: 333_333_333, operation: 'set', key: 'nz:u:eeW511W3dcH3de3d15ec.', valueBytes: 30 },
    { timeNs: 666_666_666, operation: 'get', key: 'a,b c', valueBytes: NO_SIZE },
    { timeNs: 2e9, operation: 'del', key: 'x', valueBytes: NO_SIZE },
  ]);
  expect(counts).toEqual({ get: 1, cas: 1, gets: 1, delete: 1 });
});

it('keeps each row, in its order, with its key and its size', () => {
  const row = fc.record({
    gap: fc.nat(3),
    key: fc
      .uint8Array({ minLength: 1, maxLength: 20 })
      .map((bytes) => Buffer.from(bytes).toString('latin1'))
      .filter((key) => !/[\r\n]/.test(key)),
    padding: fc.nat(3),
    value: fc.nat(100_000),
    operation: fc.constantFrom('get', 'set', 'add', 'delete', 'incr', 'prepend'),
  });
  fc.assert(
    fc.property(fc.array(row, { minLength: 1, maxLength: 40 }), (rows) => {
      let second = 1000;
      const seconds: number[] = [];
      const lines = rows.map(({ gap, key, padding, value, operation }) => {
        second += gap;
        seconds.push(second - 1000 - rows[0].gap);
        return `${second},${key},${key.length + padding},${value},3,${operation},0`;
      });
      const { requests } = convert(lines);
      expect(requests.length).toBe(rows.length);
      for (const [i, { key, padding, value, operation }] of rows.entries()) {
        const expected = operation === 'get' ? 'get' : operation === 'delete' ? 'del' : 'set';
        expect(requests[i].operation).toBe(expected);
        expect(requests[i].key).toBe(key + '.'.repeat(padding));
        if (expected === 'set') expect(requests[i].valueBytes).toBe(value);
        expect(Math.floor(requests[i].timeNs / 1e9)).toBe(seconds[i]);
      }
    }),
  );
});

it.each([
  ['7,k,1,2,3,get', 'cluster.csv:1: the row has 6 columns'],
  ['x,k,1,2,3,get,0', "the row has the timestamp 'x'"],
  ['7,k,1,-2,3,get,0', "the row has the value size '-2'"],
  ['7,k,1,2,3,touch,0', "the row has the operation 'touch'"],
  ['7,,1,2,3,get,0', 'the row has no key'],
])('refuses %s', (row, message) => {
  expect(() => convert([row])).toThrow(message);
});

/** Random requests of Redis, damaged at random places and cut anywhere. */
import fc from 'fast-check';
import { encode } from './kvserver-processes.ts';

const key = fc.constantFrom('a', 'b', 'key:1', '');
const value = fc.oneof(
  fc.constantFrom(
    '',
    '1',
    '-7',
    'text',
    '\r\n',
    '*1\r\n',
    '$-1',
    '\x00',
    'x'.repeat(300),
    'y'.repeat(40_000),
  ),
  fc.string({
    maxLength: 20,
    unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)),
  }),
);
const command = (...words: (string | fc.Arbitrary<string>)[]): fc.Arbitrary<string> =>
  fc.tuple(...words.map((word) => (typeof word === 'string' ? fc.constant(word) : word))).map(encode);

const request = fc.oneof(
  command('PING'),
  command('ECHO', value),
  command('SET', key, value),
  command('GET', key),
  command('APPEND', key, value),
  command('INCR', key),
  command('RPUSH', key, value, value),
  command('LRANGE', key, '0', '-1'),
  command('HSET', key, value, value),
  command('HGETALL', key),
  command('DEL', key, key),
  command('MULTI'),
  command('EXEC'),
  command('DISCARD'),
  command('SELECT', fc.constantFrom('0', '1', '99')),
  command('HELLO', fc.constantFrom('2', '3')),
  command('SUBSCRIBE', key),
  command('CLIENT', 'REPLY', fc.constantFrom('ON', 'OFF', 'SKIP')),
  command('RESET'),
  command('QUIT'),
  fc.constantFrom('PING\r\n', 'GET a\n', 'SET a "x y"\r\n', 'ECHO "open\r\n', '\r\n', '*-1\r\n', '*0\r\n'),
);

const garbage = fc.constantFrom(
  ...[
    '*',
    '$',
    '\r\n',
    '\n',
    '\r',
    '\x00',
    '-1',
    '"',
    "'",
    '*3\r\n',
    '$5\r\n',
    '99999999999',
    '+OK\r\n',
    '\xff',
    '0',
  ],
);
/** Where, as a share of the text; how many of its bytes go; what comes instead. */
const damage = fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.nat({ max: 4 }), fc.option(garbage));

/** In latin1, in pieces; what a server has of other requests is deleted first. */
export const requestsInPieces: fc.Arbitrary<string[]> = fc
  .tuple(
    fc.array(request, { minLength: 1, maxLength: 12 }),
    fc.array(damage, { maxLength: 3 }),
    fc.array(fc.integer({ min: 1, max: 30 }), { maxLength: 12 }),
  )
  .map(([requests, damages, cuts]) => {
    let text = requests.join('');
    for (const [where, bytes, instead] of damages) {
      const at = Math.floor(where * text.length);
      text = text.slice(0, at) + (instead ?? '') + text.slice(at + bytes);
    }
    const pieces = [encode(['FLUSHALL'])];
    for (const bytes of cuts) {
      pieces.push(text.slice(0, bytes));
      text = text.slice(bytes);
    }
    return [...pieces, text].filter((piece) => piece !== '');
  });

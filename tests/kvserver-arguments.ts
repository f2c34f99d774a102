/** Arguments and commands for random requests: few keys, so that they meet, and values of all lengths and bytes. */
import fc from 'fast-check';

export const keys = ['a', 'b', 'c', 'd', 'key:{1}', '', '\x00\xff\r\n'];
export const key = fc.constantFrom(...keys);
export const member = fc.oneof(
  fc.constantFrom('m1', 'm2', 'm3', '', '\xfe\x00'),
  fc.string({
    maxLength: 12,
    unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)),
  }),
);
export const number = fc.oneof(
  fc.integer({ min: -20, max: 20 }).map(String),
  fc.constantFrom('9223372036854775807', '-9223372036854775808', '9223372036854775808', '9007199254740993'),
  fc.constantFrom('007', '+1', ' 1', '1.5', 'abc', '', '-0', '-'),
);
export const decimal = fc.oneof(
  fc.integer({ min: -1000, max: 1000 }).map((n) => String(n / 8)),
  fc.constantFrom(
    '0.1',
    '3.3',
    '1e10',
    '1e300',
    '1e-7',
    '123456789.123456789',
    'inf',
    '-inf',
    '-0',
    'abc',
    '',
    '1e5000',
  ),
);
export const value = fc.oneof(member, number, decimal, fc.constantFrom('x'.repeat(200), 'y'.repeat(70000)));
export const seconds = fc.constantFrom(
  '1000',
  '100000',
  '0',
  '-1',
  '9223372036854775',
  '9223372036854775807',
  'abc',
);
export const pastOrFuture = fc.constantFrom('99999999999', '1', '0', '-5', 'abc', '9223372036854775807');
export const word = (...words: string[]) => fc.constantFrom(...words);

export type Argument = fc.Arbitrary<string> | fc.Arbitrary<string[]>;

export function command(name: string, ...args: Argument[]): fc.Arbitrary<string[]> {
  return fc.tuple(...args).map((values) => [name, ...values.flat()]);
}

export function many(argument: Argument, minLength = 1, maxLength = 4): fc.Arbitrary<string[]> {
  return fc
    .array(argument as fc.Arbitrary<string | string[]>, { minLength, maxLength })
    .map((list) => list.flat());
}

export function options(...choices: fc.Arbitrary<string[]>[]): fc.Arbitrary<string[]> {
  return many(fc.oneof(...choices), 0, 2);
}

export const pair = fc.tuple(key, value).map((both) => [...both]);
export const field = fc.tuple(member, value).map((both) => [...both]);
export const scored = fc.tuple(decimal, member).map((both) => [...both]);
/** Elements that lists have several of. */
export const element = fc.oneof(word('m1', 'm2', '', '1'), member);
export const side = word('LEFT', 'right', 'RIGHT', 'left', 'x');
/** Not the highest numbers: Redis 7.0 adds to them, and reads where no argument is. */
export const keyCount = word('1', '2', '1', '3', '0', '-1', 'x');
export const popCount = fc.tuple(word('COUNT', 'x'), number).map((both) => [...both]);
export const alone = (...words: string[]) => word(...words).map((one) => [one]);
export const absoluteOptions = options(alone('NX', 'xx', 'GT', 'lt'), alone('foo'));
// GT and LT between relative times would depend on the milliseconds between two commands.
export const relativeOptions = options(alone('NX', 'xx'), alone('foo'));

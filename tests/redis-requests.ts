/**
 * What a server of Redis may be sent, right and wrong: each exchange goes over a connection of its own, in pieces, with
 * nothing behind it, and ends with the client's end or with a reset. Keys are an exchange's own: all run at a time.
 */
import { encode } from './kvserver-processes.ts';

export interface Exchange {
  name: string;
  /** In latin1. */
  pieces: readonly string[];
  resets?: boolean;
}

const KIBIBYTE = 1024;
const INLINE_MAX = 64 * KIBIBYTE;

const command = (...words: string[]): string => encode(words);
const PING = command('PING');
const digits = (count: number): string => '1'.repeat(count);
const pieceByPiece = (text: string, bytes: number): string[] =>
  Array.from({ length: Math.ceil(text.length / bytes) }, (_, i) => text.slice(i * bytes, (i + 1) * bytes));

/** Each is its own name, and one piece. */
const plain = (...texts: string[]): Exchange[] =>
  texts.map((text) => ({ name: JSON.stringify(text), pieces: [text] }));

const named = (name: string, ...pieces: string[]): Exchange => ({ name, pieces });

const multibulkLengths = [
  ...['-1', '0', '-99999999999', '2147483647', '2147483648', '1048577', '99999999999', '-0', '+1', ' 1'],
  ...['9223372036854775807', '9223372036854775808', '-9223372036854775808', '-9223372036854775809', '1.5'],
  ...['01', '1 ', '', 'abc', '1\x00', '\x00', '-', '0x1', '1e1', '*'],
].map((length) => `*${length}\r\n${PING}`);

const bulkLengths = [
  ...['-1', '-5', '0', '-0', '536870912', '536870913', '9223372036854775807', '9223372036854775808'],
  ...[
    '-9223372036854775809',
    '99999999999999999999',
    '+4',
    '04',
    '4 ',
    ' 4',
    '',
    'abc',
    '4\x00',
    '\x00',
    '$',
  ],
].flatMap((length) => [`*1\r\n$${length}\r\nPING\r\n`, `*2\r\n$4\r\nECHO\r\n$${length}\r\nabcd\r\n${PING}`]);

const prefixes = [
  ...[
    '+PING\r\n',
    ':1\r\n',
    '-1\r\n',
    '*1\r\n$4\r\nPING\r\n',
    '\r\n',
    '\n\r\n',
    '\x00\r\n',
    '\xff\r\n',
    '4\r\n',
  ],
  ...[
    '_\r\n',
    '%1\r\n',
    '~1\r\n',
    '(1\r\n',
    '=4\r\nPING\r\n',
    '#t\r\n',
    '>1\r\n',
    '|1\r\n',
    '!4\r\nPING\r\n',
  ],
].flatMap((wrong) => [`*1\r\n${wrong}${PING}`, `*3\r\n$3\r\nSET\r\n$6\r\nprefix\r\n${wrong}${PING}`]);

const lineEnds = [
  '*1\n$4\nPING\n',
  `*1\rX$4\rXPING\rX${PING}`,
  `*1\r\n$4\r\nPINGxx${PING}`,
  '*1\r',
  '*1\r\n$4\r',
  `*\r${PING}`,
  `\r\n\r\n${PING}`,
  `\n\n\n${PING}`,
  `\r${PING}`,
];

const inline = [
  ...['PING\r\n', 'PING\n', '  PING  \r\n', 'PING\tx\r\n', 'ping x y z\r\n', `PING ${'a '.repeat(1000)}\r\n`],
  ...[
    '\x00PING\r\n',
    'PI\x00NG\r\nPING\r\n',
    'ECHO a\x00b\r\n',
    'PING\r\n\x00',
    'ECHO \xff\xfe\r\n',
    '-1\r\n',
  ],
  ...['ECHO "a\\x00\\xff\\n\\"b"\r\n', "ECHO 'it\\'s'\r\n", 'ECHO ""\r\n', '""\r\n', "''\r\n", '"PING"\r\n'],
  ...[
    'GET "unbalanced\r\n',
    "GET 'unbalanced\r\n",
    'ECHO "a"b\r\n',
    "ECHO 'a'b\r\n",
    'ECHO "\\x4"\r\n',
    '"\r\n',
  ],
  ...['POST / HTTP/1.1\r\nPING\r\n', 'GET / HTTP/1.1\r\nHost: example\r\n\r\n', 'Host: example\r\nPING\r\n'],
  ...[
    'PING\r\nQUIT\r\nPING\r\n',
    'QUIT now\r\nPING\r\n',
    '$4\r\nPING\r\n',
    '+OK\r\n',
    '\x16\x03\x01\x02\x00\x01\r\n',
  ],
].flatMap((text) => [text, text + PING]);

const hello = [
  ...[
    '',
    ' 2',
    ' 3',
    ' 1',
    ' 4',
    ' x',
    ' 2147483648',
    ' -3',
    ' 3 AUTH',
    ' 3 AUTH a',
    ' 3 AUTH a b',
    ' 3 SETNAME',
  ],
  ...[
    ' 3 SETNAME "a b"',
    ' 3 SETNAME ok',
    ' 3 JUNK',
    ' 3 AUTH default x SETNAME y',
    ' 3 SETNAME a SETNAME b',
    ' "3',
  ],
].map((rest) => `HELLO${rest}\r\nPING\r\nDEBUG PROTOCOL null\r\n`);

const types = [
  ...[
    'string',
    'integer',
    'double',
    'null',
    'array',
    'set',
    'map',
    'attrib',
    'push',
    'verbatim',
    'true',
    'false',
  ],
  'bignum',
];
const ofProtocol = (proto: string): string =>
  [`HELLO ${proto}`, ...types.map((type) => `DEBUG PROTOCOL ${type}`), 'PING'].join('\r\n');

/** Replies of many shapes, none of which depends on anything else. */
function conversation(prefix: string): string {
  const key = (name: string): string => `${prefix}:${name}`;
  const commands = [
    ['SET', key('s'), 'a\x00\r\n$5\r\nb', 'GET'],
    ['GETRANGE', key('s'), '0', '-1'],
    ['RPUSH', key('l'), 'one', '', 'three'],
    ['LRANGE', key('l'), '0', '-1'],
    ['HSET', key('h'), 'f', 'v'],
    ['HGETALL', key('h')],
    ['SADD', key('set'), 'm'],
    ['SMEMBERS', key('set')],
    ['ZADD', key('z'), '1.5', 'm', 'inf', 'n'],
    ['ZRANGE', key('z'), '0', '-1', 'WITHSCORES'],
    ['XADD', key('x'), '1-1', 'f', 'v'],
    ['XRANGE', key('x'), '-', '+'],
    ['GET', key('l')],
    ['GET'],
    ['nosuch\r\ncommand', 'a\r\nb'],
    ['MULTI'],
    ['INCR', key('n')],
    ['GET'],
    ['EXEC'],
    ['MULTI'],
    ['INCR', key('n')],
    ['LPOP', key('n')],
    ['EXEC'],
    ['EVAL', 'return {1, {"a", false}, redis.error_reply("E x"), {ok="fine"}}', '0'],
    ['EVAL', 'return redis.call("GET", KEYS[1])', '1', key('l')],
    ['SUBSCRIBE', key('c')],
    ['GET', key('s')],
    ['PING', 'x'],
    ['UNSUBSCRIBE'],
    ['CLIENT', 'REPLY', 'SKIP'],
    ['ECHO', 'skipped'],
    ['ECHO', 'seen'],
    ['CLIENT', 'REPLY', 'OFF'],
    ['ECHO', 'off'],
    ['CLIENT', 'REPLY', 'ON'],
    ['CLIENT', 'TRACKING', 'ON'],
    ['BLPOP', key('none'), '0.01'],
    ['RESET'],
    ['ECHO', ''],
  ];
  return commands.map((words) => command(...words)).join('');
}

const BIG_BYTES = [16_383, 16_384, 32_767, 32_768, 32_769, 65_536, 1_048_577];
const big = BIG_BYTES.map((bytes) => {
  const value = 'abcdefg'.repeat(bytes / 7 + 1).slice(0, bytes);
  const request = command('SET', `big:${bytes}`, value) + command('GET', `big:${bytes}`) + PING;
  return named(`a value of ${bytes} bytes`, ...pieceByPiece(request, 40_000));
});

const pipeline = Array.from({ length: 3000 }, (_, i) => command('ECHO', `${i}`)).join('');
const halves = [
  '*',
  '*3\r\n',
  '*3\r\n$3\r\nSET\r\n$4\r\nhalf\r\n$100\r\nxxx',
  'SET half x',
  `${PING}*1\r\n$4\r\nPI`,
];

/**
 * Redis takes a line of more than 64 KiB only when a read brings its end at once, which depends on what is in the
 * socket's buffer: none here has its end within what one read may bring. Up to a byte more than 64 KiB is always taken.
 */
const longLines = [
  ...[INLINE_MAX - 1, INLINE_MAX, INLINE_MAX + 1].map((bytes) => {
    const line = `ECHO ${'x'.repeat(bytes - 7)}\r\n`;
    return named(`an inline request of ${bytes} bytes`, line + PING);
  }),
  named('an inline request without an end', 'x'.repeat(INLINE_MAX + 1)),
  named('a request of NUL bytes', '\x00'.repeat(INLINE_MAX + 1)),
  named('an inline request of a megabyte', `PING\r\nECHO ${'x'.repeat(KIBIBYTE ** 2)}\r\nPING\r\n`),
  named('a megabyte without an end', 'x'.repeat(KIBIBYTE ** 2)),
  named('a count of many digits', `*${digits(INLINE_MAX + 1)}`),
  named('a count of a megabyte', `*${digits(KIBIBYTE ** 2)}\r\n`),
  named('a length of many digits', `*1\r\n$${digits(INLINE_MAX + 1)}`),
  named('a length of a megabyte', `${PING}*1\r\n$${digits(KIBIBYTE ** 2)}\r\n`),
];

export const exchanges: readonly Exchange[] = [
  ...plain(...multibulkLengths, ...bulkLengths, ...prefixes, ...lineEnds, ...inline, ...hello),
  ...longLines,
  ...big,
  named('every type of RESP2', `${ofProtocol('2')}\r\n`),
  named('every type of RESP3', `${ofProtocol('3')}\r\n`),
  named('a conversation in RESP2', conversation('two')),
  named('a conversation in RESP3', command('HELLO', '3') + conversation('three')),
  named('a conversation byte by byte', ...conversation('bytes')),
  named('a conversation of pieces of 7 bytes', ...pieceByPiece(conversation('sevens'), 7)),
  named('a pipeline of thousands', pipeline),
  named('a pipeline of thousands in pieces', ...pieceByPiece(pipeline, 1001)),
  named('thousands of arguments', command('ECHO', ...Array.from({ length: 5000 }, (_, i) => `${i}`)) + PING),
  ...halves.flatMap((half) => [
    { name: `half a request and an end: ${JSON.stringify(half)}`, pieces: [half] },
    { name: `half a request and a reset: ${JSON.stringify(half)}`, pieces: [half], resets: true },
  ]),
];

const many = (words: number): string => command('ECHO', ...Array.from({ length: words - 1 }, () => 'x'));

/** To a server that wants the password `secret`. */
export const unauthenticated: readonly Exchange[] = [
  ...plain('*10\r\n', '*11\r\n', '*2147483647\r\n', '*-1\r\n', '*1\r\n$16384\r\n', '*1\r\n$16385\r\n'),
  ...plain('*1\r\n$536870912\r\n', 'PING\r\nGET a\r\nHELLO 3\r\n', 'AUTH\r\nAUTH a b c\r\nAUTH wrong\r\n'),
  ...plain(
    'HELLO 3 AUTH default secret\r\nGET a\r\n',
    'AUTH secret\r\nGET a\r\n',
    'QUIT\r\nGET a\r\n',
    'RESET\r\n',
  ),
  named('ten words', many(10) + PING),
  named('eleven words', many(11) + PING),
  named('eleven words behind the password', command('AUTH', 'secret') + many(11) + PING),
  named('a word of 16 KiB', command('ECHO', 'x'.repeat(16_384)) + PING),
  named('a longer word', command('ECHO', 'x'.repeat(16_385)) + PING),
  named('a longer word behind the password', command('AUTH', 'secret') + command('ECHO', 'x'.repeat(16_385))),
  named('a password of 20,000 bytes', command('AUTH', 'x'.repeat(20_000)) + PING),
  named('an inline request of 60,000 bytes', `ECHO ${'x'.repeat(60_000)}\r\n`),
];

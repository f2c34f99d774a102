import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { joinWords, splitWords, WordsError } from './words.ts';

describe('words are split as a shell splits them', () => {
  test.each<[text: string, words: string[]]>([
    ['', []],
    ['  redis-server   --port\t{port}\n', ['redis-server', '--port', '{port}']],
    [`--save '' --appendonly ""`, ['--save', '', '--appendonly', '']],
    [`'a b'c"d e"f`, ['a bcd ef']],
    ['a\\ b \\\\ \\"', ['a b', '\\', '"']],
    [`"a\\"b" "a\\\\b" "a\\b"`, ['a"b', 'a\\b', 'a\\b']],
    [`'a\\b' '"' "'"`, ['a\\b', '"', "'"]],
    ['a\\\nb "c\\\nd"', ['ab', 'cd']],
    [`'$HOME' '*' \\$x "a|b" a#b a~`, ['$HOME', '*', '$x', 'a|b', 'a#b', 'a~']],
    ['{"a":1}', ['{a:1}']],
  ])('%j', (text, words) => {
    expect(splitWords(text)).toEqual(words);
  });

  test('whatever a shell would print for them', () => {
    const piece = fc.constantFrom(
      'a',
      'b',
      ' ',
      "'x y'",
      '"x y"',
      "''",
      '""',
      '\\ ',
      '"\\""',
      '"\\x"',
      '\\\\',
      '{port}',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const text = pieces.join('');
        const shell = execFileSync(
          'sh',
          ['-c', `for word in ${text || '""'}; do printf '%s\\0' "$word"; done`],
          {
            encoding: 'utf8',
          },
        );
        const words = text.trim() === '' ? [] : shell.split('\0').slice(0, -1);
        expect(splitWords(text)).toEqual(words);
      }),
      { numRuns: 60 },
    );
  });
});

describe('what only a shell could do is refused', () => {
  test.each([
    '$HOME',
    '"$HOME"',
    '`date`',
    'a | b',
    'a > b',
    'a < b',
    'a & b',
    'a; b',
    '*.rdb',
    'a?',
    '[ab]',
    '(a)',
  ])('%s', (text) => {
    expect(() => splitWords(text)).toThrow(WordsError);
    expect(() => splitWords(text)).toThrow('there is no shell');
  });

  test.each(['~/redis', 'redis # fast'])('%s, at the start of a word', (text) => {
    expect(() => splitWords(text)).toThrow('there is no shell');
  });
});

test.each([
  ["redis 'a", 'a single quote is not closed'],
  ['redis "a', 'a double quote is not closed'],
  ['redis "a\\"', 'a double quote is not closed'],
  ['redis \\', 'a backslash at the end quotes nothing'],
])('%s', (text, message) => {
  expect(() => splitWords(text)).toThrow(message);
});

test('words that are joined are split again', () => {
  expect(joinWords(['redis-server', '--save', '', 'a b', "it's", '{port}'])).toBe(
    `redis-server --save '' 'a b' 'it'\\''s' {port}`,
  );
  fc.assert(
    fc.property(fc.array(fc.string()), (words) => {
      expect(splitWords(joinWords(words))).toEqual(words);
    }),
  );
});

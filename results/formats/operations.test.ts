import { describe, expect, it, test } from 'vitest';
import { type CommandStep, parseCommand } from './command-text.ts';
import { fillersOf, placeOf, unfilledInWords } from './operations.ts';

function stepOf(text: string): CommandStep {
  const steps = parseCommand(text);
  if (typeof steps === 'string') throw new Error(steps);
  return steps[0];
}

describe('commands of one place', () => {
  test.each([
    [
      '{key}',
      ['GET {key} -> value', 'SET {key} {value} EX 60 -> ok', 'SETEX {key} 60 {value} -> ok'],
      ['GETEX {key} EX 60 -> value', 'getex {key} PERSIST -> value', 'GETDEL {key} -> value'],
      ['MGET {keys:10} -> values', 'SET {new_key} {value} -> ok', 'PSETEX {key} 60000 {value} -> ok'],
    ],
    ['user:{key}', ['GETEX user:{key} PX 5 -> value'], ['SETEX user:{key} 60 {value} -> ok'], []],
    [
      '{key} f',
      ['HGET {key} f -> value', 'HSET {key} f {value} -> integer', 'HSET {key} a 1 f {value} -> integer'],
      ['HSETEX {key} FNX EX 60 FIELDS 1 f {value} -> integer', 'HSETNX {key} f {value} -> integer'],
      [],
    ],
    [
      '{key} {fields}',
      ['HGETALL {key} -> fields:3', 'HMSET {key} {fields:3} -> ok', 'HMSET {key} {field:3} {value} -> ok'],
      ['HSETEX {key} EX 60 FIELDS 3 {fields:3} -> integer'],
      [],
    ],
    [
      'index {number}',
      ['ZADD index {number} {key} -> integer', 'ZADD index NX CH {number} {key} -> integer'],
      ['ZRANGEBYSCORE index {number} +inf LIMIT 0 {count:9} -> keys'],
      ['ZRANGE index {number} +inf BYSCORE LIMIT 0 {count:9} -> keys'],
    ],
    // Of a command that is not known each word may say where.
    ['{key} 0', ['LSET {key} 0 {value} -> ok', 'LINDEX {key} 0 -> value'], [], []],
  ])('%s', (place, ...commands) => {
    for (const command of commands.flat())
      expect([command, placeOf(stepOf(command))]).toEqual([command, place]);
  });
});

describe('what fills', () => {
  const fillersFor = (name: string, commands: Record<string, string>): string[] | string => {
    const found = fillersOf([{ name, steps: [stepOf(commands[name])] }], commands);
    if (!('steps' in found)) return unfilledInWords(found, 'x');
    return found.steps.map(({ words }) =>
      words.map(([part]) => (part.kind === 'text' ? part.text : `{${part.kind}}`)).join(' '),
    );
  };

  it('is found whatever options stand before the value or behind the key', () => {
    expect(fillersFor('a', { a: 'GETEX {key} EX 60 -> value' })).toEqual(['SET {key} {value}']);
    const setex = 'SETEX {key} 60 {value} -> ok';
    expect(fillersFor('a', { a: setex })).toEqual(['SETEX {key} 60 {value}']);
    const hset = 'HSET {key} a 1 f {value} -> integer';
    expect(fillersFor('a', { a: 'HGET {key} f -> value', hset })).toEqual(['HSET {key} a 1 f {value}']);
  });

  it('is no command that is answered by, or needs, what is there before', () => {
    for (const command of ['GETSET {key} {value} -> value', 'SET {key} {value} XX -> ok']) {
      expect(fillersFor('a', { a: command })).toEqual(['SET {key} {value}']);
      const elsewhere = { a: command.replace('{key}', 'b:{key}') };
      expect(fillersFor('a', elsewhere)).toMatch(
        /^nothing writes what a (reads|overwrites) \(b:\{key\}\): define/,
      );
    }
  });
});

import { describe, expect, it } from 'vitest';
import { parseCommand } from './command-text.ts';

describe('parseCommand', () => {
  it('reads words with their placeholders, and the kind of the reply', () => {
    expect(parseCommand('HSET user:{key} "a field" {value} -> integer')).toEqual([
      {
        words: [
          [{ kind: 'text', text: 'HSET' }],
          [{ kind: 'text', text: 'user:' }, { kind: 'key' }],
          [{ kind: 'text', text: 'a field' }],
          [{ kind: 'value' }],
        ],
        reply: 'integer',
        fields: 0,
      },
    ]);
  });

  it('knows how many fields a record has, from what is written or read', () => {
    const fieldsOf = (text: string): unknown =>
      (parseCommand(text) as { fields: number }[]).map(({ fields }) => fields);
    expect(fieldsOf('HMSET {key} {fields:10} -> ok')).toEqual([10]);
    expect(fieldsOf('HMSET {key} {field:3} {value} -> ok')).toEqual([3]);
    expect(fieldsOf('HGETALL {key} -> fields:32; HSET {key} {field:2} {value} -> any')).toEqual([32, 2]);
  });

  it.each([
    'HMSET {new_key} {fields:10} -> ok; ZADD index {number} {key} -> integer',
    'ZADD index {number} {new_key} -> integer',
    'ZRANGEBYSCORE index {number} +inf LIMIT 0 {count:100} -> keys; HGETALL {each} -> fields:10',
    'MGET {keys:10} -> values; GET {each} -> value',
    'ZRANGEBYSCORE index {number} +inf LIMIT 0 {count:100} -> array',
  ])('takes %s', (text) => {
    expect(parseCommand(text)).toBeInstanceOf(Array);
  });

  it.each([
    ['GET {key}', 'does not end with the kind of its reply: -> ok, '],
    ['HGETALL {key} -> fields', 'does not end with the kind of its reply'],
    ['HGETALL {key} -> fields:33', 'does not end with the kind of its reply'],
    ['GET {kye} -> value', 'There is no placeholder {kye}: there are {key}'],
    ['MGET {keys:1001} -> values', 'There is no placeholder {keys:1001}'],
    ['GET {key:1} -> value', 'There is no placeholder {key:1}'],
    ['HSET {key} {fields:0} -> ok', 'There is no placeholder {fields:0}'],
    ['{key} -> value', 'A command begins with its name'],
    ['SET {key} a{value} -> ok', '{value} is a word of its own'],
    ['HSET {key} f{field:2} {value} -> ok', '{field} is a word of its own'],
    ['SET {key} {value} {value} -> ok', 'one {value} at most'],
    ['SET {key} {new_key} -> ok', 'and not two of them'],
    ['ECHO {value} -> bulk', '{value} is the value of a key: the command needs {key} or {new_key} too'],
    ['HSET x {fields:3} -> any', '{fields:...} are the values of a key'],
    ['HSET {key} {fields:3} {value} -> any', '{value} or {fields:...}, and not both'],
    ['HGET {key} {field:3} -> bulk', '{field:...} is the field of a {value}, which the command lacks'],
    ['HSET {key} {field:3} {value} -> fields:2', 'records with one number of fields'],
    ['ZRANGE index 0 {count:9} -> array', '{count:...} is how many keys follow {number}'],
    ['ZRANGE {key} {number} {count:9} -> array', 'has a {number}, and no key'],
    ['GET x -> value', 'A reply of kind value is that of {key}'],
    ['GET {key} -> values', 'Replies of kind values are those of {keys:...}'],
    ['HGETALL x -> fields:3', 'A reply of kind fields is that of {key} or {each}'],
    ['KEYS x -> keys', 'A reply of kind keys is that of {count:...}'],
    ['GET {key} -> value; SET {new_key} {value} -> ok', '{new_key} is of the first step'],
    ['GET {key} -> value; GET {each} -> value', '{each} is each of the keys that the step before asks for'],
    ['GET {each} -> value', '{each} is each of the keys that the step before asks for'],
    ['MGET {keys:9} -> values; GET {each} -> value; PING -> any', 'A step with {each} is the last one'],
  ])('refuses %s', (text, message) => {
    expect(parseCommand(text)).toContain(message);
  });
});

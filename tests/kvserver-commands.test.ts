/**
 * The command table of the TypeScript engine against redis-server's: docs/commands.md names what is there and what is
 * not, and every command that is there has the same arity, flags, places of keys and categories, or stands there too.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { commandSection, withSection } from '../scripts/command-docs/section.ts';
import { readTable } from '../scripts/command-docs/table.ts';
import { startBoth } from './kvserver-both.ts';
import type { Reply, RespConnection } from './kvserver-processes.ts';
import { commandsOfBoth, type DescribedCommand, leastRequest, setupOf } from './kvserver-requests.ts';

const both = startBoth();

it('docs/commands.md says what npm run command-docs would write', async () => {
  const document = readFileSync(join(import.meta.dirname, '..', 'docs', 'commands.md'), 'utf8');
  const section = commandSection(await readTable(both.server.port), await readTable(both.redis.port));
  expect(document).toBe(withSection(document, section));
});

/** The counters of lookups after a request, where there is what it looks for, and where there is not. */
async function lookups(connection: RespConnection, command: DescribedCommand): Promise<string[]> {
  const request = leastRequest(command);
  const found: string[] = [];
  for (const setup of [setupOf(command), ['DEL', 'key']]) {
    for (const before of [['DEL', 'key', 'target', 'member'], setup, ['CONFIG', 'RESETSTAT'], request]) {
      await connection.command(...before);
    }
    const { text } = await connection.command('INFO', 'stats');
    found.push(...text!.match(/keyspace_(hits|misses):\d+/g)!);
    await connection.command('SELECT', '0');
  }
  return found;
}

it('counts hits and misses as Redis does, in every command', async () => {
  const { ours, theirs } = both;
  const commands = await commandsOfBoth(ours, theirs);
  expect(commands.length).toBeGreaterThan(90);
  for (const command of commands) {
    const name = command.words.join(' ');
    expect([name, ...(await lookups(ours, command))]).toEqual([name, ...(await lookups(theirs, command))]);
  }
});

function texts(reply: Reply): string[] {
  return reply.elements!.map((element) => element.text!).sort();
}

it('lists commands by pattern and category', async () => {
  const { ours, theirs } = both;
  const known = new Set(texts(await ours.command('COMMAND', 'LIST')));
  const filters = [
    ['pattern', '*get*'],
    ['PATTERN', 'CONFIG|*'],
    ['aclcat', 'read'],
    ['aclcat', 'dangerous'],
    ['aclcat', 'nothing'],
    ['module', 'any'],
  ];
  for (const filter of filters) {
    const request = ['COMMAND', 'LIST', 'FILTERBY', ...filter];
    const wanted = texts(await theirs.command(...request)).filter((name) => known.has(name));
    expect([filter, texts(await ours.command(...request))]).toEqual([filter, wanted]);
  }
});

it('finds the keys of a request of every command', async () => {
  const { ours, theirs } = both;
  const requests = (await commandsOfBoth(ours, theirs)).map(leastRequest).filter(({ length }) => length > 1);
  for (const request of requests) {
    for (const what of ['GETKEYS', 'GETKEYSANDFLAGS']) {
      const asked = ['COMMAND', what, ...request];
      expect([asked, await ours.command(...asked)]).toEqual([asked, await theirs.command(...asked)]);
    }
  }
});

it.each([
  ['COMMAND', 'LIST', 'foo'],
  ['COMMAND', 'LIST', 'FILTERBY', 'pattern'],
  ['COMMAND', 'LIST', 'FILTERBY', 'foo', 'bar'],
  ['COMMAND', 'GETKEYS', 'GET', 'a'],
  ['COMMAND', 'GETKEYS', 'mset', 'a', '1', 'b', '2'],
  ['COMMAND', 'GETKEYS', 'RENAME', 'a', 'b'],
  ['COMMAND', 'GETKEYS', 'DEL', 'a', 'b', 'c'],
  ['COMMAND', 'GETKEYS', 'PING'],
  ['COMMAND', 'GETKEYS', 'GET'],
  ['COMMAND', 'GETKEYS', 'nothing', 'a'],
  ['COMMAND', 'GETKEYS', 'CONFIG', 'GET', 'a'],
  ...['GET', 'ex'].map((option) => ['COMMAND', 'GETKEYSANDFLAGS', 'SET', 'a', 'get', option, '1']),
  ...[
    ['BITFIELD', 'a'],
    ['BITFIELD', 'a', 'overflow', 'x', 'get', 'set', 'x'],
    ['BITFIELD', 'a', 'GET', 'u8', '0', 'SET', 'u8', '0', '1'],
    ['BITFIELD', 'a', 'GET', 'u8', '0', 'INCRBY', 'u8', '0'],
    ['PING', 'a'],
    ['zunionstore', 'a', '2', 'b', 'c'],
    ['zunionstore', 'a', '3', 'b', 'c'],
  ].map((request) => ['COMMAND', 'GETKEYSANDFLAGS', ...request]),
  ...['string', 'integer', 'double', 'bignum', 'null', 'array', 'set', 'map', 'attrib', 'push', 'x'].map(
    (type) => ['DEBUG', 'PROTOCOL', type],
  ),
  ...['verbatim', 'TRUE', 'false'].map((type) => ['DEBUG', 'PROTOCOL', type]),
  ['DEBUG', 'OBJECT', 'nothing'],
  ['COMMAND', 'INFO', 'nothing', 'config|nothing'],
  ['COMMAND', 'COUNT', 'x'],
])('answers %s %s %s %s as Redis does', async (...request) => {
  for (const protocol of ['3', '2']) {
    expect(await allReplies(both.ours, protocol, request)).toEqual(
      await allReplies(both.theirs, protocol, request),
    );
  }
});

/** What comes for a request: also what is pushed, or said about the reply. */
async function allReplies(connection: RespConnection, protocol: string, request: string[]): Promise<Reply[]> {
  await connection.command('HELLO', protocol);
  connection.request(...request);
  connection.request('ECHO', 'end');
  const found: Reply[] = [];
  for (;;) {
    const reply = await connection.reply();
    if (reply.text === 'end') return found;
    found.push(reply);
  }
}

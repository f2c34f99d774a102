import { beforeEach, describe, expect, it } from 'vitest';
import { formatClasses, parseClasses } from './keyspace/key-events.ts';
import { type TestClient, TestServer } from './test-clients.ts';

let server: TestServer;
let client: TestClient;
let listener: TestClient;

beforeEach(() => {
  server = new TestServer();
  client = server.connect();
  listener = server.connect();
  listener.ask('HELLO', '3');
  listener.ask('PSUBSCRIBE', '__key*');
});

function configure(classes: string): void {
  expect(client.ask('CONFIG', 'SET', 'notify-keyspace-events', classes)).toBe('+OK\r\n');
}

/** "channel message" of each message that the listener has got since the last call. */
function heard(from = listener): string[] {
  const messages = from.take().matchAll(/pmessage\r\n\$\d+\r\n.*\r\n\$\d+\r\n(.*)\r\n\$\d+\r\n(.*)\r\n/g);
  return [...messages].map(([, channel, message]) => `${channel} ${message}`);
}

describe('the classes of events', () => {
  it.each([
    ['gKE', 'gKE'],
    ['E$lshzxeK', '$lshzxeKE'],
    ['KA', 'AK'],
    ['AmE', 'AEm'],
    ['g$lshzxetd', 'A'],
    ['g$lshzxet', 'g$lshzxet'],
    ['nnn', 'n'],
    ['', ''],
  ])('%j is shown as %j', (given, shown) => {
    expect(formatClasses(parseClasses(given)!)).toBe(shown);
  });

  it('are refused where a letter is none, and stay as they were', () => {
    configure('KA');
    expect(client.ask('CONFIG', 'SET', 'notify-keyspace-events', 'KAy')).toContain('Invalid event class');
    expect(client.ask('CONFIG', 'GET', 'notify-keyspace-events')).toContain('AK');
  });

  it('say what is told, and in which of the two ways', () => {
    configure('Kl');
    client.ask('SET', 'key', '1');
    client.ask('RPUSH', 'list', '1');
    expect(heard()).toEqual(['__keyspace@0__:list rpush']);
    configure('E$');
    client.ask('SET', 'key', '1');
    client.ask('RPUSH', 'list', '1');
    expect(heard()).toEqual(['__keyevent@0__:set key']);
  });
});

it('a database tells of nothing while no class is wanted', () => {
  expect(client.client.database.listener).toBeNull();
  configure('KA');
  expect(client.client.database.listener).not.toBeNull();
  configure('');
  expect(client.client.database.listener).toBeNull();
  client.ask('SET', 'key', '1');
  expect(heard()).toEqual([]);
});

it('names the number of the database, also of one that has changed places', () => {
  configure('Eg$');
  client.ask('SELECT', '3');
  client.ask('SET', 'key', '1');
  client.ask('SWAPDB', '3', '5');
  client.ask('SET', 'other', '1');
  client.ask('MOVE', 'other', '5');
  expect(heard()).toEqual([
    '__keyevent@3__:set key',
    '__keyevent@3__:set other',
    '__keyevent@3__:move_from other',
    '__keyevent@5__:move_to other',
  ]);
});

it.each([
  ['a command that looks for it', () => client.ask('EXISTS', 'key')],
  ['nobody', () => server.advance(200)],
])('tells of a key that has expired when it is found so by %s', (_name, find) => {
  configure('Ex');
  client.ask('PSETEX', 'key', '10', '1');
  server.nowMs += 20;
  server.engine.clock.update();
  find();
  expect(heard()).toEqual(['__keyevent@0__:expired key']);
});

it('tells of a key that is read and is not there', () => {
  configure('Em');
  client.ask('GET', 'key');
  client.ask('DEL', 'key');
  client.ask('OBJECT', 'ENCODING', 'key');
  client.ask('MGET', 'other', 'key');
  expect(heard()).toEqual([
    '__keyevent@0__:keymiss key',
    '__keyevent@0__:keymiss other',
    '__keyevent@0__:keymiss key',
  ]);
});

it('tells the client itself behind its reply, which stays whole', () => {
  configure('E$');
  listener.ask('MULTI');
  listener.ask('SET', 'one', '1');
  listener.ask('APPEND', 'two', '22');
  listener.send('EXEC\r\n');
  const text = listener.take();
  expect(text.startsWith('*2\r\n+OK\r\n:2\r\n>4\r\n')).toBe(true);
  expect(text.match(/pmessage/g)).toHaveLength(2);
});

it('tells of what a waiting client is served with, while that client is being answered', () => {
  configure('Elg');
  const waiting = server.connect();
  waiting.ask('HELLO', '3');
  waiting.ask('PSUBSCRIBE', '__key*');
  waiting.ask('BLPOP', 'list', '0');
  client.ask('RPUSH', 'list', 'element');
  const told = ['__keyevent@0__:rpush list', '__keyevent@0__:lpop list', '__keyevent@0__:del list'];
  expect(heard()).toEqual(told);
  const own = waiting.take();
  expect(own).toContain('*2\r\n$4\r\nlist\r\n$7\r\nelement\r\n');
  expect(own.match(/pmessage/g)).toHaveLength(3);
});

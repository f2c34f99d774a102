/** Replies that are made in parts. The blocks of the test's front end are small: 16 of them are 8 KiB. */
import { describe, expect, it } from 'vitest';
import type { TestClient } from './test-clients.ts';
import { TestServer } from './test-clients.ts';

const ENDLESS = ['SRANDMEMBER', 's', '-4611686018427387904'];
const COUNT = 10_000;
const DRAWN = '$1\r\na\r\n';

function start(): { server: TestServer; client: TestClient; other: TestClient } {
  const server = new TestServer();
  const client = server.connect();
  client.ask('SADD', 's', 'a');
  return { server, client, other: server.connect() };
}

/** Turns until nothing more comes; what came, and in how many turns. */
function listen(server: TestServer, client: TestClient): { text: string; turns: number } {
  let text = client.take();
  for (let turns = 1; ; turns++) {
    server.engine.turn();
    const more = client.take();
    if (more === '') return { text, turns };
    text += more;
  }
}

describe('a reply longer than a part', () => {
  it('comes whole, in turns, and others are served in between', () => {
    const { server, client, other } = start();
    client.send(`SRANDMEMBER s -${COUNT}\r\n`);
    const first = client.take();
    expect(first.length).toBeLessThan(20_000);
    expect(other.ask('PING')).toBe('+PONG\r\n');
    const { text, turns } = listen(server, client);
    expect(turns).toBeGreaterThan(3);
    expect(first + text).toBe(`*${COUNT}\r\n${DRAWN.repeat(COUNT)}`);
    expect(client.ask('PING')).toBe('+PONG\r\n');
  });

  it('is followed by the replies to what was sent behind it, and meanwhile, in order', () => {
    const { server, client } = start();
    client.send(`SRANDMEMBER s -${COUNT}\r\nECHO behind\r\nSRANDMEMBER s -${COUNT}\r\nECHO la`);
    client.send('st\r\nGET s\r\n');
    const long = `*${COUNT}\r\n${DRAWN.repeat(COUNT)}`;
    const { text } = listen(server, client);
    expect(text.length).toBeGreaterThan(2 * long.length);
    expect(text).toBe(
      `${long}$6\r\nbehind\r\n${long}$4\r\nlast\r\n` +
        '-WRONGTYPE Operation against a key holding the wrong kind of value\r\n',
    );
  });

  it('waits for a client that takes nothing, in little memory, and ends with it', () => {
    const { server, client, other } = start();
    client.slow = true;
    client.send(`${ENDLESS.join(' ')}\r\n`);
    for (let turns = 0; turns < 1000; turns++) server.engine.turn();
    const waiting = client.client.outputBytes;
    expect(waiting).toBeGreaterThan(256 * 1024);
    expect(waiting).toBeLessThan(300 * 1024);
    client.client.outputBytes = 0;
    server.engine.turn();
    expect(client.client.outputBytes).toBeGreaterThan(0);
    expect(server.engine.longReplies.count).toBe(1);
    client.disconnect();
    expect(server.engine.longReplies.count).toBe(0);
    server.engine.turn();
    expect(other.ask('PING')).toBe('+PONG\r\n');
  });

  it('comes whole to a client that sends its end, and so does what was sent before the end', () => {
    const { server, client } = start();
    client.send(`SRANDMEMBER s -${COUNT}\r\nPING\r\nBLPOP nothing 0\r\nPING\r\n`);
    server.engine.ended(client.client);
    expect(client.closed).toBe(false);
    const { text } = listen(server, client);
    expect(text).toBe(`*${COUNT}\r\n${DRAWN.repeat(COUNT)}+PONG\r\n`);
    expect(client.closed).toBe(true);
  });

  it.each([['DEL', 's'], ['SREM', 's', 'a'], ['FLUSHALL']])(
    'goes on with what the value was, after a %s',
    (...command) => {
      const { server, client, other } = start();
      client.send(`SRANDMEMBER s -${COUNT}\r\n`);
      other.ask(...command);
      expect(listen(server, client).text).toBe(`*${COUNT}\r\n${DRAWN.repeat(COUNT)}`);
    },
  );

  it('ends with the connection when a large value has been emptied', () => {
    const { server, client, other } = start();
    for (let i = 0; i < 2000; i++) client.ask('SADD', 's', `member:${i}`);
    client.send(`${ENDLESS.join(' ')}\r\n`);
    other.ask('SPOP', 's', '1000');
    server.engine.turn();
    expect(client.closed).toBe(false);
    const second = server.connect();
    second.send(`${ENDLESS.join(' ')}\r\n`);
    other.ask('SPOP', 's', '1001');
    server.engine.turn();
    expect([client.closed, second.closed]).toEqual([true, true]);
    expect(other.ask('PING')).toBe('+PONG\r\n');
  });

  it('counts as an end to a client that sends too much meanwhile', () => {
    const { client } = start();
    client.ask('CONFIG', 'SET', 'client-query-buffer-limit', '1mb');
    client.slow = true;
    client.send(`${ENDLESS.join(' ')}\r\n`);
    for (let sent = 0; sent < 3 && !client.closed; sent++) client.send('x'.repeat(500_000));
    expect(client.closed).toBe(true);
  });

  it('is too much for its client within a transaction, as every reply beyond the limit is', () => {
    const { client, other } = start();
    client.ask('CONFIG', 'SET', 'client-output-buffer-limit', 'normal 100kb 0 0');
    client.slow = true;
    client.send(`MULTI\r\n${ENDLESS.join(' ')}\r\nSET after yes\r\nEXEC\r\n`);
    expect(client.closed).toBe(true);
    expect(other.ask('GET', 'after')).toBe('$3\r\nyes\r\n');
    expect(other.ask('INFO', 'stats')).toContain('client_output_buffer_limit_disconnections:1\r\n');
  });

  it.each([
    ['HSET', 'HRANDFIELD', ['WITHVALUES'], ['f', 'a'], `$1\r\nf\r\n${DRAWN}`],
    ['ZADD', 'ZRANDMEMBER', ['WITHSCORES'], ['1', 'a'], `${DRAWN}$1\r\n1\r\n`],
  ])('is made so for %s and %s too', (add, draw, option, element, drawn) => {
    const { server, client } = start();
    client.ask(add, 'key', ...element);
    client.send(`${draw} key -${COUNT} ${option[0]}\r\n`);
    const { text, turns } = listen(server, client);
    expect(turns).toBeGreaterThan(3);
    expect(text).toBe(`*${2 * COUNT}\r\n${drawn.repeat(COUNT)}`);
  });
});

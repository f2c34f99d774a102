import { describe, expect, it } from 'vitest';
import { BLOCK_BYTES_MIN } from './resp/reply.ts';
import { type TestClient, TestServer } from './test-clients.ts';

const message = (...parts: string[]): string =>
  `*${parts.length}\r\n${parts.map((part) => `$${part.length}\r\n${part}\r\n`).join('')}`;
const confirmation = (word: string, name: string, count: number): string =>
  `*3\r\n$${word.length}\r\n${word}\r\n$${name.length}\r\n${name}\r\n:${count}\r\n`;

/** A server with two clients; the first one speaks RESP3. */
function inResp3(): { server: TestServer; first: TestClient; second: TestClient } {
  const server = new TestServer();
  const first = server.connect();
  first.ask('HELLO', '3');
  return { server, first, second: server.connect() };
}

describe('channels', () => {
  it('give each subscriber each message, by channel and by pattern, with all its bytes', () => {
    const server = new TestServer();
    const [a, b, publisher] = [server.connect(), server.connect(), server.connect()];
    expect(a.ask('SUBSCRIBE', 'news', 'news', '\x00\xff')).toBe(
      confirmation('subscribe', 'news', 1) +
        confirmation('subscribe', 'news', 1) +
        confirmation('subscribe', '\x00\xff', 2),
    );
    expect(b.ask('PSUBSCRIBE', 'n*s', '*[e]ws', 'x')).toMatch(/:3\r\n$/);
    expect(publisher.ask('PUBLISH', 'news', 'a\r\nb')).toBe(':3\r\n');
    expect(a.take()).toBe(message('message', 'news', 'a\r\nb'));
    expect(b.take()).toBe(
      message('pmessage', 'n*s', 'news', 'a\r\nb') + message('pmessage', '*[e]ws', 'news', 'a\r\nb'),
    );
    expect(publisher.ask('PUBLISH', '\x00\xff', '')).toBe(':1\r\n');
    expect(a.take()).toBe(message('message', '\x00\xff', ''));
    expect(publisher.ask('PUBLISH', 'nobody', 'x')).toBe(':0\r\n');
  });

  it('give messages of any length, to many, in the order in which they were published', () => {
    const server = new TestServer();
    const subscribers = Array.from({ length: 50 }, () => server.connect());
    for (const subscriber of subscribers) subscriber.ask('SUBSCRIBE', 'c');
    const long = 'x'.repeat(3 * BLOCK_BYTES_MIN);
    const publisher = server.connect();
    publisher.send(`publish c ${long}\r\npublish c 2\r\nget key\r\n`);
    expect(publisher.take()).toBe(':50\r\n:50\r\n$-1\r\n');
    for (const subscriber of subscribers)
      expect(subscriber.take()).toBe(message('message', 'c', long) + message('message', 'c', '2'));
  });

  it('lose a subscriber that does not read, at the limit of its class, and give the others all', () => {
    const server = new TestServer();
    const [slow, quick, publisher] = [server.connect(), server.connect(), server.connect()];
    expect(
      publisher.ask('CONFIG', 'SET', 'client-output-buffer-limit', 'pubsub 10000 0 0 normal 0 0 0'),
    ).toBe('+OK\r\n');
    expect(publisher.ask('CONFIG', 'GET', 'client-output-buffer-limit')).toContain(
      'normal 0 0 0 slave 268435456 67108864 60 pubsub 10000 0 0',
    );
    for (const client of [slow, quick]) client.ask('SUBSCRIBE', 'c');
    slow.slow = true;
    const sent = Array.from({ length: 20 }, (_, i) => `${i}`.padEnd(999, '.'));
    const receivers = sent.map((text) => publisher.ask('PUBLISH', 'c', text));
    expect(receivers.join('')).toMatch(/^(:2\r\n){10}(:1\r\n){10}$/);
    expect([slow.closed, quick.closed]).toEqual([true, false]);
    expect(quick.take()).toBe(sent.map((text) => message('message', 'c', text)).join(''));
    expect(publisher.ask('INFO', 'stats')).toMatch(/client_output_buffer_limit_disconnections:1\r/);
  });

  it('are left by UNSUBSCRIBE, of some or of all, which always answers', () => {
    const server = new TestServer();
    const client = server.connect();
    const publisher = server.connect();
    expect(client.ask('UNSUBSCRIBE')).toBe('*3\r\n$11\r\nunsubscribe\r\n$-1\r\n:0\r\n');
    expect(client.ask('PUNSUBSCRIBE')).toBe('*3\r\n$12\r\npunsubscribe\r\n$-1\r\n:0\r\n');
    expect(client.ask('UNSUBSCRIBE', 'a', 'b')).toBe(
      confirmation('unsubscribe', 'a', 0) + confirmation('unsubscribe', 'b', 0),
    );
    client.ask('SUBSCRIBE', 'a', 'b');
    client.ask('PSUBSCRIBE', 'p*', 'q*');
    expect(client.ask('UNSUBSCRIBE', 'a')).toBe(confirmation('unsubscribe', 'a', 3));
    expect(client.ask('PUNSUBSCRIBE')).toBe(
      confirmation('punsubscribe', 'p*', 2) + confirmation('punsubscribe', 'q*', 1),
    );
    expect(client.ask('GET', 'key')).toMatch(/^-ERR Can't execute 'get'/);
    expect(client.ask('UNSUBSCRIBE')).toBe(confirmation('unsubscribe', 'b', 0));
    expect(client.ask('GET', 'key')).toBe('$-1\r\n');
    expect(publisher.ask('PUBLISH', 'a', 'x')).toBe(':0\r\n');
  });

  it('leave a subscriber few commands in RESP2', () => {
    const client = new TestServer().connect();
    client.ask('SUBSCRIBE', 'c');
    expect(client.ask('client', 'id')).toBe(
      "-ERR Can't execute 'client|id': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed " +
        'in this context\r\n',
    );
    expect(client.ask('PING')).toBe('*2\r\n$4\r\npong\r\n$0\r\n\r\n');
    expect(client.ask('PING', 'x')).toBe('*2\r\n$4\r\npong\r\n$1\r\nx\r\n');
    expect(client.ask('RESET')).toBe('+RESET\r\n');
    expect(client.ask('PING')).toBe('+PONG\r\n');
    client.ask('PSUBSCRIBE', 'c');
    expect(client.ask('QUIT')).toBe('+OK\r\n');
    expect(client.closed).toBe(true);
  });

  it('push in RESP3, before the reply of a client that publishes to itself, and leave it all commands', () => {
    const { first, second } = inResp3();
    expect(first.ask('SUBSCRIBE', 'c')).toBe('>3\r\n$9\r\nsubscribe\r\n$1\r\nc\r\n:1\r\n');
    expect(first.ask('GET', 'key')).toBe('_\r\n');
    expect(first.ask('PING')).toBe('+PONG\r\n');
    expect(first.ask('PUBLISH', 'c', 'own')).toBe('>3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$3\r\nown\r\n:1\r\n');
    expect(first.ask('PUNSUBSCRIBE')).toBe('>3\r\n$12\r\npunsubscribe\r\n_\r\n:1\r\n');
    second.ask('PSUBSCRIBE', '*');
    expect(first.ask('PUBLISH', 'c', 'x')).toMatch(/:2\r\n$/);
    expect(second.take()).toBe(message('pmessage', '*', 'c', 'x'));
    expect(second.ask('SUBSCRIBE', 'd')).toBe(confirmation('subscribe', 'd', 2));
  });

  it('are apart from shard channels', () => {
    const server = new TestServer();
    const client = server.connect();
    const publisher = server.connect();
    expect(client.ask('SSUBSCRIBE', 'c', 'd')).toBe(
      confirmation('ssubscribe', 'c', 1) + confirmation('ssubscribe', 'd', 2),
    );
    expect(client.ask('PSUBSCRIBE', '*')).toBe(confirmation('psubscribe', '*', 1));
    expect(publisher.ask('SPUBLISH', 'c', 'x')).toBe(':1\r\n');
    expect(client.take()).toBe(message('smessage', 'c', 'x'));
    expect(publisher.ask('PUBLISH', 'c', 'x')).toBe(':1\r\n');
    expect(client.take()).toBe(message('pmessage', '*', 'c', 'x'));
    expect(publisher.ask('PUBSUB', 'SHARDCHANNELS', 'd*')).toBe('*1\r\n$1\r\nd\r\n');
    expect(publisher.ask('PUBSUB', 'SHARDNUMSUB', 'c', 'e')).toBe('*4\r\n$1\r\nc\r\n:1\r\n$1\r\ne\r\n:0\r\n');
    expect(publisher.ask('PUBSUB', 'CHANNELS')).toBe('*0\r\n');
    expect(client.ask('SUNSUBSCRIBE')).toBe(
      confirmation('sunsubscribe', 'c', 1) + confirmation('sunsubscribe', 'd', 0),
    );
  });

  it('can be asked about', () => {
    const server = new TestServer();
    const [a, b, other] = [server.connect(), server.connect(), server.connect()];
    a.ask('SUBSCRIBE', 'one', 'two');
    b.ask('SUBSCRIBE', 'two');
    a.ask('PSUBSCRIBE', 'x', 'y');
    b.ask('PSUBSCRIBE', 'x');
    expect(other.ask('PUBSUB', 'CHANNELS')).toBe('*2\r\n$3\r\none\r\n$3\r\ntwo\r\n');
    expect(other.ask('PUBSUB', 'CHANNELS', 't*')).toBe('*1\r\n$3\r\ntwo\r\n');
    expect(other.ask('PUBSUB', 'NUMSUB')).toBe('*0\r\n');
    expect(other.ask('PUBSUB', 'NUMSUB', 'two', 'no')).toBe('*4\r\n$3\r\ntwo\r\n:2\r\n$2\r\nno\r\n:0\r\n');
    expect(other.ask('PUBSUB', 'NUMPAT')).toBe(':2\r\n');
    expect(other.ask('PUBSUB', 'CHANNELS', 'a', 'b')).toBe(
      "-ERR unknown subcommand or wrong number of arguments for 'CHANNELS'. Try PUBSUB HELP.\r\n",
    );
    expect(other.ask('CLIENT', 'LIST', 'TYPE', 'pubsub')).toMatch(
      /flags=P .* sub=2 psub=2 ssub=0 [\s\S]*flags=P .* sub=1 psub=1 /,
    );
    expect(other.ask('CLIENT', 'LIST', 'TYPE', 'normal')).not.toContain('flags=P');
    a.disconnect();
    b.ask('RESET');
    expect(other.ask('PUBSUB', 'CHANNELS')).toBe('*0\r\n');
    expect(other.ask('PUBSUB', 'NUMPAT')).toBe(':0\r\n');
  });

  it('take part in transactions: messages and confirmations come among the replies', () => {
    const { first, second } = inResp3();
    second.ask('SUBSCRIBE', 'c');
    first.ask('MULTI');
    first.ask('SUBSCRIBE', 'd');
    first.ask('PUBLISH', 'c', 'x');
    first.ask('SSUBSCRIBE', 'e');
    expect(second.take()).toBe('');
    expect(first.ask('EXEC')).toBe(
      '*3\r\n>3\r\n$9\r\nsubscribe\r\n$1\r\nd\r\n:1\r\n:1\r\n' +
        "-ERR SSUBSCRIBE isn't allowed for a DENY BLOCKING client\r\n",
    );
    expect(second.take()).toBe(message('message', 'c', 'x'));
  });
});

import { describe, expect, it } from 'vitest';
import { TestServer } from '../test-clients.ts';

const OK = '+OK\r\n';

describe('CLIENT KILL', () => {
  it('closes connections by each of its filters, and counts them', () => {
    const server = new TestServer();
    const [own, a, b, c] = [server.connect(), server.connect(), server.connect(), server.connect()];
    b.ask('SUBSCRIBE', 'channel');
    expect(own.ask('CLIENT', 'KILL', 'ID', String(a.client.id), 'ADDR', '1.2.3.4:5')).toBe(':0\r\n');
    expect(own.ask('CLIENT', 'KILL', 'ID', String(a.client.id), 'LADDR', '10.0.0.1:6379')).toBe(':1\r\n');
    expect(a.closed).toBe(true);
    expect(own.ask('CLIENT', 'KILL', 'TYPE', 'pubsub')).toBe(':1\r\n');
    expect(b.closed).toBe(true);
    expect(own.ask('CLIENT', 'KILL', 'TYPE', 'replica')).toBe(':0\r\n');
    expect(own.ask('CLIENT', 'KILL', 'USER', 'default')).toBe(':1\r\n');
    expect([c.closed, own.closed]).toEqual([true, false]);
    expect(own.ask('PUBSUB', 'CHANNELS')).toBe('*0\r\n');
  });

  it('closes the client that asks after its reply, unless it spares itself', () => {
    const server = new TestServer();
    const own = server.connect();
    expect(own.ask('CLIENT', 'KILL', 'SKIPME', 'yes')).toBe(':0\r\n');
    own.send('client kill skipme no\r\nset a 1\r\n');
    expect([own.take(), own.closed]).toEqual([':1\r\n', true]);
    const other = server.connect();
    expect(other.ask('GET', 'a')).toBe('$-1\r\n');
    expect(other.ask('CLIENT', 'KILL', '1.2.3.4:5')).toBe('-ERR No such client\r\n');
    expect(other.ask('CLIENT', 'KILL', other.client.peerAddress)).toBe(OK);
    expect(other.closed).toBe(true);
  });

  it('answers nothing more inside a transaction, whose commands run', () => {
    const server = new TestServer();
    const own = server.connect();
    own.ask('MULTI');
    own.ask('CLIENT', 'KILL', 'SKIPME', 'no');
    own.ask('SET', 'a', '1');
    expect(own.ask('EXEC')).toBe('*2\r\n:1\r\n');
    expect(own.closed).toBe(true);
    expect(server.connect().ask('GET', 'a')).toBe('$1\r\n1\r\n');
  });

  it.each([
    [['KILL'], "wrong number of arguments for 'client|kill' command"],
    [['KILL', 'ID', '0'], 'client-id should be greater than 0'],
    [['KILL', 'ID', 'x'], 'client-id should be greater than 0'],
    [['KILL', 'TYPE', 'other'], "Unknown client type 'other'"],
    [['KILL', 'USER', 'other'], "No such user 'other'"],
    [['KILL', 'SKIPME', 'perhaps'], 'syntax error'],
    [['KILL', 'ID', '1', 'ADDR'], 'syntax error'],
    [['REPLY', 'perhaps'], 'syntax error'],
    [['NO-EVICT', 'perhaps'], 'syntax error'],
    [['UNBLOCK', 'x'], 'value is not an integer or out of range'],
    [['UNBLOCK', '1', 'how'], 'CLIENT UNBLOCK reason should be TIMEOUT or ERROR'],
    [['PAUSE', 'x'], 'timeout is not an integer or out of range'],
    [['PAUSE', '-1'], 'timeout is negative'],
    [['PAUSE', 'x', 'what'], 'CLIENT PAUSE mode must be WRITE or ALL'],
    [
      ['PAUSE', '1', 'ALL', '2'],
      "unknown subcommand or wrong number of arguments for 'PAUSE'. Try CLIENT HELP.",
    ],
  ])('CLIENT %j: %s', (args, error) => {
    expect(new TestServer().connect().ask('CLIENT', ...args)).toBe(`-ERR ${error}\r\n`);
  });
});

describe('CLIENT REPLY', () => {
  it('turns replies off and on, and skips one', () => {
    const client = new TestServer().connect();
    expect(client.ask('CLIENT', 'REPLY', 'OFF')).toBe('');
    expect(client.ask('SET', 'a', '1')).toBe('');
    expect(client.ask('NOCOMMAND')).toBe('');
    expect(client.ask('CLIENT', 'REPLY', 'SKIP')).toBe('');
    expect(client.ask('CLIENT', 'REPLY', 'ON')).toBe(OK);
    expect(client.ask('CLIENT', 'REPLY', 'SKIP')).toBe('');
    expect(client.ask('GET', 'a')).toBe('');
    expect(client.ask('GET', 'a')).toBe('$1\r\n1\r\n');
    client.send('client reply skip\r\nclient reply on\r\nget a\r\n');
    expect(client.take()).toBe(`${OK}$1\r\n1\r\n`);
  });

  it('leaves messages and their confirmations, and is ended by RESET', () => {
    const server = new TestServer();
    const client = server.connect();
    client.ask('HELLO', '3');
    client.ask('CLIENT', 'REPLY', 'OFF');
    expect(client.ask('SUBSCRIBE', 'c')).toBe('>3\r\n$9\r\nsubscribe\r\n$1\r\nc\r\n:1\r\n');
    expect(client.ask('PUBLISH', 'c', 'x')).toBe('>3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$1\r\nx\r\n');
    server.connect().ask('PUBLISH', 'c', 'y');
    expect(client.take()).toBe('>3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$1\r\ny\r\n');
    expect(client.ask('RESET')).toBe('+RESET\r\n');
    expect(client.ask('GET', 'a')).toBe('$-1\r\n');
  });

  it('keeps the protocol that is chosen meanwhile', () => {
    const client = new TestServer().connect();
    client.send('client reply off\r\nhello 3\r\nclient reply on\r\nget a\r\n');
    expect(client.take()).toBe(`${OK}_\r\n`);
  });
});

describe('CLIENT PAUSE', () => {
  it('lets all requests wait until its time is over, in their order', () => {
    const server = new TestServer();
    const [own, other] = [server.connect(), server.connect()];
    expect(own.ask('CLIENT', 'PAUSE', '1000')).toBe(OK);
    expect(own.ask('PING')).toBe('');
    other.send('set a 1\r\nget a\r\nse');
    other.send('t a 2\r\n');
    expect(other.take()).toBe('');
    server.advance(999);
    expect(other.take()).toBe('');
    server.advance(2);
    expect(other.take()).toBe(`${OK}$1\r\n1\r\n${OK}`);
    expect(own.take()).toBe('+PONG\r\n');
    expect(own.ask('GET', 'a')).toBe('$1\r\n2\r\n');
  });

  it('of writes lets others run, and the rest until UNPAUSE', () => {
    const server = new TestServer();
    const [own, writer, publisher, transaction] = [0, 1, 2, 3].map(() => server.connect());
    transaction.ask('MULTI');
    transaction.ask('SET', 'b', '1');
    own.ask('CLIENT', 'PAUSE', '100000', 'WRITE');
    expect(own.ask('GET', 'a')).toBe('$-1\r\n');
    own.ask('MULTI');
    own.ask('GET', 'a');
    expect(own.ask('EXEC')).toBe('*1\r\n$-1\r\n');
    expect(writer.ask('SET', 'a')).toMatch(/^-ERR wrong number/);
    expect(writer.ask('SET', 'a', '1')).toBe('');
    expect(publisher.ask('PUBLISH', 'c', 'x')).toBe('');
    expect(transaction.ask('EXEC')).toBe('');
    expect(own.ask('INFO', 'clients')).toMatch(/blocked_clients:3\r/);
    expect(own.ask('CLIENT', 'LIST')).toMatch(/flags=b .* cmd=set /);
    expect(own.ask('CLIENT', 'UNPAUSE')).toBe(OK);
    expect([writer.take(), publisher.take(), transaction.take()]).toEqual([OK, ':0\r\n', `*1\r\n${OK}`]);
    expect(own.ask('INFO', 'clients')).toMatch(/blocked_clients:0\r/);
  });

  it('is the longer and the stricter one of two, and begins behind a transaction', () => {
    const server = new TestServer();
    const own = server.connect();
    const other = server.connect();
    own.ask('MULTI');
    own.ask('CLIENT', 'PAUSE', '1000', 'ALL');
    own.ask('CLIENT', 'PAUSE', '2000', 'WRITE');
    own.ask('SET', 'a', '1');
    expect(own.ask('EXEC')).toBe(`*3\r\n${OK}${OK}${OK}`);
    expect(other.ask('GET', 'a')).toBe('');
    server.advance(1500);
    expect(other.take()).toBe('');
    server.advance(501);
    expect(other.take()).toBe('$1\r\n1\r\n');
  });

  it('of no time is none, and a client that goes meanwhile is forgotten', () => {
    const server = new TestServer();
    const [own, gone] = [server.connect(), server.connect()];
    own.ask('CLIENT', 'PAUSE', '0');
    expect(own.ask('GET', 'a')).toBe('$-1\r\n');
    own.ask('CLIENT', 'PAUSE', '1000', 'WRITE');
    gone.ask('SET', 'a', '1');
    gone.disconnect();
    server.advance(1001);
    expect(own.ask('GET', 'a')).toBe('$-1\r\n');
    expect(own.ask('INFO', 'clients')).toMatch(/blocked_clients:0\r/);
  });

  it('keeps that the reply of the waiting request is skipped', () => {
    const server = new TestServer();
    const [own, other] = [server.connect(), server.connect()];
    own.ask('CLIENT', 'PAUSE', '1000', 'WRITE');
    other.send('client reply skip\r\nset a 1\r\nget a\r\n');
    own.ask('CLIENT', 'UNPAUSE');
    expect(other.take()).toBe('$1\r\n1\r\n');
  });
});

describe('WAIT', () => {
  it('answers that there are no replicas, at once or when its time is over', () => {
    const server = new TestServer();
    const [client, other] = [server.connect(), server.connect()];
    expect(client.ask('WAIT', '0', '0')).toBe(':0\r\n');
    expect(client.ask('WAIT', 'x', '0')).toBe('-ERR value is not an integer or out of range\r\n');
    expect(client.ask('WAIT', '1', 'x')).toBe('-ERR timeout is not an integer or out of range\r\n');
    expect(client.ask('WAIT', '1', '-1')).toBe('-ERR timeout is negative\r\n');
    client.ask('MULTI');
    client.ask('WAIT', '1', '0');
    expect(client.ask('EXEC')).toBe('*1\r\n:0\r\n');
    expect(client.ask('WAIT', '1', '100')).toBe('');
    client.send('ping\r\n');
    server.advance(101);
    expect(client.take()).toBe(':0\r\n+PONG\r\n');
    for (const [how, answer] of [
      ['TIMEOUT', ':0\r\n'],
      ['ERROR', '-UNBLOCKED client unblocked via CLIENT UNBLOCK\r\n'],
    ]) {
      client.ask('WAIT', '1', '0');
      expect(other.ask('CLIENT', 'UNBLOCK', String(client.client.id), how)).toBe(':1\r\n');
      expect(client.take()).toBe(answer);
    }
    expect(other.ask('CLIENT', 'UNBLOCK', String(client.client.id))).toBe(':0\r\n');
    expect(other.ask('CLIENT', 'UNBLOCK', '99999')).toBe(':0\r\n');
  });
});

/** Pipelines whose replies are much are answered in parts, so that others are served in between. */
import { describe, expect, it } from 'vitest';
import { PART_BYTES } from './long-pipelines.ts';
import { type TestClient, TestServer } from './test-clients.ts';

const VALUE_BYTES = PART_BYTES / 2;
const GET = 'GET large\r\n';

/** A client that reads nothing, and one beside it. */
function start(): { server: TestServer; client: TestClient; other: TestClient } {
  const server = new TestServer();
  const client = server.connect();
  client.ask('SET', 'large', 'x'.repeat(VALUE_BYTES));
  client.slow = true;
  return { server, client, other: server.connect() };
}

const replyBytes = VALUE_BYTES + `$${VALUE_BYTES}\r\n\r\n`.length;
const valuesOf = ({ client }: TestClient): number => client.outputBytes / replyBytes;

describe('many requests for large values, sent at once', () => {
  it('are answered in parts, a few clients in a turn, and others are served meanwhile', () => {
    const { server, other } = start();
    const clients = Array.from({ length: 100 }, () => server.connect());
    for (const one of clients) {
      one.slow = true;
      one.send(GET.repeat(10));
      expect(valuesOf(one)).toBeLessThan(10);
    }
    const answered = (): number => clients.reduce((sum, one) => sum + valuesOf(one), 0);
    for (let before = answered(); before < 1000; before = answered()) {
      expect(other.ask('PING')).toBe('+PONG\r\n');
      const made = answered() - before;
      expect(made).toBeGreaterThan(0);
      expect(made).toBeLessThanOrEqual(3 * 16);
    }
    expect(clients.map(valuesOf)).toEqual(Array(100).fill(10));
  });

  it('are answered in order, with what is sent behind them and meanwhile', () => {
    const { server, client } = start();
    client.send(`${GET.repeat(5)}ECHO behi`);
    client.send('nd\r\nECHO last\r\n');
    for (let turns = 0; turns < 5; turns++) server.engine.turn();
    expect(client.client.outputBytes).toBe(5 * replyBytes + '$6\r\nbehind\r\n$4\r\nlast\r\n'.length);
  });

  it('are all answered before the end that follows them', () => {
    const { server, client } = start();
    client.send(GET.repeat(7));
    server.engine.ended(client.client);
    expect(client.closed).toBe(false);
    for (let turns = 0; turns < 5; turns++) server.engine.turn();
    expect([client.closed, valuesOf(client)]).toEqual([true, 7]);
  });

  it('are forgotten with their client', () => {
    const { server, client, other } = start();
    client.send(GET.repeat(7));
    const before = valuesOf(client);
    client.disconnect();
    server.engine.turn();
    expect(valuesOf(client)).toBe(before);
    expect(other.ask('PING')).toBe('+PONG\r\n');
  });

  it('still count as too many for who has a limit', () => {
    const { server, client, other } = start();
    other.ask('CONFIG', 'SET', 'client-output-buffer-limit', `normal ${10 * VALUE_BYTES} 0 0`);
    client.send(GET.repeat(20));
    for (let turns = 0; turns < 20 && !client.closed; turns++) server.engine.turn();
    expect(client.closed).toBe(true);
  });
});

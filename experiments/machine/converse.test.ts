import { once } from 'node:events';
import net from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { converse } from './converse.ts';

/** Answers in these pieces, and is silent then. */
async function serverThatSays(pieces: readonly string[]): Promise<number> {
  const server = net.createServer(async (socket) => {
    socket.on('error', () => {});
    for (const piece of pieces) {
      socket.write(piece);
      await sleep(2);
    }
  });
  onTestFinished(() => void server.close());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as net.AddressInfo).port;
}

const ask = async (answer: readonly string[]): Promise<string> =>
  converse('127.0.0.1', await serverThatSays(answer), 'a question');

test.for([
  ['+PONG\r\n', '+PONG'],
  ['-ERR no\r\nmore', '-ERR no'],
  ['$13\r\n# Some\r\na:1\r\n\r\n', '# Some\r\na:1\r\n'],
  ['$0\r\n\r\n', ''],
  ['$-1\r\n', '$-1'],
])('of %j the answer is %j, whole or byte by byte', async ([said = '', expected = '']) => {
  expect(await ask([said])).toBe(expected);
  expect(await ask([...said])).toBe(expected);
});

test('one that is silent in the middle of a string, has not answered', async () => {
  expect(await ask(['$5\r\nabc'])).toMatch(/^no answer from 127\.0\.0\.1:/);
});

/** What only this backend has; `bypassbench conform` holds what all of them must do. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Errno, errno, mapAnonymous, TransportHost } from 'bypassbench/backend-api';
import { unixGlue } from './glue.ts';
import backend from './index.ts';

const NETWORK = `test-${process.pid}`;
const PORT = 7000;

/** Two sockets that are connected, and a buffer to receive into. */
function connected() {
  const glue = unixGlue();
  const watcher = glue.watcher();
  const [listener, client] = [glue.open(watcher), glue.open(watcher)];
  assert.equal(glue.bind(listener, NETWORK, PORT), 0);
  assert.equal(glue.listen(listener, 1), 0);
  assert.equal(glue.connect(client, NETWORK, PORT), 0);
  const server = glue.accept(listener, watcher);
  glue.close(listener);
  return { glue, client, server, buffer: mapAnonymous(4096) };
}

test('a stream whose end was sent ends', () => {
  const { glue, client, server, buffer } = connected();
  buffer.bytes.set([1, 2, 3]);
  assert.equal(glue.send(client, buffer.address, 3), 0);
  assert.equal(glue.send(client, 0, 0), 0);
  glue.close(client);
  assert.equal(glue.receive(server, buffer.address + 100, 1000), 3);
  assert.deepEqual([...buffer.bytes.subarray(100, 103)], [1, 2, 3]);
  assert.equal(glue.receive(server, buffer.address, 1000), 0);
  glue.close(server);
});

test('one that ends without was reset', () => {
  const { glue, client, server, buffer } = connected();
  assert.equal(glue.send(client, buffer.address, 3), 0);
  glue.close(client);
  assert.equal(glue.receive(server, buffer.address, 1000), 3);
  assert.equal(glue.receive(server, buffer.address, 1000), -1);
  assert.equal(errno(), Errno.ECONNRESET);
  glue.close(server);
});

test('options that there are not, and names that are too long, are refused', () => {
  const create = (options: Record<string, string>) => () =>
    backend.create(new TransportHost(null), {
      options,
      createPool: () => assert.fail('it was not refused'),
      connectTimeoutMs: 1000,
      moments: null,
    });
  assert.throws(create({ netwrok: 'a' }), /there is no option 'netwrok'; there is network/);
  assert.throws(create({ network: 'ä'.repeat(41) }), /network=ä+: it must have 80 bytes at most/);
});

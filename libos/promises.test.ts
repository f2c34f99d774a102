import { randomBytes } from 'node:crypto';
import { afterEach, describe, expect, it } from 'vitest';
import { createLibos, PromiseLibos } from './index.ts';

describe('PromiseLibos', () => {
  const open: PromiseLibos[] = [];
  const create = () => {
    const libos = new PromiseLibos(createLibos({ backend: 'kernel', checked: true }));
    open.push(libos);
    return libos;
  };
  // Checked: a shutdown that finds leaked buffers throws.
  afterEach(() => {
    for (const libos of open.splice(0)) libos.shutdown();
  });

  const loopback = { address: '127.0.0.1', port: 0 };

  async function connected() {
    const server = create();
    const client = create();
    const listener = server.listen(loopback);
    const accepted = server.accept(listener);
    const clientQd = await client.connect(server.localEndpoint(listener));
    return { server, client, clientQd, serverQd: await accepted };
  }

  it('echoes between two ends while the event loop goes on', async () => {
    const { server, client, clientQd, serverQd } = await connected();
    let turns = 0;
    const timer = setInterval(() => turns++, 1);
    const data = randomBytes(3_000_000);
    const sent = client.push(clientQd, data);
    const parts: Uint8Array[] = [];
    for (let have = 0; have < data.length; ) {
      const part = (await server.pop(serverQd))!;
      parts.push(part);
      have += part.length;
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    await sent;
    clearInterval(timer);
    expect(Buffer.concat(parts).equals(data)).toBe(true);
    expect(turns).toBeGreaterThan(3);
  });

  it('resolves to null at the end of the stream', async () => {
    const { server, client, clientQd, serverQd } = await connected();
    client.shutdownWrite(clientQd);
    expect(await server.pop(serverQd)).toBeNull();
    await server.push(serverQd, Buffer.from('bye'));
    expect(Buffer.from((await client.pop(clientQd))!).toString()).toBe('bye');
  });

  it('rejects with the code of the operation, and leaves no queue behind', async () => {
    const server = create();
    const client = create();
    const listener = server.listen(loopback);
    const endpoint = server.localEndpoint(listener);
    server.close(listener);
    const connect = client.connect(endpoint);
    await expect(connect).rejects.toMatchObject({ code: 'CONNECTION_REFUSED' });
    expect(() => client.close(0)).toThrow('BAD_QUEUE');
    expect(() => server.listen({ address: 'nowhere', port: 0 })).toThrow('INVALID_ARGUMENT');
  });

  it('rejects what is pending when the queue is closed or the libOS shut down', async () => {
    const { server, client, clientQd, serverQd } = await connected();
    const pending = client.pop(clientQd);
    client.shutdown();
    await expect(pending).rejects.toMatchObject({ code: 'SHUT_DOWN' });
    expect(await server.pop(serverQd)).toBeNull();
    const { server: other, serverQd: otherQd } = await connected();
    const popped = other.pop(otherQd);
    other.close(otherQd);
    await expect(popped).rejects.toMatchObject({ code: 'CANCELLED' });
  });

  it('carries datagrams with their sender', async () => {
    const server = create();
    const client = create();
    const to = server.datagram(loopback);
    const from = client.datagram(loopback);
    await client.pushTo(from, Buffer.from('ping'), server.localEndpoint(to));
    const { data, peerPort } = await server.popFrom(to);
    expect(Buffer.from(data).toString()).toBe('ping');
    expect(peerPort).toBe(client.localEndpoint(from).port);
  });
});

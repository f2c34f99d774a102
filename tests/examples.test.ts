/** The example servers over the kernel, and their peers in C: all give the same answers to clients of Node. */
import { spawn } from 'node:child_process';
import { createSocket, type Socket as DatagramSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { bypassbench, ExampleServers, posix } from './example-servers.ts';

const servers = new ExampleServers();

afterEach(async () => {
  // Each ends well when it is told to, in the midst of what it does.
  for (const code of await servers.end()) expect(code).toBe(0);
});

/** The port of a server that is ready. */
async function serve(program: string, args: string[]): Promise<number> {
  const { ready, address, port, pid } = await servers.start(program, args);
  expect({ ready, address }).toEqual({ ready: true, address: '127.0.0.1' });
  expect(() => process.kill(pid, 0)).not.toThrow();
  return port;
}

/** What comes back over a stream until the server ends it, when all was sent and the client has ended its half. */
async function exchanged(port: number, sent: Buffer): Promise<Buffer> {
  const socket = connect(port, '127.0.0.1');
  const parts: Buffer[] = [];
  socket.on('data', (part: Buffer) => parts.push(part));
  socket.end(sent);
  await once(socket, 'close');
  return Buffer.concat(parts);
}

async function opened(): Promise<DatagramSocket> {
  const socket = createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return socket;
}

async function answered(socket: DatagramSocket, port: number, sent: Buffer): Promise<Buffer> {
  const answer = once(socket, 'message');
  socket.send(sent, port, '127.0.0.1');
  return (await answer)[0];
}

const bytesOf = (length: number): Buffer =>
  Buffer.from(Uint8Array.from({ length }, (_, i) => (i * 31) % 251));

function lengthOf(bytes: number): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes);
  return length;
}

const onLibos = (name: string): [string, string[]] => [bypassbench, [name, '--idle', 'sleep']];

describe.each([
  ['libOS', onLibos('echo')],
  ['epoll', [posix('echo-epoll'), []]],
  ['polling', [posix('echo-polling'), []]],
] as const)('echo, %s', (_, [program, args]) => {
  it('gives back streams, several at a time, and more than fits into any buffer', async () => {
    const port = await serve(program, [...args]);
    const sent = [1, 100_000, 6_000_000].map(bytesOf);
    const got = await Promise.all(sent.map((bytes) => exchanged(port, bytes)));
    expect(got.map((bytes, i) => bytes.equals(sent[i]))).toEqual([true, true, true]);
    const broken = connect(port, '127.0.0.1');
    broken.write(bytesOf(1_000_000), () => broken.resetAndDestroy());
    await once(broken, 'close');
    expect(await exchanged(port, bytesOf(10))).toEqual(bytesOf(10));
  });

  it('gives back datagrams', async () => {
    const port = await serve(program, [...args, '--datagrams']);
    const sockets = [await opened(), await opened()];
    for (const length of [1, 8, 1400, 16_384]) {
      for (const socket of sockets)
        expect(await answered(socket, port, bytesOf(length))).toEqual(bytesOf(length));
    }
    for (const socket of sockets) socket.close();
  });
});

describe.each([
  ['libOS', onLibos('sink')],
  ['epoll', [posix('sink'), []]],
] as const)('sink, %s', (_, [program, args]) => {
  it('answers each message with its length', async () => {
    const port = await serve(program, [...args]);
    const lengths = [0, 1, 64, 3_000_000, 0, 70_000, ...Array.from({ length: 30_000 }, (_, i) => i % 3)];
    const sent = Buffer.concat(lengths.flatMap((bytes) => [lengthOf(bytes), bytesOf(bytes)]));
    const answers = Buffer.concat(lengths.map(lengthOf));
    const got = await Promise.all([exchanged(port, sent), exchanged(port, sent)]);
    expect(got.map((bytes) => bytes.equals(answers))).toEqual([true, true]);
    expect(await exchanged(port, sent.subarray(0, 6))).toEqual(lengthOf(0));
  });
});

describe.each([
  ['libOS', onLibos('relay')],
  ['epoll', [posix('relay'), []]],
] as const)('relay, %s', (_, [program, args]) => {
  it('forwards what one socket sends to the one that has registered for it', async () => {
    const port = await serve(program, [...args]);
    const [from, to, unheard] = [await opened(), await opened(), await opened()];
    const registration = Buffer.alloc(2);
    registration.writeUInt16BE(from.address().port);
    expect(await answered(to, port, registration)).toEqual(registration);
    const heard = once(to, 'message');
    unheard.send(bytesOf(20), port, '127.0.0.1');
    from.send(bytesOf(1400), port, '127.0.0.1');
    expect((await heard)[0]).toEqual(bytesOf(1400));
    for (const socket of [from, to, unheard]) socket.close();
  });
});

it('what cannot be is refused in one line', async () => {
  const said = async (program: string, ...args: string[]): Promise<string> => {
    const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'] });
    let text = '';
    child.stderr.on('data', (part) => (text += part));
    expect((await once(child, 'close'))[0]).toBe(1);
    return text;
  };
  expect(await said(posix('sink'), '--datagrams')).toContain('usage');
  expect(await said(posix('relay'), '--port', '70000')).toBe(
    '--port 70000: wanted a port from 0 to 65535, 0 for any free one\n',
  );
  expect(await said(posix('echo-epoll'), '--bind', 'here')).toContain('wanted an IPv4 address');
  const taken = await serve(posix('echo-epoll'), []);
  expect(await said(posix('echo-polling'), '--port', `${taken}`)).toContain('Address already in use');
  expect(await said(bypassbench, 'echo', '--port', `${taken}`)).toContain('ADDRESS_IN_USE');
});

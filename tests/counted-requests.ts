/**
 * What stands in front of a Redis server and counts the GETs that it hands on, so that a test makes something happen at
 * a request and not at a time: whatever else the machine does, it has happened in the midst of the load.
 */
import { once } from 'node:events';
import net from 'node:net';

/**
 * Called with each GET before it is handed on, counted from 1 over all connections. What its connection asks from there
 * on waits for the promise.
 */
type AtGet = (count: number) => Promise<unknown> | undefined;

export interface CountingServer {
  port: number;
  close(): void;
}

export async function startCounting(port: number, atGet: AtGet): Promise<CountingServer> {
  let count = 0;
  const sockets = new Set<net.Socket>();
  const listener = net.createServer((client) => {
    const server = net.connect(port, '127.0.0.1');
    server.pipe(client);
    let rest = Buffer.alloc(0);
    let handedOn: Promise<unknown> = Promise.resolve();
    const handOn = async (data: Buffer): Promise<void> => {
      rest = Buffer.concat([rest, data]);
      for (let end = endOfRequest(rest); end !== null; end = endOfRequest(rest)) {
        const request = rest.subarray(0, end);
        if (/^\*\d+\r\n\$3\r\nGET\r/i.test(request.toString('latin1', 0, 20))) await atGet(++count);
        server.write(request);
        rest = rest.subarray(end);
      }
    };
    client.on('data', (data: Buffer) => {
      handedOn = handedOn.then(() => handOn(data));
    });
    for (const [socket, other] of [
      [client, server],
      [server, client],
    ]) {
      sockets.add(socket);
      socket.on('error', () => {}).on('close', () => other.destroy());
    }
  });
  await once(listener.listen(0, '127.0.0.1'), 'listening');
  const close = (): void => {
    listener.close();
    for (const socket of sockets) socket.destroy();
  };
  return { port: (listener.address() as net.AddressInfo).port, close };
}

/** Where the request at the beginning of the bytes ends, an array of bulk strings; null where that has not come yet. */
function endOfRequest(bytes: Buffer): number | null {
  let at = 0;
  const readNumber = (): number => {
    const end = bytes.indexOf('\r\n', at);
    const number = end === -1 ? Number.NaN : Number(bytes.toString('latin1', at + 1, end));
    at = end + 2;
    return number;
  };
  const words = readNumber();
  if (Number.isNaN(words)) return null;
  for (let word = 0; word < words; word++) {
    const length = readNumber();
    if (Number.isNaN(length)) return null;
    at += length + 2;
    if (at > bytes.length) return null;
  }
  return at;
}

/** One question to a server over TCP: whether it accepts, or what it answers. */
import net from 'node:net';

/** A server that does not answer in this time is given up. */
const TIMEOUT_MS = 1000;

/**
 * Connects, sends `request` and resolves to the first line of the answer, without its line end. With no
 * request, resolves to an empty line once connected. When that fails, resolves to why.
 */
export function converse(host: string, port: number, request: string | null): Promise<string> {
  return new Promise((resolve) => {
    const socket = net.connect({ host, port, timeout: TIMEOUT_MS });
    let answer = '';
    const finish = (line: string): void => {
      socket.destroy();
      resolve(line);
    };
    socket.setEncoding('latin1');
    socket.on('connect', () => (request === null ? finish('') : socket.write(request)));
    socket.on('data', (chunk: string) => {
      answer += chunk;
      if (answer.includes('\r\n')) finish(answer.slice(0, answer.indexOf('\r\n')));
    });
    socket.on('timeout', () => finish(`no answer from ${host}:${port}`));
    socket.on('end', () => finish(`a closed connection from ${host}:${port}`));
    socket.on('error', (error) => finish(error.message));
  });
}

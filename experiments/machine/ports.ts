/** Free TCP ports for servers that must be given theirs. */
import { randomInt } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import net from 'node:net';
import { ExperimentError } from '../errors.ts';

const LOWEST = 10_000;
const ATTEMPTS = 100;

/**
 * A port of `host` on which nothing listens. It is drawn at random below the range from which the kernel
 * takes the ports of outgoing connections, so that no client can take it (nor a client's connection attempt
 * meet itself) between this check and the server's bind.
 */
export async function freePort(host: string): Promise<number> {
  const range = await readFile('/proc/sys/net/ipv4/ip_local_port_range', 'utf8');
  const ephemeral = Number.parseInt(range, 10);
  const end = ephemeral > LOWEST ? ephemeral : 65_536;
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const port = randomInt(LOWEST, end);
    if (await canListen(host, port)) return port;
  }
  throw new ExperimentError('NO_FREE_PORT', `no free TCP port found on ${host} in ${ATTEMPTS} attempts`);
}

function canListen(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = net.createServer();
    server.once('error', () => resolve(false));
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(true)));
  });
}

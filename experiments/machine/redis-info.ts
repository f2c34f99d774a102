/** A section of what a server that speaks Redis' protocol says of itself. */

/** A server that does not answer in this time is given up. */
const TIMEOUT_MS = 5000;

/** What INFO answers. Rejects with why it does not. */
export async function redisInfo(host: string, port: number, section: string): Promise<string> {
  // Loaded here, since most runs ask nobody.
  const { Redis } = await import('ioredis');
  const client = new Redis({
    host,
    port,
    lazyConnect: true,
    connectTimeout: TIMEOUT_MS,
    commandTimeout: TIMEOUT_MS,
    retryStrategy: () => null,
  });
  // The promise below rejects with it.
  client.on('error', () => {});
  try {
    await client.connect();
    return await client.info(section);
  } finally {
    client.disconnect();
  }
}

/** The server that a load is put on, as command lines name it. */
import { lookup } from 'node:dns/promises';
import type { Endpoint } from '../../libos/index.ts';
import { wholeNumberIn } from '../../libos/index.ts';
import { LoadError } from '../errors.ts';

/**
 * The IPv4 endpoint of 'HOST:PORT', where HOST is a name or an IPv4 address; `flag` is what errors call the text.
 * Throws INVALID_OPTION for another shape, and for a name that has no IPv4 address.
 */
export async function resolveTarget(text: string, flag: string): Promise<Endpoint> {
  const colon = text.lastIndexOf(':');
  const host = text.slice(0, Math.max(0, colon));
  const port = wholeNumberIn(text.slice(colon + 1), 1, 65535);
  if (port === null || !/^[A-Za-z0-9._-]+$/.test(host)) {
    throw new LoadError(
      'INVALID_OPTION',
      `${flag} '${text}' is not HOST:PORT, such as localhost:6379, with a name or an IPv4 address as HOST`,
    );
  }
  return { address: await addressOf(host, flag), port };
}

/** The first IPv4 address of a host. Throws INVALID_OPTION. */
export async function addressOf(host: string, flag: string): Promise<string> {
  try {
    return (await lookup(host, { family: 4 })).address;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new LoadError(
      'INVALID_OPTION',
      `${flag}: the host '${host}' has no IPv4 address here (${code}): see its spelling, /etc/hosts and the name server, ` +
        'or give the address',
    );
  }
}

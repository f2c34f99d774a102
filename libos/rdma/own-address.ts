/** Whether the option `address` can be what it must: the address of an interface of this machine. */
import { networkInterfaces } from 'node:os';
import { LibosError } from '../errors.ts';

/** Throws INVALID_ARGUMENT, naming the option and what there is. */
export function checkOwnAddress(address: string, interfaces = networkInterfaces()): void {
  const own = Object.values(interfaces)
    .flatMap((addresses) => addresses ?? [])
    .filter(({ family }) => family === 'IPv4')
    .map((found) => found.address);
  // All of 127.0.0.0/8 is this machine's, whatever its interface lo lists.
  if (own.includes(address) || address.startsWith('127.')) return;
  const there = own.length === 0 ? 'no interface has one here' : `there is ${own.join(', ')}`;
  const detail = `address=${address}: no interface of this machine has that address; ${there}`;
  throw new LibosError('INVALID_ARGUMENT', 'rdma', -1, detail);
}

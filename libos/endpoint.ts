/** IPv4 addresses as the libOS keeps them, unsigned 32-bit integers, and as people write them. */
import { LibosError } from './errors.ts';

/** '127.0.0.1' to 0x7f000001. Throws INVALID_ARGUMENT for anything but four decimal numbers. */
export function parseIpv4(address: string, operation: string, qd: number): number {
  const parts = address.split('.');
  let value = 0;
  for (const part of parts) {
    const number = /^\d{1,3}$/.test(part) ? Number(part) : 256;
    if (parts.length !== 4 || number > 255) {
      throw new LibosError(
        'INVALID_ARGUMENT',
        operation,
        qd,
        `'${address}' is not an IPv4 address such as 127.0.0.1`,
      );
    }
    value = value * 256 + number;
  }
  return value;
}

/** The address, unless it is none: INVALID_ARGUMENT for anything but an unsigned 32-bit integer. */
export function checkedIpv4(address: number, operation: string, qd: number): number {
  if (address >>> 0 !== address) {
    throw new LibosError('INVALID_ARGUMENT', operation, qd, `${address} is not an unsigned 32-bit integer`);
  }
  return address;
}

/** 0x7f000001 to '127.0.0.1'. */
export function formatIpv4(address: number): string {
  return `${address >>> 24}.${(address >>> 16) & 255}.${(address >>> 8) & 255}.${address & 255}`;
}

/** Throws INVALID_ARGUMENT unless `port` is an integer from `lowest` to 65535. */
export function checkPort(port: number, lowest: number, operation: string, qd: number): void {
  if (!Number.isInteger(port) || port < lowest || port > 65535) {
    throw new LibosError('INVALID_ARGUMENT', operation, qd, `${port} is not a port from ${lowest} to 65535`);
  }
}

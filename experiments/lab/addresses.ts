/** IPv4 addresses with the length of their network's prefix, as interfaces have them: 10.10.1.1/24. */
import { isIPv4 } from 'node:net';

export interface PrefixedAddress {
  /** Without the prefix. */
  address: string;
  prefix_bits: number;
}

/** What the stacks that take such an address allow. */
const PREFIX_BITS_MAX = 30;

/** One that a host can have; a text says why it is none: half a sentence. */
export function parseAddress(text: string): PrefixedAddress | string {
  const [address = '', bits = '', ...rest] = text.split('/');
  if (!isIPv4(address) || !/^\d{1,2}$/.test(bits) || rest.length > 0) {
    return "must be an IPv4 address with the length of its network's prefix, such as 10.10.1.1/24";
  }
  const prefix_bits = Number(bits);
  if (prefix_bits < 1 || prefix_bits > PREFIX_BITS_MAX) {
    return `must have a prefix of 1 to ${PREFIX_BITS_MAX}, such as 10.10.1.1/24`;
  }
  const ofHost = numberOf(address) % 2 ** (32 - prefix_bits);
  if (ofHost === 0) return 'is the address of the network itself, which no host has';
  if (ofHost === 2 ** (32 - prefix_bits) - 1) return "is the network's broadcast address, which no host has";
  return { address, prefix_bits };
}

/** Its network, as `10.10.1.0/24`; of two that are in one it is the same. */
export function networkOf({ address, prefix_bits }: PrefixedAddress): string {
  const network = numberOf(address) - (numberOf(address) % 2 ** (32 - prefix_bits));
  const bytes = [24, 16, 8, 0].map((shift) => Math.floor(network / 2 ** shift) % 256);
  return `${bytes.join('.')}/${prefix_bits}`;
}

function numberOf(address: string): number {
  return address.split('.').reduce((number, byte) => number * 256 + Number(byte), 0);
}

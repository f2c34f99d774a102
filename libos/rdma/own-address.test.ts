import { expect, it } from 'vitest';
import { checkOwnAddress } from './own-address.ts';

const mac = '02:00:00:00:00:01';
const ipv4 = (address: string) =>
  ({
    address,
    family: 'IPv4',
    netmask: '255.255.255.0',
    mac,
    internal: false,
    cidr: `${address}/24`,
  }) as const;
const interfaces = { lo: [ipv4('127.0.0.1')], eth0: [ipv4('192.0.2.7')] };

it('names the option, and what there is, for an address that no interface has', () => {
  expect(() => checkOwnAddress('192.0.2.8', interfaces)).toThrow(
    'address=192.0.2.8: no interface of this machine has that address; there is 127.0.0.1, 192.0.2.7 (INVALID_ARGUMENT)',
  );
  expect(() => checkOwnAddress('192.0.2.8', {})).toThrow('no interface has one here');
});

it('takes the addresses of interfaces, and all of loopback', () => {
  for (const address of ['192.0.2.7', '127.0.0.1', '127.0.0.9']) checkOwnAddress(address, interfaces);
});

import { BlockList } from 'node:net';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { networkOf, parseAddress } from './addresses.ts';

const address = fc.ipV4();
const prefix = fc.integer({ min: 1, max: 30 });

describe('an address with its prefix', () => {
  test('is in the networks that node has it in, and in no other', () => {
    fc.assert(
      fc.property(address, address, prefix, (one, other, bits) => {
        const [a, b] = [one, other].map((text) => parseAddress(`${text}/${bits}`));
        if (typeof a === 'string' || typeof b === 'string') return;
        const list = new BlockList();
        list.addSubnet(one, bits);
        expect(networkOf(a) === networkOf(b)).toBe(list.check(other));
      }),
    );
  });

  test('keeps its address, and its network has the same prefix', () => {
    expect(parseAddress('10.10.1.1/24')).toEqual({ address: '10.10.1.1', prefix_bits: 24 });
    expect(networkOf({ address: '10.10.1.1', prefix_bits: 24 })).toBe('10.10.1.0/24');
    expect(networkOf({ address: '255.255.255.253', prefix_bits: 30 })).toBe('255.255.255.252/30');
    expect(networkOf({ address: '172.31.16.10', prefix_bits: 20 })).toBe('172.31.16.0/20');
  });

  test.each([
    '',
    '/',
    '10.10.1.1',
    '10.10.1.1/',
    '/24',
    '10.10.1/24',
    '10.10.1.256/24',
    '10.010.1.1/24',
    '10.10.1.1/24/1',
    '10.10.1.1/2x',
    '10.10.1.1/-1',
    '10.10.1.1/024',
    'fd00::1/64',
    ' 10.10.1.1/24',
    '10.10.1.1 /24',
    'node0/24',
  ])('is not %j', (text) => {
    expect(parseAddress(text)).toMatch(/must be an IPv4 address with the length/);
  });

  test.each([
    ['10.10.1.1/0', /prefix of 1 to 30/],
    ['10.10.1.1/31', /prefix of 1 to 30/],
    ['10.10.1.0/24', /network itself/],
    ['10.10.1.255/24', /broadcast/],
    ['10.10.1.3/30', /broadcast/],
  ])('is not %s, which no host can have', (text, why) => {
    expect(parseAddress(text)).toMatch(why);
  });

  test('of any text is one or a reason', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[\d./]{0,20}$/)), (text) => {
        const parsed = parseAddress(text);
        if (typeof parsed === 'string') expect(parsed.length).toBeGreaterThan(0);
        else expect(`${parsed.address}/${parsed.prefix_bits}`).toBe(text);
      }),
    );
  });
});

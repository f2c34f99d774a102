import { describe, expect, it } from 'vitest';
import { OptionReader } from '../backend-options.ts';
import type { LibosError } from '../errors.ts';
import { readStackOptions } from '../frames/stack-options.ts';
import { parseXdpOptions, xdpOptions } from './options.ts';

const least = { interface: 'eth0', ip: '10.99.0.1/24' };
const link = { link: '/run/x.link', role: 'client', ip: '10.99.0.1/24' };

/** The message of the refusal, which must be INVALID_ARGUMENT; '' where it is taken. */
function refusal(options: Record<string, string>): string {
  try {
    parseXdpOptions(options);
  } catch (error) {
    expect((error as LibosError).code).toBe('INVALID_ARGUMENT');
    return (error as LibosError).message;
  }
  return '';
}

describe('options of xdp', () => {
  it('have defaults for all but the least', () => {
    expect(parseXdpOptions(least)).toEqual({
      ...readStackOptions(new OptionReader('xdp', least), 'partial'),
      place: { interface: 'eth0', queue: null },
      mtu: null,
      packetBuffers: 8192,
      attach: 'auto',
      zeroCopy: 'auto',
    });
  });

  it('are read one by one', () => {
    const given = { queue: '3', mtu: '1400', packet_buffers: '2048', attach: 'skb', zero_copy: 'no' };
    expect(parseXdpOptions({ ...least, ...given, checksum: 'verify' })).toMatchObject({
      place: { interface: 'eth0', queue: 3 },
      mtu: 1400,
      packetBuffers: 2048,
      attach: 'skb',
      zeroCopy: 'no',
      checksum: 'verify',
    });
    expect(parseXdpOptions(link).place).toEqual({ link: '/run/x.link', role: 'client' });
  });

  it.each([
    [
      { ip: '10.99.0.1/24' },
      'the option interface is missing: give the name of an interface such as interface=eth0, or link=',
    ],
    [{ interface: 'eth0' }, 'the option ip is missing'],
    [{ ...least, interface: 'much/too:long' }, 'a name has 1 to 15 characters'],
    [{ ...least, queue: '-1' }, 'it must be an integer from 0'],
    [{ ...least, role: 'server' }, 'it goes with link'],
    [{ ...link, role: 'both' }, 'it must be server, client'],
    [{ ...link, interface: 'eth0' }, 'it does not go with link'],
    [{ ...link, queue: '0' }, 'it does not go with link'],
    [{ ...least, mtu: '9000' }, 'it must be an integer from 576 to 3500'],
    [{ ...least, packet_buffers: '512' }, 'it must be an integer from 1024'],
    [{ ...least, attach: 'driver' }, 'it must be auto, native, skb'],
    [{ ...least, attach: 'skb', zero_copy: 'yes' }, 'frames are copied'],
    [{ ...least, smoke: '1' }, `there is ${Object.keys(xdpOptions).join(', ')}`],
  ])('%j is refused with the remedy', (options, message) => {
    expect(refusal(options as Record<string, string>)).toContain(message);
  });
});

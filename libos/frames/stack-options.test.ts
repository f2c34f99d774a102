import { describe, expect, it } from 'vitest';
import { OptionReader } from '../backend-options.ts';
import type { LibosError } from '../errors.ts';
import { readStackOptions, stackOptions } from './stack-options.ts';

const read = (given: Record<string, string> = {}) =>
  readStackOptions(new OptionReader('frames', { ip: '10.99.0.1/24', ...given }), 'verify');

describe('options of the network stack', () => {
  it('have defaults for all but the address', () => {
    expect(read()).toEqual({
      network: { address: 0x0a630001, prefixLength: 24, gateway: null },
      checksum: 'verify',
      tcp: {
        congestion: 'cubic',
        nagle: false,
        receiveWindowBytes: 1_048_576,
        minRtoMs: 50,
        delayedAckMs: 10,
        keepaliveS: 300,
        userTimeoutS: 100,
        synCookies: true,
      },
      pcap: null,
      impair: null,
    });
  });

  it('are read one by one', () => {
    const given = {
      gateway: '10.99.0.254',
      checksum: 'partial',
      congestion: 'newreno',
      nagle: 'on',
      receive_window_bytes: '65536',
      min_rto_ms: '1000',
      delayed_ack_ms: '0',
      keepalive_s: '0',
      user_timeout_s: '5',
      syn_cookies: 'off',
      pcap: '/tmp/x.pcap',
      impair: 'loss=0.01,seed=7',
    };
    expect(Object.keys(given)).toEqual(expect.arrayContaining(Object.keys(stackOptions)));
    expect(read(given)).toMatchObject({
      network: { gateway: 0x0a6300fe },
      checksum: 'partial',
      tcp: {
        congestion: 'newreno',
        nagle: true,
        receiveWindowBytes: 65_536,
        minRtoMs: 1000,
        delayedAckMs: 0,
        keepaliveS: 0,
        userTimeoutS: 5,
        synCookies: false,
      },
      pcap: '/tmp/x.pcap',
      impair: { loss: 0.01, seed: 7 },
    });
  });

  it('have the defaults that are said of them', () => {
    const said = Object.entries(stackOptions).filter(([, option]) => option.default !== null);
    expect(said.length).toBeGreaterThan(7);
    for (const [key, option] of said) expect(read({ [key]: option.default! }), key).toEqual(read());
  });

  it.each([
    [{ ip: '10.99.0.1' }, 'ip=10.99.0.1', '10.99.0.1/24'],
    [{ ip: '10.99.0.1/31' }, 'ip', '1 to 30'],
    [{ ip: '10.99.0.256/24' }, 'ip', 'IPv4'],
    [{ gateway: 'router' }, 'gateway', 'IPv4'],
    [{ checksum: 'trust' }, 'checksum=trust', 'verify, partial'],
    [{ nagle: 'yes' }, 'nagle', 'on, off'],
    [{ syn_cookies: '1' }, 'syn_cookies', 'on, off'],
    [{ min_rto_ms: '-1' }, 'min_rto_ms', '1 to 60000'],
    [{ keepalive_s: '1.5' }, 'keepalive_s', 'integer'],
    [{ user_timeout_s: '0' }, 'user_timeout_s', '1 to 1000000'],
    [{ impair: 'loss=2' }, 'loss', ''],
  ])('refuse %o', (given, named, allowed) => {
    let refused: LibosError | null = null;
    try {
      read(given as Record<string, string>);
    } catch (error) {
      refused = error as LibosError;
    }
    expect(refused?.code).toBe('INVALID_ARGUMENT');
    expect(refused!.message).toContain(named);
    expect(refused!.message).toContain(allowed);
  });
});

import { describe, expect, it } from 'vitest';
import { readIperf, readPing } from './pair-check.ts';

describe('what ping prints', () => {
  const summary = (loss: string, rest: string): string =>
    `PING 10.0.0.2 (10.0.0.2) from 10.0.0.1 : 56(84) bytes of data.\n\n--- 10.0.0.2 ping statistics ---\n` +
    `5 packets transmitted, 4 received, ${loss}% packet loss, time 804ms\n${rest}\n`;

  it('is read', () => {
    const rest = 'rtt min/avg/max/mdev = 0.031/0.0415/0.067/0.012 ms';
    expect(readPing(summary('20', rest))).toEqual({ min_us: 31, avg_us: 41.5, loss: 0.2 });
    // As busybox writes it.
    expect(readPing(summary('0', 'round-trip min/avg/max = 0.031/0.0415/0.067 ms'))?.min_us).toBe(31);
  });

  it('is none where nothing came back', () => {
    expect(readPing(summary('100', ''))).toBeNull();
    expect(readPing('ping: connect: Network is unreachable\n')).toBeNull();
    expect(readPing('')).toBeNull();
  });
});

describe('what iperf3 prints', () => {
  it('is read for what arrived', () => {
    expect(
      readIperf('{"end":{"sum_sent":{"bits_per_second":7},"sum_received":{"bits_per_second":5.5e9}}}'),
    ).toBe(5.5e9);
  });

  it('is none where it failed', () => {
    expect(
      readIperf('{"start":{},"end":{},"error":"unable to connect to server: Connection refused"}'),
    ).toBeNull();
    expect(readIperf('iperf3: parameter error')).toBeNull();
    expect(readIperf('null')).toBeNull();
  });
});

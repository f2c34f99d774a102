/** When the rendezvous over TCP wants to be looked at, for a thread that sleeps. */
import { expect, test } from 'vitest';
import { parseIpv4 } from '../endpoint.ts';
import { TcpRendezvous } from './tcp-rendezvous.ts';
import { honestHello } from './test-hello.ts';

const nothing = () => {};
const handler = { arrived: nothing, answered: nothing, failed: nothing, record: nothing, broken: nothing };
const LOOPBACK = parseIpv4('127.0.0.1', 'connect', -1);
/** Of no interface here (RFC 5737): to connect from it fails at once. */
const NOT_OURS = parseIpv4('192.0.2.1', 'connect', -1);

test('a connect that failed at once is due at once, and no more when it was closed before anybody looked', () => {
  const rendezvous = new TcpRendezvous(handler, 60_000);
  try {
    expect(rendezvous.dueMs()).toBe(Number.POSITIVE_INFINITY);
    const line = rendezvous.connect(LOOPBACK, 9, NOT_OURS, 0, honestHello);
    expect(rendezvous.dueMs()).toBe(0);
    line.close();
    expect(rendezvous.dueMs()).toBe(Number.POSITIVE_INFINITY);
  } finally {
    rendezvous.close();
  }
});

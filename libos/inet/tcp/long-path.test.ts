/** A path of 20 ms each way: megabytes are on their way at a time, and what is lost of them is all that goes again. */
import { expect, it } from 'vitest';
import { TestHosts } from '../../sim/test-hosts.ts';
import { isTcp } from './test-segments.ts';

const MEBIBYTE = 1024 ** 2;

it('keeps thousands of segments behind a hole, as far as the window reaches', () => {
  const bytes = 32 * MEBIBYTE;
  const hosts = new TestHosts({
    link: { buffers: 8192, both: { delayUs: 20_000, queueFrames: 1e6 } },
    tcp: { receiveWindowBytes: 4 * MEBIBYTE },
    checked: false,
  });
  const { a, b, link } = hosts;
  const { a: sending, b: receiving } = hosts.connect();
  const { sender } = a.connectionOf(sending);
  // Of 1,448 bytes; behind the hole there are more than 1,024 of them.
  let lost = false;
  link.aToB.drops = (frame) => {
    const isHole = !lost && isTcp(frame) && frame.length > 1000 && sender.inFlight > 2 * MEBIBYTE;
    lost ||= isHole;
    return isHole;
  };
  const array = a.libos.alloc(bytes);
  a.when(a.libos.push(sending, array), ({ sga }) => sga !== null && a.libos.free(sga));
  let received = 0;
  const pop = (): void =>
    b.when(b.libos.pop(receiving), ({ sga }) => {
      if (sga === null) return;
      received += sga.byteLength;
      b.libos.free(sga);
      pop();
    });
  pop();
  expect(hosts.run(20e6, () => received === bytes)).toBe(true);
  const { counters } = a.stack.tcp;
  expect([lost, counters.retransmissionTimeouts]).toEqual([true, 0]);
  expect(counters.retransmitted).toBeLessThanOrEqual(2);
  expect(b.stack.tcp.counters.receiveDropped).toBe(0);
});

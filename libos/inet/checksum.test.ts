import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Checksum } from './checksum.ts';
import { ip, plainChecksum, transportChecksum } from './test-device.ts';

function checksumOf(...pieces: Uint8Array[]): number {
  const checksum = new Checksum();
  for (const piece of pieces) checksum.add(piece, 0, piece.length);
  return checksum.result();
}

describe('Checksum', () => {
  it("agrees with RFC 1071's example", () => {
    // Section 3: the sum of 0001 f203 f4f5 f6f7 is ddf2.
    expect(checksumOf(Uint8Array.of(0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7))).toBe(0xddf2 ^ 0xffff);
  });

  it('of nothing is all ones', () => {
    expect(checksumOf()).toBe(0xffff);
  });

  it('agrees with a plain one however the message is cut', () => {
    const message = fc.uint8Array({ minLength: 0, maxLength: 300 });
    const cuts = fc.array(fc.nat(300), { maxLength: 8 });
    fc.assert(
      fc.property(message, cuts, (bytes, places) => {
        const ends = [...places.map((place) => Math.min(place, bytes.length)), bytes.length].sort(
          (a, b) => a - b,
        );
        const checksum = new Checksum();
        let at = 0;
        for (const end of ends) {
          checksum.add(bytes, at, end - at);
          at = end;
        }
        expect(checksum.result()).toBe(plainChecksum(bytes));
      }),
      { numRuns: 1000 },
    );
  });

  it.each([1499, 1500, 8999, 9000, 32_767, 32_768, 32_769, 65_535, 200_001])(
    'does not lose carries over %i bytes of ff',
    (length) => {
      const bytes = new Uint8Array(length + 3).fill(0xff);
      const checksum = new Checksum();
      checksum.add(bytes, 3, length);
      expect(checksum.result()).toBe(plainChecksum(bytes.subarray(3)));
      checksum.add(bytes, 0, 1);
      checksum.add(bytes, 0, length);
      expect(checksum.result()).toBe(plainChecksum(new Uint8Array(2 * length + 1).fill(0xff)));
    },
  );

  it('verifies to 0 over a message with its checksum in it', () => {
    const bytes = Uint8Array.from({ length: 51 }, (_, i) => i * 37);
    bytes.set([0, 0], 16);
    const value = checksumOf(bytes);
    bytes.set([value >> 8, value & 0xff], 16);
    expect(checksumOf(bytes)).toBe(0);
    bytes[20] ^= 1;
    expect(checksumOf(bytes)).not.toBe(0);
  });

  it('adds words and the pseudo-header', () => {
    const message = Uint8Array.from({ length: 77 }, (_, i) => 255 - i);
    const checksum = new Checksum();
    checksum.addPseudoHeader(ip('192.168.255.254'), ip('255.255.0.1'), 17, message.length);
    checksum.add(message, 0, message.length);
    expect(checksum.result()).toBe(transportChecksum('192.168.255.254', '255.255.0.1', 17, message));
    checksum.reset();
    checksum.addWord(0xfffe);
    checksum.addWord(0x0003);
    expect(checksum.result()).toBe(plainChecksum(Uint8Array.of(0xff, 0xfe, 0x00, 0x03)));
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeHello, encodeHello, HelloKind, MAX_HELLO_BYTES, type Refusal } from './hello.ts';
import { honestHello as hello } from './test-hello.ts';

const anyHello = fc.record({
  kind: fc.constantFrom(HelloKind.Stream, HelloKind.Datagram),
  provider: fc.stringMatching(/^[a-z_;]{0,40}$/),
  address: fc.uint8Array({ minLength: 1, maxLength: 255 }),
  connection: fc.integer(),
  key: fc.integer(),
  bufferBytes: fc.integer({ min: 1, max: 0xff_ffff }),
  limit: fc.constant(1),
  maxWindow: fc.integer({ min: 1, max: 0xffff }),
  port: fc.integer({ min: 0, max: 0xffff }),
  host: fc.uint8Array({ minLength: 16, maxLength: 16 }),
});

describe('a hello', () => {
  it('is read as it was written, and what follows it is left', () => {
    fc.assert(
      fc.property(anyHello, fc.uint8Array({ maxLength: 20 }), (one, rest) => {
        const bytes = encodeHello(one);
        expect(bytes.length).toBeLessThanOrEqual(MAX_HELLO_BYTES);
        const read = decodeHello(Buffer.concat([bytes, rest]));
        expect(read).toEqual({ hello: one, length: bytes.length });
      }),
    );
  });

  it('is nothing yet until its last byte is there, byte by byte', () => {
    const bytes = encodeHello(hello);
    for (let length = 0; length < bytes.length; length++) {
      expect(decodeHello(bytes.subarray(0, length))).toBeNull();
    }
  });

  it('may be a refusal, with its reason', () => {
    for (const code of ['CONNECTION_REFUSED', 'PROTOCOL_ERROR'] as const) {
      const refusal: Refusal = { kind: HelloKind.Refusal, code, reason: 'no room, Grüße' };
      expect(decodeHello(encodeHello(refusal))).toMatchObject({ hello: refusal });
    }
  });

  it.each([
    ['a Redis client', '*1\r\n$4\r\nPING\r\n', 'no hello of this backend'],
    ['one wrong byte', 'bypassbencH', 'no hello of this backend'],
    ['an answer in HTTP', 'HTTP/1.1 400 Bad Request', 'no hello of this backend'],
  ])('is not: %s', (_what, text, why) => {
    expect(decodeHello(Buffer.from(text))).toContain(why);
  });

  it.each([
    ['another version', 17, 2, 'its version is 2, ours is 1'],
    ['a kind that there is not', 20, 9, 'its kind is 9'],
    ['lengths that do not sum up', 21, 200, 'its lengths do not sum up'],
    ['a length below the fixed part', 19, 10, 'it claims to have 10 bytes'],
    ['a length beyond all', 18, 200, 'it claims to have'],
    ['no buffer', [33, 34, 35], 0, 'its buffers have 0 bytes'],
    ['a buffer longer than a message can say', 32, 1, 'its buffers have'],
    ['no window', 43, 0, 'its window is 0'],
    ['a window beyond all', 40, 1, 'its window is'],
    ['a limit beyond its window', 39, 65, 'its limit is 65 with a window of 64'],
    ['a limit below zero', 36, 255, 'its limit is -'],
  ])('is not one with %s', (_what, at, value, why) => {
    const bytes = encodeHello(hello);
    for (const one of [at].flat()) bytes[one] = value;
    expect(decodeHello(bytes)).toContain(why);
  });

  it('never makes the reader fail, whatever comes', () => {
    const mutation = fc.record({ at: fc.nat(200), to: fc.integer({ min: 0, max: 255 }) });
    fc.assert(
      fc.property(anyHello, fc.array(mutation, { minLength: 1, maxLength: 5 }), (one, mutations) => {
        const bytes = encodeHello(one);
        for (const { at, to } of mutations) if (at < bytes.length) bytes[at] = to;
        const read = decodeHello(bytes);
        return read === null || typeof read === 'string' || read.length <= bytes.length;
      }),
    );
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { latin1, latin1Bytes } from './bytes.ts';
import { BROKEN, NEED_MORE, READY, Request, type RequestLimits, TOO_LARGE } from './request.ts';

const LIMITS: RequestLimits = { bulkBytesMax: 512 * 1024 ** 2, queryBytesMax: 1024 ** 3 };

interface Outcome {
  requests: string[][];
  error: string | null;
}

/** Feeds the pieces as a front end does: the memory of each is overwritten as soon as it was kept. */
function feed(pieces: Uint8Array[], request = new Request({ ...LIMITS })): Outcome {
  const requests: string[][] = [];
  for (const piece of pieces) {
    const input = new Uint8Array(piece.length + 7);
    input.set(piece, 7);
    request.give(input, 7, piece.length);
    for (;;) {
      const status = request.next();
      if (status === NEED_MORE) break;
      if (status === BROKEN) return { requests, error: request.error };
      if (status === TOO_LARGE) return { requests, error: 'too large' };
      expect(status).toBe(READY);
      const args: string[] = [];
      for (let i = 0; i < request.argc; i++) {
        args.push(latin1(request.bytes, request.start[i], request.length[i]));
      }
      if (args.length > 0) requests.push(args);
    }
    request.keep();
    input.fill(0xee);
  }
  return { requests, error: null };
}

function split(bytes: Uint8Array, cuts: number[]): Uint8Array[] {
  const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  return places.slice(1).map((end, index) => bytes.subarray(places[index], end));
}

function encode(args: string[]): string {
  return `*${args.length}\r\n${args.map((arg) => `$${arg.length}\r\n${arg}\r\n`).join('')}`;
}

const byteText = (maxLength: number) =>
  fc.string({ maxLength, unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)) });

const cases: Record<string, { input: string } & Partial<Outcome>> = {
  'a request': { input: '*2\r\n$3\r\nGET\r\n$1\r\nk\r\n', requests: [['GET', 'k']] },
  'two joined requests': {
    input: '*1\r\n$4\r\nPING\r\n*2\r\n$4\r\nECHO\r\n$0\r\n\r\n',
    requests: [['PING'], ['ECHO', '']],
  },
  'empty requests': { input: '*0\r\n*-1\r\n\r\n\n*1\r\n$4\r\nPING\r\n', requests: [['PING']] },
  'binary arguments': {
    input: encode(['SET', '\r\n\x00', '\xff*$']),
    requests: [['SET', '\r\n\x00', '\xff*$']],
  },
  'inline requests': { input: 'PING\r\nGET  a\tb \n', requests: [['PING'], ['GET', 'a', 'b']] },
  'inline quotes': {
    input: 'SET "a b\\n\\x41\\"" \'c\\\'d\' e"f g"\r\n',
    requests: [['SET', 'a b\nA"', "c'd", 'ef g']],
  },
  'an empty quoted argument': { input: 'ECHO ""\r\n', requests: [['ECHO', '']] },
  'unbalanced quotes': { input: 'GET "a\r\n', error: 'Protocol error: unbalanced quotes in request' },
  'text behind a closing quote': {
    input: 'GET "a"b\r\n',
    error: 'Protocol error: unbalanced quotes in request',
  },
  'a count that is no number': { input: '*x\r\n', error: 'Protocol error: invalid multibulk length' },
  'a count out of range': { input: '*2147483648\r\n', error: 'Protocol error: invalid multibulk length' },
  'a bulk without $': { input: '*1\r\n:1\r\n', error: "Protocol error: expected '$', got ':'" },
  'a negative bulk length': { input: '*1\r\n$-1\r\n', error: 'Protocol error: invalid bulk length' },
  'a bulk length out of range': {
    input: '*1\r\n$536870913\r\n',
    error: 'Protocol error: invalid bulk length',
  },
  'an endless inline request': { input: 'x'.repeat(70000), error: 'Protocol error: too big inline request' },
  'an endless count': { input: `*${'1'.repeat(70000)}`, error: 'Protocol error: too big mbulk count string' },
  'an endless bulk length': {
    input: `*1\r\n$${'1'.repeat(70000)}`,
    error: 'Protocol error: too big bulk count string',
  },
};

describe.each(Object.entries(cases))('%s', (_name, { input, requests = [], error = null }) => {
  it('is read whole', () => {
    expect(feed([latin1Bytes(input)])).toEqual({ requests, error });
  });

  it('is read byte by byte', () => {
    const bytes = latin1Bytes(input);
    expect(feed(split(bytes, [...bytes.keys()]))).toEqual({ requests, error });
  });
});

describe('a request parser', () => {
  it('reads any requests cut at any places', () => {
    const request = fc.array(byteText(40), { minLength: 1, maxLength: 5 });
    const large = fc.integer({ min: 30_000, max: 200_000 }).map((length) => ['SET', 'k', 'v'.repeat(length)]);
    const requests = fc.array(fc.oneof({ weight: 9, arbitrary: request }, { weight: 1, arbitrary: large }));
    fc.assert(
      fc.property(requests, fc.array(fc.nat(2 ** 30), { maxLength: 20 }), (wanted, cuts) => {
        const bytes = latin1Bytes(wanted.map(encode).join(''));
        expect(feed(split(bytes, cuts))).toEqual({ requests: wanted, error: null });
      }),
      { seed: 1, numRuns: 300 },
    );
  });

  it('survives any bytes cut at any places, with the same outcome as in one piece', () => {
    const noise = fc
      .array(fc.oneof(byteText(10), fc.constantFrom('*', '$', '\r\n', '1', '2', '*1\r\n$1\r\na\r\n')), {
        maxLength: 30,
      })
      .map((parts) => latin1Bytes(parts.join('')));
    fc.assert(
      fc.property(noise, fc.array(fc.nat(2 ** 30), { maxLength: 10 }), (bytes, cuts) => {
        expect(feed(split(bytes, cuts))).toEqual(feed([bytes]));
      }),
      { seed: 2, numRuns: 1000 },
    );
  });

  it('reads a large bulk in time that grows with its length alone', () => {
    const bulk = 'v'.repeat(32 * 1024 * 1024);
    const bytes = latin1Bytes(encode(['SET', 'k', bulk]));
    const pieces: Uint8Array[] = [];
    for (let at = 0; at < bytes.length; at += 16384) pieces.push(bytes.subarray(at, at + 16384));
    const request = new Request({ ...LIMITS });
    const begun = process.cpuUsage();
    for (const piece of pieces.slice(0, -1)) {
      request.give(piece, 0, piece.length);
      expect(request.next()).toBe(NEED_MORE);
      request.keep();
    }
    expect(process.cpuUsage(begun).user).toBeLessThan(5e6);
    const last = pieces.at(-1)!;
    request.give(last, 0, last.length);
    expect(request.next()).toBe(READY);
    expect(request.length[2]).toBe(bulk.length);
    expect(request.bytes[request.start[2] + bulk.length - 1]).toBe('v'.charCodeAt(0));
    request.keep();
    expect(request.pendingCapacity).toBe(0);
  });

  it('sets no more memory aside than twice what arrived, whatever a header claims', () => {
    const request = new Request({ ...LIMITS });
    const bytes = latin1Bytes(`*1\r\n$536870912\r\n${'x'.repeat(100_000)}`);
    request.give(bytes, 0, bytes.length);
    expect(request.next()).toBe(NEED_MORE);
    request.keep();
    expect(request.pendingBytes).toBe(bytes.length);
    expect(request.pendingCapacity).toBeLessThanOrEqual(2 * bytes.length);
  });

  it('refuses to hold more than the query buffer limit', () => {
    const request = new Request({ bulkBytesMax: 512 * 1024 ** 2, queryBytesMax: 100_000 });
    const pieces = [latin1Bytes('*2\r\n$3\r\nGET\r\n$200000\r\n')];
    for (let i = 0; i < 20; i++) pieces.push(latin1Bytes('x'.repeat(10_000)));
    expect(feed(pieces, request).error).toBe('too large');
  });

  it('holds an unauthenticated client to small requests', () => {
    const tooMany = new Request({ ...LIMITS });
    tooMany.authenticated = false;
    expect(feed([latin1Bytes('*11\r\n')], tooMany).error).toBe(
      'Protocol error: unauthenticated multibulk length',
    );
    const tooLong = new Request({ ...LIMITS });
    tooLong.authenticated = false;
    expect(feed([latin1Bytes('*1\r\n$16385\r\n')], tooLong).error).toBe(
      'Protocol error: unauthenticated bulk length',
    );
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  KEY_BYTES_MAX,
  NO_SIZE,
  TRACE_HEAD,
  TRACE_SET,
  TraceParser,
  traceHead,
  traceLine,
  traceOperations,
  VALUE_BYTES_MAX,
} from './format.ts';

interface Request {
  timeNs: number;
  operation: number;
  key: number[];
  valueBytes: number;
}

/** @param cut sizes of the chunks that it is read in, again and again; the whole without */
function parse(text: string | Uint8Array, cut: number[] = []): Request[] {
  const bytes = typeof text === 'string' ? Buffer.from(text) : text;
  const requests: Request[] = [];
  const parser = new TraceParser('x.trace', {
    request(timeNs, operation, key, keyBytes, valueBytes) {
      requests.push({ timeNs, operation, key: [...key.subarray(0, keyBytes)], valueBytes });
    },
  });
  let at = 0;
  for (let i = 0; at < bytes.length; i++) {
    const size = cut.length === 0 ? bytes.length : cut[i % cut.length];
    // A chunk's bytes are gone after it.
    const chunk = Uint8Array.from(bytes.subarray(at, at + size));
    parser.feed(chunk);
    chunk.fill(0);
    at += size;
  }
  parser.end();
  return requests;
}

const key = fc.uint8Array({ minLength: 1, maxLength: 40 }).map((bytes) => [...bytes]);
const size = fc.integer({ min: 0, max: VALUE_BYTES_MAX });
const request = fc
  .record({
    gapNs: fc.oneof(fc.nat(1000), fc.nat(1e10), fc.constant(0)),
    operation: fc.nat(traceOperations.length - 1),
    key,
    size: fc.option(size, { nil: NO_SIZE }),
  })
  .map(({ gapNs, operation, key, size }) => {
    const valueBytes = operation === TRACE_SET ? Math.max(0, size) : operation === 0 ? size : NO_SIZE;
    return { gapNs, operation, key, valueBytes };
  });
const trace = fc.array(request, { maxLength: 30 }).map((requests) => {
  let timeNs = 0;
  return requests.map(({ gapNs, ...rest }): Request => {
    timeNs += gapNs;
    return { timeNs, ...rest };
  });
});

const textOf = (requests: Request[]): string =>
  traceHead +
  requests
    .map(({ timeNs, operation, key, valueBytes }) =>
      traceLine(timeNs, traceOperations[operation], Uint8Array.from(key), valueBytes),
    )
    .join('');

describe('a trace', () => {
  it('is read as it was written, whole, byte by byte, and in any pieces', () => {
    fc.assert(
      fc.property(trace, fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1 }), (requests, cut) => {
        const text = textOf(requests);
        expect(parse(text)).toEqual(requests);
        expect(parse(text, [1])).toEqual(requests);
        expect(parse(text, cut)).toEqual(requests);
      }),
    );
  });

  it('is a request or a line with its number, whatever it is made of', () => {
    const word = fc.constantFrom(
      '0',
      '1',
      '.',
      ' ',
      'get',
      'set',
      'del',
      '-',
      '%41',
      '%',
      '#',
      '\r',
      'ä',
      '12',
    );
    const line = fc.array(word, { maxLength: 8 }).map((words) => words.join(''));
    fc.assert(
      fc.property(fc.array(line, { maxLength: 6 }), (lines) => {
        const text = `${TRACE_HEAD}\n${lines.join('\n')}`;
        const outcomes = [[], [1], [3]].map((cut) => {
          try {
            return parse(text, cut);
          } catch (error) {
            return (error as Error).message;
          }
        });
        expect(outcomes[1]).toEqual(outcomes[0]);
        expect(outcomes[2]).toEqual(outcomes[0]);
        if (typeof outcomes[0] === 'string') {
          const number = Number(/^x\.trace:(\d+): the line /.exec(outcomes[0])?.[1]);
          expect(number).toBeGreaterThanOrEqual(2);
          expect(number).toBeLessThanOrEqual(lines.length + 1);
        }
      }),
    );
  });

  it('has comments, empty lines, and ends of lines of both kinds, or none at its end', () => {
    const lines = [TRACE_HEAD, '# by hand', '', '0.5 get a%20key -', '1.25 set K 3'];
    const requests = [
      { timeNs: 5e8, operation: 0, key: [...Buffer.from('a key')], valueBytes: NO_SIZE },
      { timeNs: 1.25e9, operation: 1, key: [75], valueBytes: 3 },
    ];
    expect(parse(lines.join('\n'))).toEqual(requests);
    expect(parse(`${lines.join('\r\n')}\r\n`)).toEqual(requests);
  });

  it.each([
    ['', "x.trace: the file is empty: the first line of a trace is '# bypassbench trace 1'"],
    ['time,key\n', "x.trace:1: the line is 'time,key': the first line of a trace is '# bypassbench trace 1'"],
    [`${TRACE_HEAD}\n0 get k\n`, 'x.trace:2: the line lacks a column: a request is'],
    [`${TRACE_HEAD}\n\n0 get  3\n`, 'x.trace:3: the line has no key'],
    [`${TRACE_HEAD}\n0 gte k 3\n`, "the line has the operation 'gte': it must be get, set, del"],
    [`${TRACE_HEAD}\n-1 get k 3\n`, "the line has the time '-1': it must be seconds from 0 to 9,000,000"],
    [`${TRACE_HEAD}\n1. get k 3\n`, "the line has the time '1.'"],
    [`${TRACE_HEAD}\n1e3 get k 3\n`, "the line has the time '1e3'"],
    [`${TRACE_HEAD}\n0.0000000001 get k 3\n`, "the line has the time '0.0000000001'"],
    [`${TRACE_HEAD}\n9000001 get k 3\n`, "the line has the time '9000001'"],
    [`${TRACE_HEAD}\n1 get k 3\n0.5 get k 3\n`, 'x.trace:3: the line is due before the line above it'],
    [`${TRACE_HEAD}\n1 get k% 3\n`, 'the line has a % in its key'],
    [`${TRACE_HEAD}\n1 get k\t 3\n`, 'the line has a control character in its key'],
    [
      `${TRACE_HEAD}\n1 get ${'k'.repeat(KEY_BYTES_MAX + 1)} 3\n`,
      'the line has a key of more than 16384 bytes',
    ],
    [
      `${TRACE_HEAD}\n1 get ${'k'.repeat(4 * KEY_BYTES_MAX)} 3\n`,
      /^x\.trace:2: the line (has a key of more|is longer) than/,
    ],
    [`${TRACE_HEAD}\n1 set k -\n`, 'the line is a set without the size of its value'],
    [`${TRACE_HEAD}\n1 del k 3\n`, 'the line is a del with a size'],
    [`${TRACE_HEAD}\n1 get k 3 4\n`, "the line has the size '3 4'"],
    [`${TRACE_HEAD}\n1 get k 536870913\n`, 'it must be bytes, at most 536870912, or -'],
  ])('is refused: %j', (text, message) => {
    expect(() => parse(text)).toThrow(message);
    expect(() => parse(text, [1])).toThrow(message);
  });
});

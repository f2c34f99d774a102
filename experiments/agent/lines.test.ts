import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LineReader } from './lines.ts';

/** What a listener hears: lines, and the limit where one was too long. */
function heard(chunks: readonly Buffer[], limitBytes = 100): (string | number)[] {
  const events: (string | number)[] = [];
  const reader = new LineReader(
    { line: (text) => events.push(text), tooLong: (limit) => events.push(limit) },
    limitBytes,
  );
  for (const chunk of chunks) reader.receive(chunk);
  return events;
}

const byteByByte = (bytes: Buffer): Buffer[] => Array.from(bytes, (byte) => Buffer.of(byte));

describe('LineReader', () => {
  const sent = Buffer.from(`one\n\nzwölf\n${'x'.repeat(101)}\n${'y'.repeat(100)}\nnot yet`);
  const events = ['one', '', 'zwölf', 100, 'y'.repeat(100)];

  it('reads lines, skips one that is too long, and goes on behind it', () => {
    expect(heard([sent])).toEqual(events);
    expect(heard(byteByByte(sent))).toEqual(events);
  });

  it('does so wherever the bytes are cut', () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: sent.length })), (cuts) => {
        const places = [0, ...cuts.sort((a, b) => a - b), sent.length];
        expect(heard(places.slice(1).map((end, index) => sent.subarray(places[index], end)))).toEqual(events);
      }),
    );
  });
});

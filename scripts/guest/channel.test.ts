import { describe, expect, it } from 'vitest';
import { ChannelReader, type Mark } from './channel.ts';

/** What a listener hears: marks, and between two of them the output as one text. */
function heard(chunks: Buffer[]): (string | Mark)[] {
  const events: (string | Mark)[] = [];
  const reader = new ChannelReader('key', {
    output(bytes) {
      const last = events.at(-1);
      if (typeof last === 'string') events[events.length - 1] = last + bytes.toString('latin1');
      else events.push(bytes.toString('latin1'));
    },
    mark: (mark) => events.push(mark),
  });
  for (const chunk of chunks) reader.receive(chunk);
  return events;
}

const sent = Buffer.from(
  '\x1ekey stage loading modules\n\x1ekey begin 1\nhello\nno newline\x1ekey end 1 0\n\x1eother end 1 1\n\x1ekey end 2 124\n',
);
const events = [
  { word: 'stage', detail: 'loading modules' },
  { word: 'begin', detail: '1' },
  'hello\nno newline',
  { word: 'end', detail: '1 0' },
  '\x1eother end 1 1\n',
  { word: 'end', detail: '2 124' },
];

describe('ChannelReader', () => {
  it('tells marks from output, and those of another key are output', () => {
    expect(heard([sent])).toEqual(events);
  });

  it('does so byte by byte', () => {
    expect(heard(Array.from(sent, (byte) => Buffer.of(byte)))).toEqual(events);
  });

  it('does so wherever the bytes are cut in two', () => {
    for (let cut = 0; cut <= sent.length; cut++) {
      expect(heard([sent.subarray(0, cut), sent.subarray(cut)])).toEqual(events);
    }
  });

  it('does not hold back output that is no mark', () => {
    expect(heard([Buffer.from('a prompt: ')])).toEqual(['a prompt: ']);
  });
});

/** Text widths agree with what the renderer of the PNG draws. */
import { Resvg } from '@resvg/resvg-js';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { findFont } from './find-font.ts';
import { dejaVuSans } from './font.ts';

const textWidth = dejaVuSans.width.bind(dejaVuSans);
const wrapText = dejaVuSans.wrap.bind(dejaVuSans);

/** Width of the ink. A bar at both ends makes it the width of the text but for the bars' own margins. */
function drawnWidth(text: string, fontSize: number, weight: string): number {
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="9000" height="90"><text y="50" font-family="DejaVu Sans"
    font-size="${fontSize}" font-weight="${weight}" style="font-kerning:none;white-space:pre">|${text}|</text></svg>`;
  return new Resvg(svg, { font: { fontFiles: dejaVuSans.files, loadSystemFonts: false } }).getBBox()!.width;
}

test.each(['normal', 'bold'] as const)('the width of %s text is that of the drawn one', (weight) => {
  for (const text of [
    'kv-kernel GET',
    'WWWWWWWW',
    'iiiiiiii',
    '0123456789',
    'µs – é Ω ж',
    'Bars: p50 of 5 trials',
  ]) {
    const between = drawnWidth(text, 20, weight) - drawnWidth('', 20, weight);
    expect(textWidth(text, 20, weight)).toBeCloseTo(between, 0);
  }
});

test('a character that the font lacks is as wide as its replacement box', () => {
  expect(textWidth('\u{1F600}', 2048)).toBe(1229);
});

test('wrapping keeps every character and no line is too wide', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 200 }), fc.integer({ min: 40, max: 400 }), (text, width) => {
      const lines = wrapText(text, width, 10);
      expect(lines.join('').replace(/\s/g, '')).toBe(text.replace(/\s/g, ''));
      for (const line of lines) {
        expect(textWidth(line, 10) <= width || [...line].length === 1).toBe(true);
      }
    }),
  );
});

test('lines break at spaces', () => {
  expect(wrapText('one two three', textWidth('one two', 10) + 1, 10)).toEqual(['one two', 'three']);
});

test('a name of a paper means a font of the same widths, or the package that has it', () => {
  const [regular, bold] = dejaVuSans.files as [string, string];
  const files = new Map([
    ['texgyretermes-regular.otf', regular],
    ['texgyretermes-bold.otf', bold],
  ]);
  expect(findFont('Times New Roman', files).name).toBe('TeX Gyre Termes');
  expect(findFont('dejavu sans', new Map())).toBe(dejaVuSans);
  expect(() => findFont('times', new Map())).toThrow(
    /needs Liberation Serif.*apt-get install fonts-liberation;/,
  );
  expect(findFont(regular).name).toBe('DejaVu Sans');
});

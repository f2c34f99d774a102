/**
 * The font of the figures, DejaVu Sans: its files, and how wide a text is in it.
 *
 * A fresh machine has no fonts and no canvas to measure with, so both come from the npm package
 * dejavu-fonts-ttf: widths are the advance widths of the `hmtx` table, found through the `cmap`
 * (format 4, the Unicode basic plane) as the OpenType specification lays them out. Kerning is left out:
 * it moves a line of text by less than a pixel.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { wrapWords } from '../../text/wrap.ts';

export const FONT_FAMILY = 'DejaVu Sans, sans-serif';

const regularFile = fontFile('DejaVuSans.ttf');
const boldFile = fontFile('DejaVuSans-Bold.ttf');
export const fontFiles = [regularFile, boldFile];

export type FontWeight = 'normal' | 'bold';

interface Metrics {
  unitsPerEm: number;
  advanceWidth: (codePoint: number) => number;
}

const metrics: Record<FontWeight, Metrics> = {
  normal: readMetrics(regularFile),
  bold: readMetrics(boldFile),
};

/** Width of one line of text, in the unit of `fontSize` (pixels). */
export function textWidth(text: string, fontSize: number, weight: FontWeight = 'normal'): number {
  const { unitsPerEm, advanceWidth } = metrics[weight];
  let units = 0;
  for (const character of text) units += advanceWidth(character.codePointAt(0)!);
  return (units * fontSize) / unitsPerEm;
}

/** Breaks a text into lines no wider than `width`, in the unit of `fontSize`. */
export function wrapText(text: string, width: number, fontSize: number, weight?: FontWeight): string[] {
  return wrapWords(text, (line) => textWidth(line, fontSize, weight) <= width);
}

function fontFile(name: string): string {
  return fileURLToPath(import.meta.resolve(`dejavu-fonts-ttf/ttf/${name}`));
}

function readMetrics(file: string): Metrics {
  const font = readFileSync(file);
  const tables = new Map<string, number>();
  for (let index = 0; index < font.readUInt16BE(4); index++) {
    const record = 12 + 16 * index;
    tables.set(font.toString('latin1', record, record + 4), font.readUInt32BE(record + 8));
  }
  const hmtx = tables.get('hmtx')!;
  const longMetrics = font.readUInt16BE(tables.get('hhea')! + 34);
  const glyphOf = readCharacterMap(font, tables.get('cmap')!);
  return {
    unitsPerEm: font.readUInt16BE(tables.get('head')! + 18),
    // Glyphs from the last long metric on share its width.
    advanceWidth: (codePoint) =>
      font.readUInt16BE(hmtx + 4 * Math.min(glyphOf.get(codePoint) ?? 0, longMetrics - 1)),
  };
}

/** Glyph index by code point, from the format 4 subtable for Windows Unicode (platform 3, encoding 1). */
function readCharacterMap(font: Buffer, cmap: number): Map<number, number> {
  const records = Array.from({ length: font.readUInt16BE(cmap + 2) }, (_, index) => cmap + 4 + 8 * index);
  const record = records.find((at) => font.readUInt16BE(at) === 3 && font.readUInt16BE(at + 2) === 1)!;
  const table = cmap + font.readUInt32BE(record + 4);
  const segmentBytes = font.readUInt16BE(table + 6);
  const glyphs = new Map<number, number>();
  for (let segment = 0; segment < segmentBytes; segment += 2) {
    const end = font.readUInt16BE(table + 14 + segment);
    const start = font.readUInt16BE(table + 16 + segmentBytes + segment);
    const delta = font.readUInt16BE(table + 16 + 2 * segmentBytes + segment);
    const rangeAt = table + 16 + 3 * segmentBytes + segment;
    const range = font.readUInt16BE(rangeAt);
    for (let code = start; code <= end && code !== 0xffff; code++) {
      const glyph = range === 0 ? code : font.readUInt16BE(rangeAt + range + 2 * (code - start));
      if (range === 0 || glyph !== 0) glyphs.set(code, (glyph + delta) & 0xffff);
    }
  }
  return glyphs;
}

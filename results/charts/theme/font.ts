/**
 * Fonts of the charts: their files, and how wide a text is in them.
 *
 * A fresh machine has no fonts and no canvas to measure with, so DejaVu Sans comes from the npm package
 * dejavu-fonts-ttf, and widths of every font from its file: they are the advance widths of the `hmtx` table, found
 * through the `cmap` (format 4, the Unicode basic plane) as the OpenType specification lays them out. Kerning is left
 * out: it moves a line of text by less than a pixel, and whatever draws the text here leaves it out, too.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { wrapWords } from '../../text/wrap.ts';

export type FontWeight = 'normal' | 'bold';

export interface FontFace {
  file: string;
  unitsPerEm: number;
  /** Null where the font has no such character. */
  advanceWidth: (codePoint: number) => number | null;
  /** Of what is drawn for a character that no font has. */
  missingWidth: number;
}

/** What charts are set in. Characters that it lacks are drawn and measured in DejaVu Sans. */
export class Font {
  readonly name: string;
  /** As `font-family` of an SVG has it. */
  readonly family: string;
  readonly faces: Record<FontWeight, FontFace>;

  constructor(name: string, family: string, files: Record<FontWeight, string>) {
    this.name = name;
    this.family = family;
    this.faces = { normal: readFace(files.normal), bold: readFace(files.bold) };
  }

  /** Of one file, which draws what is bold as well. */
  static ofFile(file: string): Font {
    const name = readName(readFileSync(file));
    return new Font(name, `${name}, sans-serif`, { normal: file, bold: file });
  }

  has(character: string): boolean {
    return this.faces.normal.advanceWidth(character.codePointAt(0)!) !== null;
  }

  /** Width of one line of text, in the unit of `fontSize` (pixels). */
  width(text: string, fontSize: number, weight: FontWeight = 'normal'): number {
    let ems = 0;
    for (const { text: run, face } of this.runs(text, weight)) {
      for (const character of run) {
        ems += (face.advanceWidth(character.codePointAt(0)!) ?? face.missingWidth) / face.unitsPerEm;
      }
    }
    return ems * fontSize;
  }

  /** Breaks a text into lines no wider than `width`, in the unit of `fontSize`. */
  wrap(text: string, width: number, fontSize: number, weight?: FontWeight): string[] {
    return wrapWords(text, (line) => this.width(line, fontSize, weight) <= width);
  }

  /** A line of text, cut where another font has to draw it. */
  runs(text: string, weight: FontWeight): { text: string; face: FontFace }[] {
    const runs: { text: string; face: FontFace }[] = [];
    for (const character of text) {
      const own = this.faces[weight];
      const face = own.advanceWidth(character.codePointAt(0)!) === null ? dejaVuSans.faces[weight] : own;
      const last = runs.at(-1);
      if (last?.face === face) last.text += character;
      else runs.push({ text: character, face });
    }
    return runs;
  }

  /** All that what draws it has to load. */
  get files(): string[] {
    return [...new Set([this, dejaVuSans].flatMap(({ faces }) => [faces.normal.file, faces.bold.file]))];
  }
}

function fontFile(name: string): string {
  return fileURLToPath(import.meta.resolve(`dejavu-fonts-ttf/ttf/${name}`));
}

function readFace(file: string): FontFace {
  const font = readFileSync(file);
  const tables = tablesOf(font);
  const hmtx = tables.get('hmtx')!;
  const longMetrics = font.readUInt16BE(tables.get('hhea')! + 34);
  const glyphOf = readCharacterMap(font, tables.get('cmap')!);
  // Glyphs from the last long metric on share its width.
  const widthOf = (glyph: number): number => font.readUInt16BE(hmtx + 4 * Math.min(glyph, longMetrics - 1));
  return {
    file,
    unitsPerEm: font.readUInt16BE(tables.get('head')! + 18),
    advanceWidth: (codePoint) => {
      const glyph = glyphOf.get(codePoint);
      return glyph === undefined ? null : widthOf(glyph);
    },
    missingWidth: widthOf(0),
  };
}

/** Offsets, by the names of tables. */
function tablesOf(font: Buffer): Map<string, number> {
  const tables = new Map<string, number>();
  for (let index = 0; index < font.readUInt16BE(4); index++) {
    const record = 12 + 16 * index;
    tables.set(font.toString('latin1', record, record + 4), font.readUInt32BE(record + 8));
  }
  return tables;
}

/** The family's name (name 1 for Windows, in UTF-16). */
function readName(font: Buffer): string {
  const table = tablesOf(font).get('name');
  if (table === undefined) throw new Error('it has no name');
  const strings = table + font.readUInt16BE(table + 4);
  for (let index = 0; index < font.readUInt16BE(table + 2); index++) {
    const record = table + 6 + 12 * index;
    if (font.readUInt16BE(record) !== 3 || font.readUInt16BE(record + 6) !== 1) continue;
    const start = strings + font.readUInt16BE(record + 10);
    return Buffer.from(font.subarray(start, start + font.readUInt16BE(record + 8)))
      .swap16()
      .toString('utf16le');
  }
  throw new Error('it has no name');
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

export const dejaVuSans = new Font('DejaVu Sans', 'DejaVu Sans, sans-serif', {
  normal: fontFile('DejaVuSans.ttf'),
  bold: fontFile('DejaVuSans-Bold.ttf'),
});

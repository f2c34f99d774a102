/**
 * A drawn picture as PDF: text as text in an embedded font, shapes as shapes. Vega draws onto a canvas' context of
 * anybody's; this one writes what is drawn into a document of PDFKit. It has what Vega calls and nothing else.
 */
import { buffer } from 'node:stream/consumers';
import PDFDocument from 'pdfkit';
import type { View } from 'vega';
import type { Font, FontWeight } from './theme/font.ts';
import { type Pattern, patternOf } from './theme/patterns.ts';
import { PX_PER_PT } from './theme/theme.ts';

export interface PdfOptions {
  /** Of the picture, in pixels. */
  size: [number, number];
  font: Font;
  title: string;
  /** The date in the file. */
  madeAt: Date;
}

/** One page, as large as the picture. */
export async function pdfOf(view: View, { size, font, title, madeAt }: PdfOptions): Promise<Buffer> {
  const document = new PDFDocument({
    size: size.map((px) => px / PX_PER_PT) as [number, number],
    margin: 0,
    info: { Title: title, Creator: 'bypassbench', CreationDate: madeAt },
  });
  const written = buffer(document);
  const externalContext = new PdfContext(document, font);
  await view.toCanvas(1 / PX_PER_PT, { externalContext });
  document.end();
  return written;
}

/** x' = a x + c y + e, y' = b x + d y + f */
type Matrix = [a: number, b: number, c: number, d: number, e: number, f: number];

/** In points of the page: places are transformed as they are added, as a canvas does. */
type Command = ['M' | 'L', number, number] | ['C', number, number, number, number, number, number] | ['Z'];

interface State {
  matrix: Matrix;
  fillStyle: string;
  strokeStyle: string;
  globalAlpha: number;
  lineWidth: number;
  lineCap: 'butt' | 'round' | 'square';
  lineJoin: 'miter' | 'round' | 'bevel';
  miterLimit: number;
  dash: number[];
  lineDashOffset: number;
  font: string;
  textAlign: 'left' | 'center' | 'right';
}

class PdfContext {
  fillStyle = '#000000';
  strokeStyle = '#000000';
  globalAlpha = 1;
  lineWidth = 1;
  lineCap: State['lineCap'] = 'butt';
  lineJoin: State['lineJoin'] = 'miter';
  miterLimit = 10;
  lineDashOffset = 0;
  font = '10px sans-serif';
  textAlign: State['textAlign'] = 'left';
  globalCompositeOperation = 'source-over';
  /** Whether a place lies in a path is asked by what finds marks under a pointer. */
  readonly pixelRatio = 1;
  readonly #document: PDFKit.PDFDocument;
  readonly #font: Font;
  readonly #saved: State[] = [];
  #matrix: Matrix = [1, 0, 0, 1, 0, 0];
  #dash: number[] = [];
  #path: Command[] = [];
  /** Where the path goes on, before it is transformed. */
  #at: [number, number] = [0, 0];

  constructor(document: PDFKit.PDFDocument, font: Font) {
    this.#document = document;
    this.#font = font;
  }

  save(): void {
    const { fillStyle, strokeStyle, globalAlpha, lineWidth, lineCap, lineJoin, miterLimit } = this;
    const { lineDashOffset, font, textAlign } = this;
    const [matrix, dash] = [this.#matrix, this.#dash];
    const shape = { lineWidth, lineCap, lineJoin, miterLimit, dash, lineDashOffset };
    this.#saved.push({ matrix, fillStyle, strokeStyle, globalAlpha, ...shape, font, textAlign });
    this.#document.save();
  }

  restore(): void {
    const state = this.#saved.pop();
    if (!state) return;
    const { matrix, dash, ...same } = state;
    this.#matrix = matrix;
    this.#dash = dash;
    Object.assign(this, same);
    this.#document.restore();
  }

  scale(x: number, y: number): void {
    this.#transform([x, 0, 0, y, 0, 0]);
  }

  translate(x: number, y: number): void {
    this.#transform([1, 0, 0, 1, x, y]);
  }

  rotate(angle: number): void {
    const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
    this.#transform([cos, sin, -sin, cos, 0, 0]);
  }

  #transform([a, b, c, d, e, f]: Matrix): void {
    const [A, B, C, D, E, F] = this.#matrix;
    this.#matrix = [
      A * a + C * b,
      B * a + D * b,
      A * c + C * d,
      B * c + D * d,
      A * e + C * f + E,
      B * e + D * f + F,
    ];
  }

  #place(x: number, y: number): [number, number] {
    const [a, b, c, d, e, f] = this.#matrix;
    return [a * x + c * y + e, b * x + d * y + f];
  }

  beginPath(): void {
    this.#path = [];
  }

  moveTo(x: number, y: number): void {
    this.#path.push(['M', ...this.#place(x, y)]);
    this.#at = [x, y];
  }

  lineTo(x: number, y: number): void {
    this.#path.push([this.#path.length === 0 ? 'M' : 'L', ...this.#place(x, y)]);
    this.#at = [x, y];
  }

  bezierCurveTo(x1: number, y1: number, x2: number, y2: number, x: number, y: number): void {
    this.#path.push(['C', ...this.#place(x1, y1), ...this.#place(x2, y2), ...this.#place(x, y)]);
    this.#at = [x, y];
  }

  quadraticCurveTo(x1: number, y1: number, x: number, y: number): void {
    const [x0, y0] = this.#at;
    const third = (from: number, to: number): number => from + (2 / 3) * (to - from);
    this.bezierCurveTo(third(x0, x1), third(y0, y1), third(x, x1), third(y, y1), x, y);
  }

  /** In curves of at most a quarter of the circle, which are off by less than a thousandth of the radius. */
  arc(x: number, y: number, radius: number, from: number, to: number, isBackward = false): void {
    const full = 2 * Math.PI;
    let sweep = to - from;
    if (Math.abs(sweep) >= full) sweep = isBackward ? -full : full;
    else if (isBackward && sweep > 0) sweep -= full;
    else if (!isBackward && sweep < 0) sweep += full;
    const parts = Math.max(1, Math.ceil(Math.abs(sweep) / (Math.PI / 2) - 1e-9));
    const step = sweep / parts;
    const reach = (4 / 3) * Math.tan(step / 4) * radius;
    this.lineTo(x + radius * Math.cos(from), y + radius * Math.sin(from));
    for (let part = 0; part < parts; part++) {
      const [a, b] = [from + part * step, from + (part + 1) * step];
      const [startX, startY] = [x + radius * Math.cos(a), y + radius * Math.sin(a)];
      const [endX, endY] = [x + radius * Math.cos(b), y + radius * Math.sin(b)];
      this.bezierCurveTo(
        startX - reach * Math.sin(a),
        startY + reach * Math.cos(a),
        endX + reach * Math.sin(b),
        endY - reach * Math.cos(b),
        endX,
        endY,
      );
    }
  }

  rect(x: number, y: number, width: number, height: number): void {
    this.moveTo(x, y);
    this.lineTo(x + width, y);
    this.lineTo(x + width, y + height);
    this.lineTo(x, y + height);
    this.closePath();
  }

  /** Of the background. */
  fillRect(x: number, y: number, width: number, height: number): void {
    this.beginPath();
    this.rect(x, y, width, height);
    this.fill();
  }

  closePath(): void {
    this.#path.push(['Z']);
  }

  setLineDash(dash: number[]): void {
    this.#dash = dash;
  }

  clip(): void {
    this.#follow();
    this.#document.clip();
  }

  fill(): void {
    const pattern = patternOf(this.fillStyle);
    if (this.#path.length === 0 || this.fillStyle === 'transparent') return;
    if (pattern) {
      this.#fillPattern(pattern);
      return;
    }
    this.#follow();
    this.#document.fillColor(this.fillStyle).fillOpacity(this.globalAlpha).fill();
  }

  stroke(): void {
    if (this.#path.length === 0 || this.strokeStyle === 'transparent') return;
    const document = this.#document;
    const scale = this.#scale();
    document.save();
    document
      .lineWidth(this.lineWidth * scale)
      .lineCap(this.lineCap)
      .lineJoin(this.lineJoin);
    document.miterLimit(this.miterLimit);
    // A gap of nothing is a line without gaps, which PDFKit takes for a mistake.
    if (this.#dash.length > 0 && this.#dash.every((length) => length > 0)) {
      const lengths = this.#dash.map((length) => length * scale) as unknown as number;
      document.dash(lengths, { phase: this.lineDashOffset * scale });
    }
    this.#follow();
    document.strokeColor(this.strokeStyle).strokeOpacity(this.globalAlpha).stroke();
    document.restore();
  }

  fillText(text: string, x: number, y: number): void {
    const [, weightName, px] = /(?:^|\s)(bold)?\s*([\d.]+)px/.exec(this.font) ?? [];
    const weight: FontWeight = weightName === 'bold' ? 'bold' : 'normal';
    const size = Number(px);
    const width = this.#font.width(text, size, weight);
    let at = x - { left: 0, center: width / 2, right: width }[this.textAlign];
    const document = this.#document;
    document.save();
    document.transform(...this.#matrix);
    document.fillColor(this.fillStyle).fillOpacity(this.globalAlpha);
    for (const { text: run, face } of this.#font.runs(text, weight)) {
      document.font(face.file).fontSize(size);
      // Widths are those without kerning, by which all was laid out.
      const features = { kern: false, liga: false } as unknown as PDFKit.Mixins.OpenTypeFeatures[];
      document.text(run, at, y, { lineBreak: false, baseline: 'alphabetic', features });
      at += document.widthOfString(run, { features });
    }
    document.restore();
  }

  /** Of lengths: all that is drawn here is as high as wide. */
  #scale(): number {
    const [a, b] = this.#matrix;
    return Math.hypot(a, b);
  }

  /** Hands the path over; it stays, as on a canvas. */
  #follow(): void {
    const document = this.#document;
    for (const command of this.#path) {
      const [kind, ...places] = command;
      if (kind === 'Z') document.closePath();
      else if (kind === 'C')
        document.bezierCurveTo(...(places as [number, number, number, number, number, number]));
      else if (kind === 'M') document.moveTo(...(places as [number, number]));
      else document.lineTo(...(places as [number, number]));
    }
  }

  #fillPattern({ background, ink, tile, strokeWidth, lines }: Pattern): void {
    const document = this.#document;
    document.save();
    this.#follow();
    document.fillColor(background).fillOpacity(this.globalAlpha).fill();
    this.#follow();
    document.clip();
    const scale = this.#scale();
    const step = tile * scale;
    const places = this.#path.flatMap((command) =>
      command[0] === 'Z' ? [] : [command.slice(-2) as number[]],
    );
    const [left, top] = [0, 1].map((axis) => Math.min(...places.map((place) => place[axis])));
    const [right, bottom] = [0, 1].map((axis) => Math.max(...places.map((place) => place[axis])));
    for (let x = Math.floor(left / step) * step; x < right; x += step) {
      for (let y = Math.floor(top / step) * step; y < bottom; y += step) {
        for (const [x1, y1, x2, y2] of lines) {
          document.moveTo(x + x1 * scale, y + y1 * scale).lineTo(x + x2 * scale, y + y2 * scale);
        }
      }
    }
    document
      .lineWidth(strokeWidth * scale)
      .strokeColor(ink)
      .strokeOpacity(this.globalAlpha)
      .stroke();
    document.restore();
  }
}

/** A style file: the looks of all plots of a paper, as YAML. */
import { readFile } from 'node:fs/promises';
import { type Document, isNode, LineCounter, parseDocument } from 'yaml';
import { z } from 'zod';
import { ResultsError } from '../errors.ts';
import { type PlotOptions, parseFontSize, parseWidth, plotFormats } from './options.ts';

const colour = z.string().regex(/^#[0-9a-fA-F]{6}$/, "must be a colour such as '#0072b2', in quotes");
const size = z.union([z.string(), z.number()], 'must be a length').transform(String);

const styleSchema = z.strictObject({
  /** "3.33in", "85mm", "240pt". */
  width: size.optional(),
  font: z.string().optional(),
  /** Points. */
  font_size: size.optional(),
  format: z.array(z.enum(plotFormats)).optional(),
  /** Systems by the names that the experiment gives them. */
  labels: z.record(z.string(), z.string()).optional(),
  colours: z.record(z.string(), colour).optional(),
  /** Those that are drawn, in this order. */
  order: z.array(z.string()).optional(),
  patterns: z.boolean().optional(),
  title: z.boolean().optional(),
});

/** What the file says. Throws ResultsError PLOT_STYLE_INVALID with a line for each fault. */
export async function readStyle(file: string): Promise<Partial<PlotOptions>> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    throw invalid(`${file} cannot be read (${(error as Error).message}); name a style file`);
  }
  return parseStyle(file, text);
}

/** `file` is the name that messages show. */
export function parseStyle(file: string, text: string): Partial<PlotOptions> {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const place = (offset: number): string => `${file}:${lines.linePos(offset).line}`;
  const [broken] = document.errors;
  if (broken) throw invalid(`${place(broken.pos[0])}: not valid YAML: ${broken.message}`);
  const parsed = styleSchema.safeParse(document.toJS() ?? {});
  if (!parsed.success) {
    throw invalid(
      parsed.error.issues
        .map(
          (issue) =>
            `${place(offsetOf(document, issue.path))}: ${[...issue.path, ''].join(': ')}${issue.message}`,
        )
        .join('\n'),
    );
  }
  const { width, font, font_size, format, labels, colours, order, patterns, title } = parsed.data;
  const given: Partial<PlotOptions> = {
    widthPt: width === undefined ? undefined : parseWidth(width),
    font,
    fontSizePt: font_size === undefined ? undefined : parseFontSize(font_size),
    formats: format,
    labels,
    colours,
    systems: order,
    patterns,
    hasTitle: title,
  };
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}

function offsetOf(document: Document, path: readonly PropertyKey[]): number {
  const node = path.length === 0 ? document.contents : document.getIn(path, true);
  return isNode(node) && node.range
    ? node.range[0]
    : path.length === 0
      ? 0
      : offsetOf(document, path.slice(0, -1));
}

function invalid(message: string): ResultsError {
  return new ResultsError('PLOT_STYLE_INVALID', message);
}

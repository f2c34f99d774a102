/** What may be asked of a plot: by options of the command, and in a style file for all the plots of a paper. */
import { type ChartName, chartNames } from '../charts/charts.ts';
import { ResultsError } from '../errors.ts';

export const plotFormats = ['pdf', 'svg', 'png'] as const;
export type PlotFormat = (typeof plotFormats)[number];

export interface PlotOptions {
  charts: ChartName[];
  widthPt: number;
  /** A name or a file. */
  font: string;
  fontSizePt: number;
  formats: PlotFormat[];
  /** Those that are drawn, in this order; all where there are none. */
  systems: string[];
  /** By system or floor. */
  labels: Record<string, string>;
  colours: Record<string, string>;
  patterns: boolean;
  logX: boolean | null;
  logY: boolean | null;
  hasTitle: boolean;
}

/** One column of the usual two-column paper, at the size of its captions. */
export const defaultOptions: PlotOptions = {
  charts: ['figure'],
  widthPt: 240,
  font: 'Times',
  fontSizePt: 8,
  formats: ['pdf'],
  systems: [],
  labels: {},
  colours: {},
  patterns: false,
  logX: null,
  logY: null,
  hasTitle: false,
};

const POINTS: Record<string, number> = { pt: 1, bp: 1, in: 72, cm: 72 / 2.54, mm: 72 / 25.4 };
const NARROWEST_PT = 150;
const WIDEST_PT = 2000;

/** "3.33in", "85mm", "240pt" or "240" in points of 1/72 inch. */
export function parseWidth(text: string): number {
  const [, number, unit = 'pt'] = /^(\d+(?:\.\d+)?)\s*(pt|bp|in|cm|mm)?$/.exec(text.trim()) ?? [];
  const points = Number(number) * POINTS[unit];
  if (!(points >= NARROWEST_PT && points <= WIDEST_PT)) {
    throw invalid(
      `the width '${text}' must be ${NARROWEST_PT}pt to ${WIDEST_PT}pt, such as 3.33in, 85mm or 240pt`,
    );
  }
  return points;
}

/** "8", "8pt". */
export function parseFontSize(text: string): number {
  const [, number] = /^(\d+(?:\.\d+)?)\s*(?:pt)?$/.exec(text.trim()) ?? [];
  const points = Number(number);
  if (!(points >= 4 && points <= 40)) throw invalid(`the font size '${text}' must be 4 to 40 (points)`);
  return points;
}

export function parseFormats(text: string): PlotFormat[] {
  return listOf(text).map((name) => oneOf(name, plotFormats, 'format'));
}

export function parseCharts(text: string): ChartName[] {
  return listOf(text).map((name) => oneOf(name, chartNames, 'chart'));
}

export function listOf(text: string): string[] {
  return text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

/** "redis=Redis,kv-dpdk=kvserver, DPDK": a comma begins a new label where a name and = follow it. */
export function parseLabels(text: string): Record<string, string> {
  const pairs = text.split(/,(?=\s*[A-Za-z0-9._-]+=)/).map((pair) => {
    const at = pair.indexOf('=');
    const [name, label] = [pair.slice(0, at).trim(), pair.slice(at + 1).trim()];
    if (at < 0 || name === '' || label === '') {
      throw invalid(`the labels '${text}' must be pairs such as redis=Redis,kv-dpdk=DPDK`);
    }
    return [name, label];
  });
  return Object.fromEntries(pairs);
}

function oneOf<T extends string>(name: string, all: readonly T[], what: string): T {
  const found = all.find((one) => one === name);
  if (!found) throw invalid(`there is no ${what} '${name}': it must be one of ${all.join(', ')}`);
  return found;
}

export function invalid(message: string): ResultsError {
  return new ResultsError('PLOT_OPTION_INVALID', message);
}

/** What the page holds of a chart, as JSON: made by chart-figure.ts, read by live.ts. */
import type { Spec } from 'vega';

export type Row = Record<string, unknown>;

export interface ChartData {
  /** Of its files. */
  name: string;
  /** The Vega-Lite specification. */
  spec: { params?: { name: string }[]; datasets?: Record<string, Row[]> };
  /** That as Vega, with the values of the datasets taken out. */
  compiled: Spec;
}

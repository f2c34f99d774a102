/**
 * A chart of the report: a Vega-Lite specification and what it looks like standing still. The page makes it live by
 * these conventions, so that a new chart needs no code there:
 *
 * - what it draws stands in the specification's `datasets`; each of them can be downloaded as CSV. Data that is only
 *   there for the drawing (lines of text, places of labels) stands inline;
 * - a mark's `tooltip` is shown where it is pointed at or touched; see tooltip.ts for what is shown of a point;
 * - with `mutedSystems` among its params, and `fadeMuted` in the encoding of what belongs to a system, the reader
 *   can fade systems: the buttons come from the rows of datasets that have a `system` and a `label`. In a view
 *   named `legendView`, every mark is such a button.
 */
import type { TopLevelSpec } from 'vega-lite';

export interface Chart {
  /** File name without its ending: NAME.svg, NAME.png and NAME.vl.json stand beside the page. */
  name: string;
  /** What it shows, for those who do not see it. */
  title: string;
  spec: TopLevelSpec;
  /** Texts in it are escaped: Vega does. */
  svg: string;
  /** What stands under it in the page; null where the picture has it. */
  caption: string | null;
}

/** The endings of the files of a chart. */
export const chartFileEndings = ['svg', 'png', 'vl.json'] as const;

/** Name of the signal that holds the systems which the reader has faded. */
export const MUTED_SIGNAL = 'muted';

export const mutedSystems = { name: MUTED_SIGNAL, value: [] as string[] };

/** The opacity of marks whose datum has a `system`. */
export const fadeMuted = {
  opacity: { condition: { test: `indexof(${MUTED_SIGNAL}, datum.system) >= 0`, value: 0.1 }, value: 1 },
};

export const LEGEND_VIEW = 'legend';

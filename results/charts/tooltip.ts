/**
 * What is shown of a point of a chart where it is pointed at: Vega expressions over a measured-row.ts, in lines of a
 * name and a value. Expressions, and not texts in the data, so that the data holds numbers.
 */

/** Microseconds to the nanosecond, as far as the histograms resolve; a number that is not there is a dash. */
export function exactUs(field: string): string {
  return `(isValid(datum.${field}) ? format(datum.${field}, ',.3f') + ' µs' : '–')`;
}

const INTERVAL =
  "(isValid(datum.p50_low_us) ? format(datum.p50_low_us, ',.3f') + ' to ' + format(datum.p50_high_us, ',.3f') + " +
  "' µs' : '–')";
const CONFIDENCE =
  "(isValid(datum.p50_confidence) ? format(100 * datum.p50_confidence, '.3~g') + ' %' : '–')";

/** The same, with its verdict where that is not valid. */
export function judgedUs(field: string, verdict: string): string {
  const isDoubtful = `isValid(datum.${verdict}) && datum.${verdict} !== 'valid'`;
  return `(${exactUs(field)} + (${isDoubtful} ? ', ' + datum.${verdict} : ''))`;
}

/** Lines that hold for every point, behind those of the chart's own. */
const standing: [string, string][] = [
  ['interval of p50', INTERVAL],
  ['confidence', CONFIDENCE],
  ['samples', "format(datum.samples, ',')"],
  ['trials', "datum.trials + ' of ' + datum.trials_planned"],
  ['verdict on p50', 'datum.p50_verdict'],
];

/** The `tooltip` of a mark: the label of the system, `lines` (name, expression), and what holds for every point. */
export function pointTooltip(lines: [string, string][]): { expr: string } {
  return tooltipOf([['operation', 'upper(datum.operation)'], ...lines, ...standing]);
}

/** The same of other data, with nothing but the label and these lines. */
export function tooltipOf(lines: [string, string][]): { expr: string } {
  const all = [['title', 'datum.label'], ...lines];
  return {
    expr: `{${all.map(([name, expression]) => `${JSON.stringify(name)}: ${expression}`).join(', ')}}`,
  };
}

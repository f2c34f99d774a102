/** The door of `results`: run folders in, summary, figure, table and report out. */

export type {
  FloorPoint,
  LoadResult,
  Manifest,
  MeasurementTarget,
  Point,
  Summary,
  SystemUnderTest,
  Trial,
} from './bundle.ts';
export { loadResultSchema, manifestSchema, schemaVersions, summarySchema, trialSchema } from './bundle.ts';
export { ResultsError } from './errors.ts';
export { renderTable, type TableOptions } from './table.ts';
export { type ReportOptions, reportFiles, writeReport } from './write-report.ts';

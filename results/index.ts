/** The door of `results`: run folders in; summary, figure, table, report and what becomes of claims out. */

export type {
  FloorPoint,
  Interference,
  LoadResult,
  Manifest,
  MeasurementTarget,
  Point,
  Summary,
  SystemUnderTest,
  Trial,
} from './bundle.ts';
export {
  CALIBRATION_FILE,
  loadResultSchema,
  manifestSchema,
  SERVER_PAUSES_FILE,
  STAMPED_FOLDER,
  schemaVersions,
  summarySchema,
  trialSchema,
} from './bundle.ts';
export { type Calibration, calibrationSchema } from './calibration.ts';
export { readClaims, shippedClaims } from './claims/document.ts';
export { evaluateClaims, type Finding, type Outcome } from './claims/evaluate.ts';
export { type ClaimsTextOptions, renderClaims, renderVerdicts } from './claims/render.ts';
export type { Claim, Claims } from './claims/schema.ts';
export { ResultsError } from './errors.ts';
export { noiseSentences } from './noise.ts';
export { writeStages } from './stages/stages-file.ts';
export { renderStages } from './stages/table.ts';
export { renderTable, type TableOptions } from './table.ts';
export { type ReportOptions, reportFiles, writeReport } from './write-report.ts';

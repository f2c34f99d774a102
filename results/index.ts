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

export { renderConclusion } from './conclusion.ts';
export { ResultsError } from './errors.ts';
export { writeStages } from './stages/stages-file.ts';
export { type ReportOptions, reportFiles, writeReport } from './write-report.ts';

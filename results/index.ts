/** The door of `results`: run folders in; summary, figure, table, report and what becomes of claims out. */

export { ResultsError } from './errors.ts';
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
} from './formats/bundle.ts';
export {
  CALIBRATION_FILE,
  loadResultSchema,
  manifestSchema,
  SERVER_PAUSES_FILE,
  STAMPED_FOLDER,
  schemaVersions,
  summarySchema,
  trialSchema,
} from './formats/bundle.ts';
export { type Calibration, calibrationSchema } from './formats/calibration.ts';
export { writeStages } from './summary/stages/stages-file.ts';
export { renderConclusion } from './terminal/conclusion.ts';
export { type ReportOptions, reportFiles, writeReport } from './write-report.ts';

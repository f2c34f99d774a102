/** The door of `results`: run folders in; summary, figure, table, report and what becomes of claims out. */
export { ResultsError } from './errors.ts';
export { referenceNames } from './run/reference.ts';
export { stateOf } from './summary/doubt.ts';
export { writeStages } from './summary/stages/stages-file.ts';
export { renderConclusion } from './terminal/conclusion.ts';
export { type ReportOptions, reportFiles, writeReport } from './write-report.ts';

/** The door of `results`: run folders in; summary, figure, table, report and what becomes of claims out. */
export { evaluateRelation, holdInterval, type RelationFinding } from './claims/relation.ts';
export { nameBounds } from './claims/render.ts';
export { type Goal, goalSchema } from './claims/schema.ts';
export { ResultsError } from './errors.ts';
export { referenceNames } from './run/reference.ts';
export type { EndedTrials } from './run/run-folder.ts';
export type { ReportOptions } from './run-report.ts';
export { sharingInWords } from './sentences/distance.ts';
export { listed } from './sentences/doubts.ts';
export { differenceInterval } from './summary/bootstrap.ts';
export { companyLimit } from './summary/distance/company.ts';
export { type DistanceCoverage, distanceCoverage } from './summary/distance/coverage.ts';
export { type DistanceState, findStates, stateAt } from './summary/distance/states.ts';
export { stateOf } from './summary/doubt.ts';
export { formatMeasure, formatRatioFinely, measureNames } from './summary/measure.ts';
export { writeStages } from './summary/stages/stages-file.ts';
export { renderConclusion } from './terminal/conclusion.ts';
export { reportFiles, writeReport } from './write-report.ts';

/**
 * The door of the file formats. Each has one file here, with its type, its writer and its reader, and is
 * described nowhere else. Of this project the folder imports nothing: everybody may import it.
 *
 *     manifest.json            what was to be run, on which machine, with which software
 *     calibration/kernel/      what the load generator takes itself, over each backend: calibration.json, or in
 *                                uncalibrated.json why it is not known; of a lab in hosts/NAME/
 *     trials/001-redis-t1/     one start of one system: trial.json, the server's logs, and a folder for each
 *                                (in a sweep at one of its points: 001-redis-p2-t1 is at the second)
 *       get-c1/                measurement: the load generator's result.json, slices.json.gz, pauses.json, get.hdr,
 *                                get.hgrm and logs
 *         stamped/               the one with stamps after it: the same, and stages.json.gz
 *       server.pauses.json       what kept the server from running
 *     trials/002-frames-t1/    one trial of a floor: the same without a server
 *     all.json                 in the folder of `bypassbench run all`, beside a run folder for each experiment
 *     goals.json               in the folder of `bypassbench goals`, beside a run folder for each experiment
 *     summary.json, figure.*, report.html     made from the above alone (write-report.ts)
 *
 * Every object is strict and carries a versioned `schema` string: a field that nobody declared is an error,
 * not something silently dropped. Units stand last in names (`_us`, `_ns`, `_s`, `_bytes`, `_ops` per second).
 */

export * from './all.ts';
export * from './arrival-patterns.ts';
export * from './axis-scale.ts';
export * from './calibration.ts';
export { parseCommand } from './command-text.ts';
export type { Cost, CostOfSide } from './cost.ts';
export * from './distance.ts';
export { arrivalPattern, operationName } from './fields.ts';
export { type Format, FormatError, type FormatErrorCode } from './format.ts';
export * from './generators.ts';
export * from './goals.ts';
export { parseKeySizes, shapes, USUAL_KEY_BYTES } from './key-sizes.ts';
export * from './knee.ts';
export * from './lists.ts';
export * from './load-checks.ts';
export * from './load-result.ts';
export * from './manifest.ts';
export { builtInCommands, fillersOf, type OperationSteps, placeOf, reads } from './operations.ts';
export * from './pauses.ts';
export * from './performance.ts';
export { FileNotWritten, HALF_WRITTEN, replaceFile } from './replace-file.ts';
export { type HostState, type NicFacts, nic, type RunHost, THIS_MACHINE } from './run-host.ts';
export * from './slices.ts';
export * from './stages.ts';
export * from './stamps.ts';
export * from './summary.ts';
export * from './target.ts';
export * from './trial.ts';
export {
  meanBytes,
  mostBytes,
  parseValueSizes,
  readSizes,
  sizesText,
  VALUE_BYTES_MAX,
} from './value-sizes.ts';

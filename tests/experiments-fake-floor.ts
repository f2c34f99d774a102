/**
 * A floor's program for the tests of runs: writes what a real one would, at once.
 *
 *     node experiments-fake-floor.ts OPERATION VALUE_BYTES OUT
 */
import { outcomeOfCounts } from '../loadgen/floor/counts.ts';
import { writeResult } from '../loadgen/measurement/result.ts';

const [operation, valueBytes, out] = process.argv.slice(2);
const ticks = operation === 'get' ? 1100 : 1200;
const outcome = outcomeOfCounts(
  operation as 'get' | 'set',
  [0, 1],
  [
    'tsc_hz 1000000000',
    'version dpdk 0',
    'helper none',
    'unknown nobody measures it',
    'early_ns 0',
    'slice 0 100000000',
    'early',
    'late',
    `${ticks} 6000`,
  ].join('\n'),
);
const setup = {
  target: 'nothing',
  backend: 'dpdk',
  idle: 'poll' as const,
  protocol: 'resp' as const,
  connections: 1,
  idleConnections: 0,
  pipeline: 1,
  rateOps: null,
  arrivals: null,
  trace: null,
  keys: 1,
  keyDistribution: 'single' as const,
  mix: null,
  seed: 0,
  valueBytes: Number(valueBytes),
  core: null,
  warmupS: 0,
  versions: {},
};
await writeResult(out!, setup, outcome);

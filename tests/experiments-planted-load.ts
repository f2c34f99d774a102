/**
 * A load generator for the tests of runs on cores that change their distance: writes what a real one would that found
 * the cores near for so many slices, and then far for three.
 *
 *     node experiments-planted-load.ts HANGING_SEED NEAR_SLICES load --operation get --seed 1 --core 1 ...
 *
 * With HANGING_SEED it writes nothing and does not end.
 */
import { parseArgs } from 'node:util';
import { outcomeOfCounts } from '../loadgen/floor/counts.ts';
import { writeResult } from '../loadgen/measurement/result.ts';

const SLICE_NS = 75e6;
const names = ['operation', 'seed', 'core', 'server-core', 'value-bytes', 'out'];
const options = Object.fromEntries(names.map((name) => [name, { type: 'string' as const }]));
const [hangingSeed, nearSlices, , ...words] = process.argv.slice(2);
const { values } = parseArgs({ args: words, options, strict: false });
/** There and back, before each slice and behind the last. */
const read_ns = [
  ...Array.from({ length: Number(nearSlices) + 1 }, (_, index) => 108 + ((3 * index) % 8)),
  ...[450, 455, 440, 460],
];
const { operation, seed, core, out, 'server-core': serverCore } = values as Record<string, string>;

function linesOfSlice(behind_ns: number, index: number): string[] {
  const [start_ns, end_ns] = [index * SLICE_NS, (index + 1) * SLICE_NS];
  const latency_ns = read_ns[index] < 200 ? 10_000 : 16_000;
  return [`slice ${start_ns} ${end_ns}`, 'early', 'late', `${latency_ns} 500`, reading(end_ns, behind_ns)];
}

function reading(at_ns: number, median_ns: number): string {
  return `reading ${at_ns} ${at_ns} ${median_ns} ${median_ns} 5000 480 480`;
}

async function write(): Promise<void> {
  const [first_ns, ...others] = read_ns;
  const head = ['tsc_hz 1000000000', 'version kernel 0', 'helper ordinary', 'early_ns 2000000'];
  const lines = [...head, reading(0, first_ns), ...others.flatMap(linesOfSlice)];
  const cores: [number, number] = [Number(serverCore), Number(core)];
  const setup = {
    target: 'nothing',
    backend: 'kernel',
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
    seed: Number(seed),
    valueBytes: Number(values['value-bytes']),
    core: Number(core),
    warmupS: 0,
    versions: {},
  };
  await writeResult(out, setup, outcomeOfCounts(operation as 'get' | 'set', cores, lines.join('\n')));
}

if (seed === hangingSeed) setInterval(() => {}, 1000);
else await write();

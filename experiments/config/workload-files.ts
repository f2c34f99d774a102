/**
 * Files that a workload names, by paths from the folder of the experiment: a trace that is replayed, and a list of
 * sizes. They are read before anything starts. What they say stands in the place of what the author then need not say.
 *
 *     trace: FILE    operations with their weights, keys, sizes and rate, as the load generator's survey has them
 *     sizes: FILE    value_sizes: list:...
 */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { execa } from 'execa';
import { z } from 'zod';
import { MIX, readSizes, sizesText, traceProblem } from '../../results/formats/index.ts';
import { commandPath, OWN_COMMAND } from '../machine/checkout.ts';
import {
  elementsOf,
  entriesOf,
  type Placed,
  type PlacedProblem,
  plain,
  textAt,
  withEntry,
  withKeys,
} from '../written/placed.ts';
import { keyNames } from './key-names.ts';
import { WORD_BYTES_MAX } from './workload-schema.ts';

const surveySchema = z.strictObject({
  requests: z.int().positive(),
  span_s: z.number().positive(),
  operations: z.record(z.string(), z.int().nonnegative()),
  /** The mean. */
  value_bytes: z.int().positive(),
});

/** What `bypassbench trace check` says of a trace, and where it is. */
interface Trace extends z.infer<typeof surveySchema> {
  file: string;
}

/** By their paths as they are written; where a file cannot be used, what is wrong with it. */
export interface WorkloadFiles {
  traces: ReadonlyMap<string, Trace | string>;
  /** The words of `value_sizes`. */
  sizes: ReadonlyMap<string, { words: string } | string>;
}

/** What a trace says, or has no room for. */
export const OF_TRACE: readonly string[] = [
  'operations',
  'mix',
  'commands',
  'keys',
  'key_distribution',
  'zipf_exponent',
  'hotspot',
  'shape',
  'key_bytes',
  'value_bytes',
  'value_sizes',
  'sizes',
  'open_loop',
  'variants',
  'variant',
];
/** In the place of a trace that cannot be read: the problem is said once. */
const NO_TRACE: Trace = { file: '', requests: 1, span_s: 3600, operations: { get: 1 }, value_bytes: 1 };

/** Reads each file that one of these experiments names, once. */
export async function readWorkloadFiles(roots: readonly Placed[], folder: string): Promise<WorkloadFiles> {
  const named = (key: string): string[] => {
    const workloads = roots.flatMap((root) => entriesOf(root).get('workload') ?? []);
    return [...new Set(workloads.flatMap((workload) => textAt(workload, key) ?? []))];
  };
  const each = async <T>(names: string[], read: (file: string) => Promise<T>): Promise<Map<string, T>> =>
    new Map(
      await Promise.all(names.map(async (name) => [name, await read(path.resolve(folder, name))] as const)),
    );
  return { traces: await each(named('trace'), survey), sizes: await each(named('sizes'), readSizesFile) };
}

async function survey(file: string): Promise<Trace | string> {
  const command = [commandPath(OWN_COMMAND, undefined), 'trace', 'check', '--json', file];
  const [program, ...words] = command as [string, ...string[]];
  const { failed, stdout, stderr, shortMessage } = await execa(program, words, {
    reject: false,
    stdin: 'ignore',
  });
  if (failed) {
    const said = (stderr ?? '').trim().split('\n').at(-1);
    return (said || shortMessage || `${file} cannot be read`).replace(`${OWN_COMMAND}: `, '');
  }
  return { file, ...surveySchema.parse(JSON.parse(stdout)) };
}

async function readSizesFile(file: string): Promise<{ words: string } | string> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    return `${file} cannot be read: ${(error as Error).message}`;
  }
  const sizes = readSizes(text);
  if (typeof sizes === 'string') return `${file}: ${sizes.replace(/\.$/, '')}`;
  const words = sizesText(sizes);
  if (words.length <= WORD_BYTES_MAX) return { words };
  return `${file} has too many sizes for a command line: write those that occur often once, with their weight`;
}

/** The experiment with what its files say. */
export function withFiles(root: Placed, files: WorkloadFiles, problems: PlacedProblem[]): Placed {
  return withTrace(withSizes(root, files, problems), files, problems);
}

function withSizes(root: Placed, { sizes }: WorkloadFiles, problems: PlacedProblem[]): Placed {
  const workload = entriesOf(root).get('workload');
  const given = entriesOf(workload).get('sizes');
  if (!workload || typeof given?.value !== 'string') return root;
  const { place, value } = given;
  for (const key of ['value_bytes', 'value_sizes']) {
    const said = entriesOf(workload).get(key);
    if (said) problems.push({ place: said.place, message: '`sizes` says the sizes: leave it out' });
  }
  const found = sizes.get(value) ?? 'was not read';
  if (typeof found === 'string') problems.push({ place, message: found });
  const words = typeof found === 'string' ? 'list:1' : found.words;
  const rest = withKeys(workload, (key) => key !== 'sizes' && key !== 'value_bytes');
  return withEntry(root, 'workload', withEntry(rest, 'value_sizes', { place, value: words }));
}

function withTrace(root: Placed, { traces }: WorkloadFiles, problems: PlacedProblem[]): Placed {
  const workload = entriesOf(root).get('workload');
  const given = entriesOf(workload).get('trace');
  const speed = entriesOf(workload).get('trace_speed');
  if (!workload || typeof given?.value !== 'string') {
    if (speed && !given) {
      const message = 'says how fast a trace is replayed: name it with `trace`, or leave this out';
      problems.push({ place: speed.place, message });
    }
    return root;
  }
  const { place, value } = given;
  const found = traces.get(value) ?? 'was not read';
  if (typeof found === 'string') problems.push({ place, message: found });
  const trace = typeof found === 'string' ? NO_TRACE : found;
  problems.push(...ofTraceAlone(root, workload));
  const times = typeof speed?.value === 'number' && speed.value > 0 ? speed.value : 1;
  problems.push(...tooShort(root, workload, trace, times));
  const weights = Object.entries(trace.operations).filter(([, count]) => count > 0);
  const implied: Record<string, Placed['value']> = {
    trace: trace.file,
    operations: [{ place, value: MIX }],
    mix: new Map(weights.map(([name, count]) => [name, { place, value: count }])),
    keys: 1,
    key_distribution: 'single',
    value_bytes: trace.value_bytes,
    open_loop: new Map([
      ['rate_ops', { place, value: (times * trace.requests) / trace.span_s }],
      ['arrivals', { place, value: null }],
    ]),
  };
  const whole = Object.entries(implied).reduce(
    (entry, [key, said]) => withEntry(entry, key, { place, value: said }),
    withKeys(workload, (key) => !OF_TRACE.includes(key)),
  );
  return withEntry(root, 'workload', whole);
}

/** What is said beside a trace, of the workload and of systems, that the trace says. */
function ofTraceAlone(root: Placed, workload: Placed): PlacedProblem[] {
  const systems = elementsOf(entriesOf(root).get('systems'));
  const own = systems.flatMap((system) => entriesOf(system).get('workload') ?? []);
  const said = [workload, ...own].flatMap((one) =>
    [...entriesOf(one)].filter(([key]) => OF_TRACE.includes(key)).map(([, { place }]) => place),
  );
  const protocol = entriesOf(workload).get('protocol');
  const problems = said.map((place) => ({ place, message: '`trace` says that: leave one of them out' }));
  if (!protocol || [plain(protocol)].flat().join() === 'resp') return problems;
  const message = 'a trace is of requests of Redis: leave one of them out';
  return [...problems, { place: protocol.place, message }];
}

/** A measurement, or one with stamps, that goes beyond the end of the trace. */
function tooShort(root: Placed, workload: Placed, trace: Trace, times: number): PlacedProblem[] {
  const seconds = (placed: Placed | undefined): number =>
    typeof placed?.value === 'number' ? placed.value : 0;
  const warmup = entriesOf(workload).get('warmup_s');
  const measured = [entriesOf(workload), entriesOf(entriesOf(root).get('stages'))];
  return measured.flatMap((entries) => {
    const duration = entries.get('duration_s');
    const measuredS = (warmup ? seconds(warmup) : 1) + seconds(duration);
    const problem = traceProblem({ spanS: trace.span_s, speed: times, measuredS }, keyNames);
    return duration && problem ? [{ place: duration.place, message: problem.message }] : [];
  });
}

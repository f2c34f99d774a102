/** `bypassbench load`: the load generator's command line. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import cliProgress from 'cli-progress';
import { Command, InvalidArgumentError, Option } from 'commander';
import { backends, finishedOrSignalled, startDataPath } from '../libos/index.ts';
import { LoadError } from './errors.ts';
import { type GeneratorInput, phaseNames } from './generator.ts';
import { checkOptions, type LoadOptions, type LoadOutcome, parseTarget } from './options.ts';
import { keyDistributions, operations } from './workload.ts';

const PROGRESS_EVERY_MS = 200;

/** The parsed command line, as commander names the options. */
interface Flags extends Omit<LoadOptions, 'target' | 'core' | 'durationS' | 'requests'> {
  target: string;
  core?: number;
  durationS?: number;
  requests?: number;
  out?: string;
}

export function command(): Command {
  return new Command('load')
    .description(
      `Puts load on a Redis-compatible server, in a closed loop, and measures every request's latency.

Every reply is checked: keys hold a value that follows from the key and the seed, so fill them with --populate
first. A wrong value, an error or a miss is counted as such and is no latency sample.

Exit code: 0 when the load was carried out, whatever the replies were; 1 when it could not be; 130 when interrupted.`,
    )
    .requiredOption('--target <ipv4:port>', 'the server')
    .addOption(
      new Option('--backend <name>', 'libOS backend to reach it by').choices([...backends]).default('kernel'),
    )
    .addOption(new Option('--operation <name>', 'what to ask').choices([...operations]).default('get'))
    .option('--get-share <share>', 'share of GETs in a mix, 0 to 1', share, 0.5)
    .option('--connections <n>', 'connections', atLeast(1), 1)
    .option('--pipeline <n>', 'requests outstanding per connection', atLeast(1), 1)
    .option('--keys <n>', 'size of the key space', atLeast(1), 1_000_000)
    .addOption(
      new Option('--key-distribution <name>', 'how keys are drawn')
        .choices([...keyDistributions])
        .default('uniform'),
    )
    .option('--value-bytes <n>', 'length of each value', atLeast(1), 64)
    .option('--warmup-s <seconds>', 'time before the measured window', seconds, 1)
    .option(
      '--duration-s <seconds>',
      'length of the measured window (default: 5, unless --requests is given)',
      seconds,
    )
    .option('--requests <n>', 'measure this many replies instead of a time', atLeast(1))
    .option('--seed <n>', 'seed of the key sequence and the values', integer, 1)
    .addOption(
      new Option('--wait <how>', 'spin while waiting, or sleep in the kernel')
        .choices(['poll', 'block'])
        .default('poll'),
    )
    .option('--core <n>', "pin the generator's thread to this core", atLeast(0))
    .option('--populate', 'set every key before the warm-up', false)
    .option('--reply-timeout-s <seconds>', 'give up when no reply comes for so long', seconds, 10)
    .option(
      '--out <dir>',
      'write result.json and per operation OP.hdr (mergeable) and OP.hgrm (microseconds) there',
    )
    .action(load);
}

async function load(flags: Flags): Promise<void> {
  const { out, ...rest } = flags;
  const options = checkOptions({
    ...rest,
    target: parseTarget(flags.target),
    core: flags.core ?? null,
    durationS: flags.durationS ?? (flags.requests === undefined ? 5 : null),
    requests: flags.requests ?? null,
  });
  // Now, not after the measurement, is the time to find that there is nowhere to write to.
  if (out !== undefined) await createFolder(out);
  const outcome = await generate(options);
  if (outcome === null) {
    process.exitCode = 130;
    return;
  }
  if (out !== undefined) await writeResult(out, flags.target, options, outcome);
  console.log(describe(outcome));
}

/** Runs the generator on its thread. Returns null when a signal ended it. */
async function generate(options: LoadOptions): Promise<LoadOutcome | null> {
  const progress = new Float64Array(new SharedArrayBuffer(24));
  const input: GeneratorInput = { options, progress };
  const dataPath = startDataPath<GeneratorInput, null, LoadOutcome | null>(
    new URL('./generator.ts', import.meta.url),
    input,
    options.core,
  );
  const bar = showProgress(progress);
  try {
    return await finishedOrSignalled(dataPath);
  } finally {
    bar?.stop();
  }
}

/** A bar on standard error while the data path works, where that is a terminal. */
function showProgress(progress: Float64Array): { stop(): void } | null {
  if (!process.stderr.isTTY) return null;
  const bar = new cliProgress.SingleBar({
    format: '{phase} [{bar}] {percentage}%',
    stream: process.stderr,
    clearOnComplete: true,
    hideCursor: true,
  });
  bar.start(1, 0, { phase: phaseNames[0] });
  const timer = setInterval(() => {
    const [phase, done, total] = progress;
    bar.setTotal(total || 1);
    bar.update(Math.min(done, total), { phase: phaseNames[phase] });
  }, PROGRESS_EVERY_MS);
  return {
    stop() {
      clearInterval(timer);
      bar.stop();
    },
  };
}

async function createFolder(dir: string): Promise<void> {
  try {
    await mkdir(dir, { recursive: true });
  } catch (error) {
    const { message } = error as Error;
    throw new LoadError('INVALID_OPTION', `--out ${dir} cannot be a folder (${message}): name another one`);
  }
}

/** Writes result.json and the histograms; latencies in nanoseconds, but in .hgrm in microseconds. */
async function writeResult(
  dir: string,
  target: string,
  options: LoadOptions,
  outcome: LoadOutcome,
): Promise<void> {
  for (const { operation, encoded, distribution } of outcome.operations) {
    await writeFile(join(dir, `${operation}.hdr`), encoded);
    await writeFile(join(dir, `${operation}.hgrm`), distribution);
  }
  const result = {
    schema: 'bypassbench.load/1',
    target,
    backend: options.backend,
    wait: options.wait,
    connections: options.connections,
    pipeline: options.pipeline,
    keys: options.keys,
    key_distribution: options.keyDistribution,
    value_bytes: options.valueBytes,
    seed: options.seed,
    core: options.core,
    warmup_s: options.warmupS,
    elapsed_s: outcome.elapsed_s,
    versions: { node: process.versions.node },
    operations: outcome.operations.map(({ encoded, distribution, ...counts }) => ({
      ...counts,
      histogram: `${counts.operation}.hdr`,
    })),
  };
  await writeFile(join(dir, 'result.json'), `${JSON.stringify(result, null, 2)}\n`);
}

/** A few lines for a person. */
function describe(outcome: LoadOutcome): string {
  const lines: string[] = [];
  if (outcome.populate_s !== null) lines.push(`populated in ${outcome.populate_s.toFixed(2)} s`);
  for (const counts of outcome.operations) {
    const { operation, requests, throughput_ops, latency_ns, misses, errors, wrong } = counts;
    lines.push(
      `${operation}: ${requests} replies in ${outcome.elapsed_s.toFixed(2)} s, ${Math.round(throughput_ops)} per second`,
    );
    if (latency_ns) {
      const us = (ns: number) => (ns / 1000).toFixed(2);
      const { min, p50, p90, p99, p999, max } = latency_ns;
      lines.push(
        `  us: min ${us(min)}  p50 ${us(p50)}  p90 ${us(p90)}  p99 ${us(p99)}  p99.9 ${us(p999)}  max ${us(max)}`,
      );
    }
    if (misses + errors + wrong > 0) {
      const cause = counts.first_error === undefined ? '' : ` (first error: ${counts.first_error})`;
      lines.push(`  not samples: ${misses} misses, ${errors} errors, ${wrong} wrong values${cause}`);
    }
  }
  return lines.join('\n');
}

function integer(text: string): number {
  const value = /^-?\d+$/.test(text) ? Number(text) : Number.NaN;
  if (!Number.isSafeInteger(value)) throw new InvalidArgumentError('It must be an integer.');
  return value;
}

function atLeast(lowest: number): (text: string) => number {
  return (text) => {
    const value = integer(text);
    if (value < lowest) throw new InvalidArgumentError(`It must be at least ${lowest}.`);
    return value;
  };
}

function seconds(text: string): number {
  const value = /^(\d+|\d*\.\d+)$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= 0 && value < 1e6)) throw new InvalidArgumentError('It must be a number of seconds.');
  return value;
}

function share(text: string): number {
  const value = /^(0|1|0?\.\d+|1\.0+|0\.0+)$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isNaN(value)) throw new InvalidArgumentError('It must be a number from 0 to 1.');
  return value;
}

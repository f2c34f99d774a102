/**
 * Has several load generators of one server, on a host each, measure one operation: started, warm, told of one moment
 * each by its own clock, and what they measured merged into the result that one of them would have written. Each one's
 * own is in hosts/NAME/ beside that.
 */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import {
  type LoadResult,
  loadResultFormat,
  POPULATED_LINE,
  READY_LINE,
  RESULT_FILE,
  replaceFile,
} from '../../results/formats/index.ts';
import { MergedLoad, mergedFiles } from '../../results/index.ts';
import { TrialFailure } from '../errors.ts';
import { readClocks } from '../machine/linux.ts';
import type { TrialClock, TrialHost, TrialProcess } from '../machine/trial-host.ts';
import { beginnings, momentThere } from './beginnings.ts';
import {
  logsOf,
  MEASURED,
  type MeasuredServer,
  type MeasurementRequest,
  type Meter,
  readResult,
  refuseEnded,
  STOP_GRACE_MS,
} from './measurement.ts';
import { runningTime } from './running-time.ts';
import { lastWords } from './trial-folder.ts';
import type { MeasuredLoad } from './trial-run.ts';

/** From when they are told until they begin, beside what telling them takes: they end a practice, and set up. */
const LEAD_MS = 400;
/** Telling takes one round trip; on a busy link it may take longer than those before. */
const TRIPS = 4;
/** So many hosts bring their files at a time. */
const COLLECTED_AT_ONCE = 8;

export interface GeneratorOnHost {
  /** As the lab calls its host. */
  name: string;
  host: TrialHost;
  meter: Meter & { server: MeasuredServer };
  /** Of what it writes, and its mirror there. */
  folder: string;
  there: string;
}

export interface TogetherRequest extends Omit<MeasurementRequest, 'meter' | 'host' | 'there'> {
  generators: readonly GeneratorOnHost[];
  server: MeasuredServer;
  /** Whether the first one fills the keys, before the others start. */
  populates: boolean;
}

interface Started extends GeneratorOnHost {
  process: TrialProcess;
}

/** What they measured, or a TrialFailure that names who is missing. No process of theirs runs when this settles. */
export async function measureTogether(request: TogetherRequest): Promise<MeasuredLoad> {
  const together = new Together(request);
  let clocks: readonly TrialClock[];
  try {
    clocks = await together.measure();
  } catch (error) {
    throw await withMissing(error, request.generators);
  } finally {
    await together.stop();
    await collectAll(request.generators);
  }
  return mergeParts(request, clocks);
}

class Together {
  readonly #request: TogetherRequest;
  /** In any order. */
  readonly #started: Started[] = [];
  readonly #starting: Promise<Started>[] = [];
  /** Hosts. */
  readonly #ready = new Set<string>();
  /** Rejects when one of them, or the server, has ended without having measured. */
  readonly #broken: Promise<never>;
  #break: (why: Promise<never>) => void = () => {};
  #isOver = false;

  constructor(request: TogetherRequest) {
    this.#request = request;
    this.#broken = new Promise<never>((resolve) => {
      this.#break = resolve as (why: Promise<never>) => void;
    });
    // It may break when nobody waits any more.
    this.#broken.catch(() => {});
    const { server, operation } = request;
    void server.process.ended.then(() => {
      if (!this.#isOver) this.#break(this.#serverEnded(server, operation));
    });
  }

  /** Resolves, when all have measured, to the clocks of their hosts as they were right before. */
  async measure(): Promise<TrialClock[]> {
    const { generators, populates, workload, duration_s } = this.#request;
    const { warmup_s, margin_s, open_loop } = workload;
    const [first, ...others] = generators;
    await this.#within(warmup_s + margin_s, this.#warmUp(first as GeneratorOnHost, others, populates), () =>
      this.#notReady(warmup_s + margin_s),
    );
    const clocks = await this.#within(
      margin_s,
      this.#readClocks(),
      () => new TrialFailure('the clocks of the hosts cannot be read'),
    );
    const longest_ns = Math.max(...clocks.map(({ longest_trip_ns }) => longest_trip_ns));
    // An open loop begins its schedule with the warm-up.
    const lead_s = LEAD_MS / 1000 + TRIPS * (longest_ns / 1e9) + (open_loop ? warmup_s : 0);
    const moment_ns = BigInt(readClocks().realtime_ns) + BigInt(Math.round(lead_s * 1e9));
    const told = this.#started.map(({ host, process }) => {
      const clock = clocks[generators.findIndex((one) => one.host === host)] as TrialClock;
      return process.tell(`${momentThere(moment_ns, clock)}`);
    });
    const limit_s = lead_s + duration_s + margin_s;
    const ended = Promise.all([...told, ...this.#started.map(({ process }) => process.ended)]);
    await this.#within(limit_s, ended, () => this.#notEnded(limit_s));
    // Those that measured have ended; so has whoever broke, and that is told at the same time.
    await Promise.race([this.#broken, new Promise((resolve) => setImmediate(resolve))]);
    return clocks;
  }

  async stop(): Promise<void> {
    this.#isOver = true;
    // One that is being started is stopped as well.
    await Promise.allSettled(this.#starting);
    await Promise.all(this.#started.map(({ process }) => process.stop(STOP_GRACE_MS)));
  }

  async #warmUp(first: GeneratorOnHost, others: GeneratorOnHost[], populates: boolean): Promise<void> {
    const { process } = await this.#start(first);
    if (populates) await process.untilSaid(POPULATED_LINE);
    if (this.#isOver) return;
    await Promise.all(others.map((other) => this.#start(other)));
    await Promise.all(this.#started.map((one) => this.#untilReady(one)));
  }

  async #untilReady({ name, process }: Started): Promise<void> {
    if (await process.untilSaid(READY_LINE)) this.#ready.add(name);
  }

  #start(generator: GeneratorOnHost): Promise<Started> {
    const starting = this.#begin(generator);
    this.#starting.push(starting);
    return starting;
  }

  async #begin(generator: GeneratorOnHost): Promise<Started> {
    const { host, meter, there } = generator;
    const process = await host.start({
      argv: meter.argv,
      checkout: meter.checkout,
      cores: meter.cores,
      cwd: there,
      env: meter.env,
      takesInput: true,
      ...logsOf(meter, there),
    });
    const started = { ...generator, process };
    this.#started.push(started);
    void process.ended.then((end) => {
      if (!this.#isOver && !MEASURED.includes(end)) this.#break(this.#generatorEnded(started, end));
    });
    return started;
  }

  /** In the order of the generators. */
  #readClocks(): Promise<TrialClock[]> {
    return Promise.all(this.#request.generators.map(({ host }) => host.readClock()));
  }

  /** What `work` gives, unless it takes longer than so many seconds, or somebody has ended. */
  async #within<T>(limit_s: number, work: Promise<T>, late: () => TrialFailure): Promise<T> {
    const timer = new AbortController();
    const timeOver = runningTime(limit_s * 1000, timer.signal).then(() => 'time over' as const);
    try {
      const first = await Promise.race([
        work.then((result) => ({ result })),
        this.#broken,
        this.#request.interrupted,
        timeOver,
      ]);
      if (first !== 'time over') return first.result;
      throw late();
    } finally {
      timer.abort();
    }
  }

  #notReady(limit_s: number): TrialFailure {
    const names = this.#request.generators.map(({ name }) => name);
    const late = names.filter((name) => !this.#ready.has(name));
    const others = names.filter((name) => this.#ready.has(name));
    const waited = others.length === 0 ? '' : `; ${others.join(', ')} waited for it`;
    const message =
      `the load generator on ${late.join(', ')} was not ready to begin after ${limit_s} s (populating, warm-up and ` +
      `margin)${waited}`;
    return new TrialFailure(message, this.#logs(), { missingHosts: late });
  }

  #notEnded(limit_s: number): TrialFailure {
    const running = this.#started.filter(({ process }) => process.end === null);
    const late = running.map(({ name }) => name);
    const message =
      `the load generator on ${late.join(', ')} had not finished ${this.#request.operation} after ${limit_s} s ` +
      '(duration and margin): the server or the load generator hangs';
    return new TrialFailure(message, this.#logs(), { missingHosts: late });
  }

  #logs(): string[] {
    const { server, generators } = this.#request;
    return [...server.logs, ...generators.map(({ meter, folder }) => logsOf(meter, folder).stderrFile)];
  }

  async #generatorEnded({ name, host, meter, folder }: Started, end: string): Promise<never> {
    const { server, operation } = this.#request;
    const { stderrFile } = logsOf(meter, folder);
    if (host.lost !== null) {
      throw new TrialFailure(host.lost, this.#logs(), { isFinal: false, missingHosts: [name] });
    }
    await refuseEnded(server, operation);
    await host.collect(folder);
    const said = (await lastWords([stderrFile])) ?? 'it said nothing on stderr';
    throw new TrialFailure(`${meter.name} on ${name} ${end} during ${operation}: ${said}`, [stderrFile], {
      missingHosts: [name],
    });
  }

  async #serverEnded(server: MeasuredServer, operation: TogetherRequest['operation']): Promise<never> {
    await refuseEnded(server, operation);
    throw new TrialFailure(`the server ended during ${operation}`, server.logs);
  }
}

/** A failure that says whose part is missing: of a host that was lost, whatever was asked of it then. */
async function withMissing(error: unknown, generators: readonly GeneratorOnHost[]): Promise<unknown> {
  if (!(error instanceof TrialFailure) || error.missingHosts.length > 0) return error;
  // What was under way fails before it is known that the host is lost.
  await new Promise((resolve) => setImmediate(resolve));
  const missingHosts = generators.filter(({ host }) => host.lost !== null).map(({ name }) => name);
  const { message, logs, isFinal } = error;
  return missingHosts.length === 0 ? error : new TrialFailure(message, logs, { isFinal, missingHosts });
}

async function collectAll(generators: readonly GeneratorOnHost[]): Promise<void> {
  const left = [...generators];
  const next = async (): Promise<void> => {
    for (let one = left.shift(); one !== undefined; one = left.shift()) await one.host.collect(one.folder);
  };
  await Promise.all(Array.from({ length: COLLECTED_AT_ONCE }, next));
}

/** One after the other, so that no more than one result is held at a time. */
async function mergeParts(request: TogetherRequest, clocks: readonly TrialClock[]): Promise<MeasuredLoad> {
  const { generators, folder } = request;
  const merged = new MergedLoad();
  for (const [index, generator] of generators.entries()) {
    try {
      const result = await partOf(generator);
      const clockOffset_us = (clocks[index] as TrialClock).offset_ns / 1000;
      merged.add({ result, clockOffset_us, files: await textsOf(generator, mergedFiles(result)) });
    } catch (error) {
      const { name, meter } = generator;
      const why = `${meter.name} on ${name} left no usable ${RESULT_FILE}: ${(error as Error).message}`;
      throw new TrialFailure(why, [logsOf(meter, generator.folder).stderrFile], {
        missingHosts: [name],
      });
    }
  }
  const names = generators.map(({ name }) => name);
  const record = beginnings(names, merged.begins_us, clocks);
  const result = merged.result();
  if (result === null) {
    const last = record.hosts.reduce((a, b) => ((a.began_us ?? 0) < (b.began_us ?? 0) ? b : a));
    const late_s = ((last.began_us ?? 0) / 1e6).toFixed(3);
    throw new TrialFailure(
      `there is no time that all load generators measured: the one on ${last.host} began ${late_s} s after the first`,
      [],
      { missingHosts: [last.host] },
    );
  }
  for (const [name, text] of merged.files()) await replaceFile(path.join(folder, name), text);
  await replaceFile(path.join(folder, RESULT_FILE), loadResultFormat.write(result));
  const [{ meter }] = generators as [GeneratorOnHost];
  return {
    result: await readResult({ ...request, meter }, logsOf(meter, folder).stderrFile),
    generators: record,
  };
}

async function partOf({ folder }: GeneratorOnHost): Promise<LoadResult> {
  return loadResultFormat.read(await readFile(path.join(folder, RESULT_FILE), 'utf8'));
}

/** Of the files that there are. */
async function textsOf({ folder }: GeneratorOnHost, names: readonly string[]): Promise<Map<string, string>> {
  const texts = new Map<string, string>();
  for (const name of names) {
    const text = await readFile(path.join(folder, name), 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return null;
      throw error;
    });
    if (text !== null) texts.set(name, text);
  }
  return texts;
}

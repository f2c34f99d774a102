/**
 * Where one of several load generators waits, so that all begin at one moment (--generator). It says on standard output
 * how far it is, and is told on standard input when to begin:
 *
 *     <- {"populated":true}        only where it fills the keys: the others may be started
 *     <- {"ready":true}            it is warm, and stays so
 *     -> 1764580500000000000       the measured window begins then, by its own machine's time of day in ns
 */
import type { Readable, Writable } from 'node:stream';
import { timeOfDayOriginNs } from '../../libos/index.ts';
import { POPULATED_LINE, READY_LINE } from '../../results/formats/generators.ts';
import { LoadError } from '../errors.ts';

/** Places in the words: whether the keys are filled, how many threads wait, whether they are told; one stays 0. */
const [POPULATED, ARRIVED, TOLD, SLEEP] = [0, 1, 2, 3];
/** How often the main thread looks at them while the others warm up. */
const LOOK_MS = 5;
/** How often a thread that has nothing to do looks up. */
const WAIT_MS = 1;
/** Meanwhile the others practise for so long at a time. */
const PRACTICE_NS = 100e6;
const LEAST_PRACTICE_NS = 10e6;
/** Nobody means a moment that is further away, or longer ago. */
const FURTHEST_NS = 3600_000_000_000n;

/** What the threads of a load share of it. */
export interface GateMemory {
  words: Int32Array;
  /** The moment that was told, in CLOCK_MONOTONIC. */
  startNs: Float64Array;
}

export function createGate(): GateMemory {
  return {
    words: new Int32Array(new SharedArrayBuffer(16)),
    startNs: new Float64Array(new SharedArrayBuffer(8)),
  };
}

/** The gate as a thread of the load sees it. */
export class StartGate {
  readonly #memory: GateMemory;
  readonly #stopRequested: () => boolean;

  constructor(memory: GateMemory, stopRequested: () => boolean) {
    this.#memory = memory;
    this.#stopRequested = stopRequested;
  }

  /** The keys are filled. */
  populated(): void {
    Atomics.store(this.#memory.words, POPULATED, 1);
  }

  /** This thread could begin. */
  arrive(): void {
    Atomics.add(this.#memory.words, ARRIVED, 1);
  }

  /** The moment to begin, in ns of CLOCK_MONOTONIC; null while nobody has told it. */
  get startNs(): number | null {
    const { words, startNs } = this.#memory;
    return Atomics.load(words, TOLD) === 1 ? startNs[0] : null;
  }

  /**
   * Says that this thread could begin, and has it stay warm until `leadNs` before the moment. `nowNs` reads
   * CLOCK_MONOTONIC; `practise` measures for so many seconds what nobody wants to know, and returns whether to go on.
   */
  stayWarm(nowNs: () => number, leadNs: number, practise: (durationS: number) => boolean): void {
    this.arrive();
    for (;;) {
      const { startNs } = this;
      const leftNs = startNs === null ? Number.POSITIVE_INFINITY : startNs - nowNs() - leadNs;
      if (leftNs < LEAST_PRACTICE_NS) return;
      if (!practise(Math.min(PRACTICE_NS, leftNs) / 1e9)) return;
    }
  }

  /** Returns at the moment that it is told, or when it is asked to stop: that moment, null without one. */
  waitForStart(nowNs: () => number): number | null {
    while (!this.#stopRequested()) {
      const { startNs } = this;
      const leftNs = startNs === null ? Number.POSITIVE_INFINITY : startNs - nowNs();
      if (leftNs <= 0) return startNs;
      // The last of it is spent spinning, so that no timer makes it late.
      if (leftNs > 2 * WAIT_MS * 1e6) Atomics.wait(this.#memory.words, SLEEP, 0, WAIT_MS);
    }
    return null;
  }

  /** Returns once it is told: the moment; null when it was asked to stop. */
  waitUntilTold(): number | null {
    while (this.startNs === null && !this.#stopRequested()) {
      Atomics.wait(this.#memory.words, SLEEP, 0, WAIT_MS);
    }
    return this.startNs;
  }
}

/** What the moment is by the two clocks. */
export interface ToldStart {
  /** In ns of CLOCK_MONOTONIC. */
  startNs: number;
  /** The time of day minus CLOCK_MONOTONIC when it was told, in ns. */
  originNs: bigint;
}

/**
 * Attends to the gate of a load on its main thread: says how far the threads are, reads the moment, opens. Throws
 * NO_START where the input ends before, or says something else. Returns null when `signal` aborts.
 */
export async function attendGate(
  memory: GateMemory,
  threads: number,
  { input, output, signal }: { input: Readable; output: Writable; signal: AbortSignal },
): Promise<ToldStart | null> {
  await untilReady(memory, threads, output, signal);
  const line = signal.aborted ? null : await firstLine(input, signal);
  if (line === null) return null;
  const originNs = timeOfDayOriginNs();
  const startNs = Number(momentOf(line, originNs + process.hrtime.bigint()) - originNs);
  memory.startNs[0] = startNs;
  Atomics.store(memory.words, TOLD, 1);
  return { startNs, originNs };
}

async function untilReady(
  { words }: GateMemory,
  threads: number,
  output: Writable,
  signal: AbortSignal,
): Promise<void> {
  let saidPopulated = false;
  while (!signal.aborted) {
    if (!saidPopulated && Atomics.load(words, POPULATED) === 1) {
      saidPopulated = true;
      output.write(`${POPULATED_LINE}\n`);
    }
    if (Atomics.load(words, ARRIVED) === threads) {
      output.write(`${READY_LINE}\n`);
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}

/** What comes up to the first end of a line; null when `signal` aborts. */
function firstLine(input: Readable, signal: AbortSignal): Promise<string | null> {
  return new Promise((resolve, reject) => {
    let said = '';
    const leave = (): void => {
      input.off('data', receive).off('end', ended).off('error', ended);
      // As long as it is open, this process does not end.
      input.destroy();
      signal.removeEventListener('abort', aborted);
    };
    const receive = (chunk: Buffer): void => {
      said += chunk;
      const end = said.indexOf('\n');
      if (end < 0) return;
      leave();
      resolve(said.slice(0, end).trim());
    };
    const ended = (): void => {
      leave();
      const remedy = 'keep it open, and write the moment to it, as a line: the time of day in ns';
      reject(new LoadError('NO_START', `standard input ended before it said when to begin: ${remedy}`));
    };
    const aborted = (): void => {
      leave();
      resolve(null);
    };
    signal.addEventListener('abort', aborted);
    input.on('data', receive).on('end', ended).on('error', ended);
  });
}

function momentOf(line: string, nowNs: bigint): bigint {
  const moment = /^\d{1,19}$/.test(line) ? BigInt(line) : null;
  const away = moment === null ? 0n : moment - nowNs;
  if (moment !== null && away < FURTHEST_NS && away > -FURTHEST_NS) return moment;
  const shown = line.length > 40 ? `${line.slice(0, 40)}...` : line;
  throw new LoadError(
    'NO_START',
    `'${shown}' on standard input is no moment to begin at: give the time of day in ns, at most an hour from now, as ` +
      `$(date +%s%N) has it; it is ${nowNs}`,
  );
}

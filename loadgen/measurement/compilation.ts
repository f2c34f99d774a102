/**
 * Whether V8 still compiles the code of this process. It does so on threads of its own, for as long as what runs is new
 * or runs otherwise than before. Where they have only the core of the loop, as in an experiment, each piece of work
 * takes that core for up to some milliseconds.
 */
import { readdirSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { nowNs } from '../../libos/index.ts';
import { readOrNull } from './process-usage.ts';

/** As Node names V8's threads. */
const WORKER_NAME = 'V8Worker\n';
/** Of the time, all threads together: code that is settled takes less. */
const SETTLED_SHARE = 0.01;
/** How long rehearsals may go on: so many times the warm-up that was asked for, but no longer than that. */
const REHEARSALS_PER_WARM_UP = 4;
const MOST_REHEARSALS_S = 3;

export class Compilation {
  readonly #workers: string[];
  /** How long they had run at the last look, and when that was, in ns. */
  #ranNs: number;
  #lookedNs: number;

  constructor(atNs: number) {
    const tasks = '/proc/self/task';
    this.#workers = readdirSync(tasks)
      .map((task) => `${tasks}/${task}`)
      .filter((task) => readOrNull(`${task}/comm`) === WORKER_NAME);
    this.#ranNs = this.#read();
    this.#lookedNs = atNs;
  }

  /** Whether hardly anything was compiled since the last look. */
  hasSettled(atNs: number): boolean {
    const ranNs = this.#read();
    const share = (ranNs - this.#ranNs) / (atNs - this.#lookedNs);
    this.#ranNs = ranNs;
    this.#lookedNs = atNs;
    return share < SETTLED_SHARE;
  }

  /** Time on a core, of all, in ns; 0 where the kernel does not keep it: then one rehearsal is all. */
  #read(): number {
    return this.#workers.reduce(
      (sum, task) => sum + Number(readOrNull(`${task}/schedstat`)?.split(' ')[0] ?? 0),
      0,
    );
  }
}

/**
 * Rehearses until the code has settled, for as long as that may take. In the measured window V8 would take the core for
 * some 60 ms of the first second (10,000 requests a second on one core), and the p99 would be V8's.
 * @param lengthS of a rehearsal; shorter where all of them may not take so long
 * @param rehearsal measures as the window will, for so many seconds; returns whether to go on
 * @returns the seconds that they took
 */
export function rehearse(
  warmupS: number,
  lengthS: number,
  rehearsal: (durationS: number) => boolean,
): number {
  const startNs = nowNs();
  const compilation = new Compilation(startNs);
  const mostS = Math.min(REHEARSALS_PER_WARM_UP * warmupS, MOST_REHEARSALS_S);
  const endNs = startNs + mostS * 1e9;
  const durationS = Math.min(lengthS, mostS);
  while (rehearsal(durationS) && !compilation.hasSettled(nowNs()) && nowNs() < endNs);
  return (nowNs() - startNs) / 1e9;
}

/**
 * Young garbage is collected by the thread whose it is, alone: in a few hundred microseconds, since little of it lives.
 * V8's threads would help, each woken for it on the core of the loop. For the whole process, before its threads start.
 */
export function collectAlone(): void {
  setFlagsFromString('--no-parallel-scavenge');
}

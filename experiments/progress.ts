/**
 * What a user sees while trials run: a line for each trial as it ends and, on a terminal, a bar below them
 * with the time left.
 *
 *     [ 4/15] kv-kernel   trial 2   set p50 9.1 us   get p50 8.7 us   about 3 min 20 s left
 *
 * The bar is redrawn when something happens and never by a timer: the runner shares its cores with the server
 * and the client, and what it does in the middle of a measurement is in their latencies.
 */
import cliProgress from 'cli-progress';
import type { Experiment } from './config/schema.ts';
import { addedDuration_s, durationInWords, trialDuration_s } from './duration.ts';
import { type PlannedTrial, planTrials } from './trial/plan.ts';
import type { EndedTrial } from './trial/trial-run.ts';

/** The longest time that a timer can wait for: cli-progress has no way to say never. */
const NEVER_FPS = 1000 / (2 ** 31 - 1);

/** The part of a terminal's or a pipe's write side that is used here. */
export type ProgressStream = NodeJS.WriteStream;

export class Progress {
  readonly #experiment: Experiment;
  readonly #plan: PlannedTrial[];
  readonly #stream: ProgressStream;
  readonly #ended: EndedTrial[] = [];
  readonly #bars: cliProgress.MultiBar | null;
  readonly #bar: cliProgress.SingleBar | null = null;

  constructor(experiment: Experiment, stream: ProgressStream) {
    this.#experiment = experiment;
    this.#plan = planTrials(experiment);
    this.#stream = stream;
    this.#bars = stream.isTTY ? createBars(stream) : null;
    const added_s = addedDuration_s(experiment);
    const more =
      added_s > 0 ? `; up to ${durationInWords(added_s)} more where the cores change their distance` : '';
    this.#line(
      `${experiment.title}\n${this.#plan.length} trials, ${aboutInWords(this.#secondsLeft())}${more}`,
    );
    this.#bar = this.#bars?.create(this.#plan.length, 0, { step: 'start', left: '' }) ?? null;
  }

  /** What is done apart from trials. */
  announce(what: string): void {
    this.#line(what);
  }

  warn(message: string): void {
    this.#line(`warning: ${message}`);
  }

  /** Trials behind those that the experiment plans. */
  add(trials: readonly PlannedTrial[]): void {
    this.#plan.push(...trials);
    this.#bar?.setTotal(this.#plan.length);
  }

  step({ subject, trial }: PlannedTrial, step: string): void {
    this.#update(`${subject.name} trial ${trial}: ${step}`);
  }

  trialEnded(planned: PlannedTrial, outcome: EndedTrial): void {
    this.#ended.push(outcome);
    const left = this.#ended.length < this.#plan.length ? `   ${aboutInWords(this.#secondsLeft())} left` : '';
    this.#line(`${this.#heading(planned)}   ${result(outcome)}${this.#bars ? '' : left}`);
    this.#update('');
  }

  /** Takes the bar off the terminal. */
  stop(): void {
    if (this.#bars?.isActive) this.#bars.stop();
  }

  #heading({ order, subject, trial }: PlannedTrial): string {
    const total = String(this.#plan.length);
    const widest = Math.max(...this.#plan.map((planned) => planned.subject.name.length));
    return `[${String(order).padStart(total.length)}/${total}] ${subject.name.padEnd(widest)}   trial ${trial}`;
  }

  #line(text: string): void {
    if (this.#bars?.isActive) this.#bars.log(`${text}\n`);
    else this.#stream.write(`${text}\n`);
  }

  #update(step: string): void {
    this.#bar?.update(this.#ended.length, { step, left: `${aboutInWords(this.#secondsLeft())} left` });
    this.#bars?.update();
  }

  /**
   * What is left of the plan, each trial as long as those of its system or floor, else as others, else as
   * planned.
   */
  #secondsLeft(): number {
    // A trial that failed says how long its own system takes to fail, and nothing about the others.
    const ofOthers_s = this.#meanElapsed_s(({ record }) => record.status === 'ok');
    return this.#plan
      .slice(this.#ended.length)
      .map(
        (planned) =>
          this.#meanElapsed_s(({ record }) => record.subject === planned.subject.name) ??
          ofOthers_s ??
          trialDuration_s(this.#experiment, planned.kind),
      )
      .reduce((sum, seconds) => sum + seconds, 0);
  }

  #meanElapsed_s(which: (ended: EndedTrial) => boolean): number | null {
    const ended = this.#ended.filter(which);
    if (ended.length === 0) return null;
    return ended.reduce((sum, { record }) => sum + record.elapsed_s, 0) / ended.length;
  }
}

function createBars(stream: ProgressStream): cliProgress.MultiBar {
  return new cliProgress.MultiBar({
    stream,
    format: '[{bar}] {value}/{total} trials   {left}   {step}',
    barCompleteChar: '=',
    barIncompleteChar: ' ',
    barsize: 24,
    fps: NEVER_FPS,
    // An interruption is handled by the run as a whole (see interrupt.ts).
    gracefulExit: false,
    clearOnComplete: true,
  });
}

function result({ record, medians_us }: EndedTrial): string {
  if (record.status === 'failed') return `FAILED: ${record.reason}`;
  return [...medians_us]
    .map(([operation, p50]) => `${operation} p50 ${p50 === null ? 'unknown' : `${p50.toPrecision(3)} us`}`)
    .join('   ');
}

/** `about 3 min 20 s` */
function aboutInWords(seconds: number): string {
  return `about ${durationInWords(seconds)}`;
}

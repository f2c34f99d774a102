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
import { mean, sum } from 'simple-statistics';
import type { Trial } from '../results/formats/index.ts';
import { formatCount, formatSignificant, leftOutInWords } from '../results/index.ts';
import type { Experiment } from './config/schema.ts';
import { unmeasuredInWords } from './config/selection.ts';
import { stagesAt } from './config/swept.ts';
import { recordOf } from './continued-run.ts';
import { addedDuration_s, durationInWords, trialDuration_s } from './duration.ts';
import { isAt, type PlannedTrial, placeName, placeOf, planTrials } from './trial/plan.ts';
import type { EndedTrial } from './trial/trial-run.ts';

/** The longest time that a timer can wait for: cli-progress has no way to say never. */
const NEVER_FPS = 1000 / (2 ** 31 - 1);

/** The part of a terminal's or a pipe's write side that is used here. */
export type ProgressStream = NodeJS.WriteStream;

export interface ProgressOptions {
  plan?: readonly PlannedTrial[];
  /** What of the plan is there already, where a run goes on. */
  there?: readonly Trial[];
  /** Seconds of other experiments that are to run behind this one. */
  behind_s?: number;
}

export class Progress {
  readonly #experiment: Experiment;
  readonly #behind_s: number;
  readonly #plan: PlannedTrial[];
  readonly #stream: ProgressStream;
  readonly #ended: { planned: PlannedTrial; outcome: EndedTrial }[] = [];
  readonly #bars: cliProgress.MultiBar | null;
  readonly #bar: cliProgress.SingleBar | null = null;

  constructor(
    experiment: Experiment,
    stream: ProgressStream,
    { plan = planTrials(experiment), there = [], behind_s = 0 }: ProgressOptions = {},
  ) {
    this.#experiment = experiment;
    this.#behind_s = behind_s;
    this.#plan = [...plan];
    for (const planned of plan) {
      const record = recordOf(planned, there);
      if (record) this.#ended.push({ planned, outcome: { record, medians_us: new Map(), unanswered: 0 } });
    }
    this.#stream = stream;
    this.#bars = stream.isTTY ? createBars(stream) : null;
    const inPlace = this.#ended.length > 0 ? `, of which ${this.#ended.length} are there` : '';
    const added_s = addedDuration_s(experiment);
    const more =
      added_s > 0 ? `; up to ${durationInWords(added_s)} more where the cores change their distance` : '';
    this.#line(
      `${experiment.title}\n${leftOut(experiment)}${trialsInWords(experiment, this.#plan)}${inPlace}, ${aboutInWords(this.#secondsLeft())}${more}`,
    );
    this.#bar =
      this.#bars?.create(this.#plan.length, this.#ended.length, { step: 'start', left: '' }) ?? null;
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

  step(planned: PlannedTrial, step: string): void {
    this.#update(`${placeName(placeOf(planned))} trial ${planned.trial}: ${step}`);
  }

  trialEnded(planned: PlannedTrial, outcome: EndedTrial): void {
    this.#ended.push({ planned, outcome });
    const left = this.#ended.length < this.#plan.length ? `   ${this.#left()}` : '';
    this.#line(`${this.#heading(planned)}   ${result(outcome)}${this.#bars ? '' : left}`);
    this.#update('');
  }

  /** Takes the bar off the terminal. */
  stop(): void {
    if (this.#bars?.isActive) this.#bars.stop();
  }

  #heading(planned: PlannedTrial): string {
    const total = String(this.#plan.length);
    const nameOf = (one: PlannedTrial): string => placeName(placeOf(one));
    const widest = Math.max(...this.#plan.map((one) => nameOf(one).length));
    const number = String(planned.order).padStart(total.length);
    return `[${number}/${total}] ${nameOf(planned).padEnd(widest)}   trial ${planned.trial}`;
  }

  #line(text: string): void {
    if (this.#bars?.isActive) this.#bars.log(`${text}\n`);
    else this.#stream.write(`${text}\n`);
  }

  #update(step: string): void {
    this.#bar?.update(this.#ended.length, { step, left: this.#left() });
    this.#bars?.update();
  }

  /** `about 3 min 20 s left`, with what is left of other experiments too. */
  #left(): string {
    const seconds = this.#secondsLeft();
    const all = this.#behind_s > 0 ? `, ${durationInWords(seconds + this.#behind_s)} of all` : '';
    return `${aboutInWords(seconds)} left${all}`;
  }

  /**
   * What is left of the plan, each trial as long as those of its system or floor at its point, else as planned, but in
   * proportion to what others took.
   */
  #secondsLeft(): number {
    // A trial that failed says how long its own system takes to fail, and nothing about the others.
    const succeeded = this.#ended.filter(({ outcome }) => outcome.record.status === 'ok');
    const asPlanned =
      succeeded.length === 0
        ? 1
        : sum(succeeded.map(elapsed_s)) / sum(succeeded.map(({ planned }) => this.#planned_s(planned)));
    const keyOf = (one: PlannedTrial): string => `${one.trial} ${placeName(placeOf(one))}`;
    const ended = new Set(this.#ended.map(({ planned }) => keyOf(planned)));
    const left = this.#plan.filter((one) => !ended.has(keyOf(one)));
    return sum(
      left.map((planned) => {
        const alike = this.#ended.filter((ended) => isAt(placeOf(ended.planned), placeOf(planned)));
        return alike.length > 0 ? mean(alike.map(elapsed_s)) : asPlanned * this.#planned_s(planned);
      }),
    );
  }

  #planned_s({ kind, at, workload }: PlannedTrial): number {
    return trialDuration_s({ workload, stages: stagesAt(this.#experiment.stages, at) }, kind);
  }
}

function elapsed_s({ outcome }: { outcome: EndedTrial }): number {
  return outcome.record.elapsed_s;
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

function result({ record, medians_us, unanswered }: EndedTrial): string {
  if (record.status === 'failed') return `FAILED: ${record.reason}`;
  const silence = unanswered === 0 ? [] : [`NEVER ANSWERED: ${formatCount(unanswered)}`];
  const medians = [...medians_us].map(
    ([operation, p50]) => `${operation} p50 ${p50 === null ? 'unknown' : `${formatSignificant(p50)} us`}`,
  );
  return [...medians, ...silence].join('   ');
}

/** `90 trials`, or `90 trials of 3 systems at 6 points`. */
function trialsInWords({ axes, points, systems }: Experiment, plan: readonly PlannedTrial[]): string {
  const many = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`;
  const trials = many(plan.length, 'trial');
  if (axes.length === 0) return trials;
  return `${trials} of ${many(systems.length, 'system')} at ${many(points.length, 'point')}`;
}

/** Lines of their own, or nothing. */
function leftOut({ leftOut, unmeasured }: Experiment): string {
  const quick = leftOut ? `--quick leaves out ${leftOutInWords(leftOut)}\n` : '';
  return unmeasured.length === 0 ? quick : `${quick}left out: ${unmeasuredInWords(unmeasured)}\n`;
}

/** `about 3 min 20 s` */
function aboutInWords(seconds: number): string {
  return `about ${durationInWords(seconds)}`;
}

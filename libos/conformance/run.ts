/**
 * Runs the suite on the backend that flags name, with both sides in one process, in two, or both. The cases run in a
 * process of their own (case-runner.ts): one that hangs is ended and named, one that ends it is named too, and the next
 * process goes on behind it.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import type { BackendFlags } from '../backend-flags.ts';
import type { ConformanceCase } from './case.ts';
import type { CaseOutcome, ProcessCount, RunnerMessage, RunnerTask } from './case-messages.ts';
import { type Awaited, OPEN_TIMEOUT_S, type WorldSide, whyNotOpen } from './opening.ts';
import { type Failure, unpackError } from './protocol.ts';
import { conformanceCases } from './suite.ts';
import type { Traits } from './traits.ts';

export interface CaseResult {
  processes: ProcessCount;
  group: string;
  name: string;
  outcome: CaseOutcome;
  /** Of what failed or was skipped. */
  why: string | null;
  elapsedMs: number;
}

/** Hears of what happens when it does. */
export interface RunListener {
  backend?(name: string, title: string): void;
  begins?(one: ConformanceCase): void;
  ends?(result: CaseResult): void;
}

/** What takes longer hangs. */
export interface CaseLimits {
  /** Until a process is started, and until a side of a world is open. */
  openMs: number;
  /** From there to the first case: what the suite must know is measured. */
  startMs: number;
  /** Until a case ends, behind the opening. */
  ordinaryMs: number;
  largeMs: number;
}

export interface ConformanceRun {
  flags: BackendFlags;
  processes: readonly ProcessCount[];
  /** Which cases, by their full names; null: all. */
  only: RegExp | null;
  /** Default: those of most machines. */
  limits?: Partial<CaseLimits>;
  listener?: RunListener;
  /** Ends the run, with what it has started. */
  signal?: AbortSignal;
}

/** More than the waits of a case that fails, and than an agent has for an answer. */
const defaultLimits: CaseLimits = {
  openMs: OPEN_TIMEOUT_S * 1000,
  startMs: 60_000,
  ordinaryMs: 30_000,
  largeMs: 120_000,
};
/** The process of the cases waits for the server's side in another process itself, and knows better for what. */
const AGENT_GRACE_MS = 2000;
/** A process that is stopped for a while, with this one, has missed one tick at most. */
const TICK_MS = 100;
/** Node's own, with nothing left to wait for. */
const UNSETTLED_EXIT_CODE = 13;
/** After so many cases in a row that hang, the others would as well. */
const MOST_HANGING = 3;
/** After so many ends between two cases, more of them would tell nothing new. */
const MOST_BETWEEN = 3;

/** What stands in the place of cases that nobody has written down. */
const FIRST_CONTACT = {
  group: 'first contact',
  name: 'two ends connect, and what they take can be measured',
};
const BETWEEN = 'between two cases';
const LAST_END = { group: 'at the end', name: 'the processes end well' };

/** By which it is found by a pattern. */
export function fullName({ group, name }: Pick<ConformanceCase, 'group' | 'name'>): string {
  return `${group}: ${name}`;
}

/** Throws what the module of the backend, its options or its pairing are refused for. */
export async function runConformance(run: ConformanceRun): Promise<CaseResult[]> {
  const folder = mkdtempSync(join(tmpdir(), 'bypassbench-conform-'));
  try {
    const results: CaseResult[] = [];
    for (const processes of run.processes) {
      results.push(...(await new Series(run, processes, join(folder, String(processes))).run()));
    }
    return results;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The cases in so many processes, over as many runners as it takes. */
class Series {
  readonly #run: ConformanceRun;
  readonly #processes: ProcessCount;
  readonly #folder: string;
  readonly #limits: CaseLimits;
  readonly #results: CaseResult[] = [];
  /** By their places in the suite. */
  #left: number[];
  /** The one that runs; null: the runner gets ready. */
  #current: number | null = null;
  /** What is waited for as a side of a world opens. */
  #awaited: { side: WorldSide; what: Awaited } | null = null;
  #traits: Traits | null = null;
  /** What the present runner has said: that there is nothing to run, or that its cases are through. */
  #isThrough = false;
  /** The last case that has ended in it; null: none has. */
  #last: number | null = null;
  #betweenCases = 0;
  #hungInARow = 0;
  #runners = 0;
  #refusal: Failure | null = null;

  constructor(run: ConformanceRun, processes: ProcessCount, folder: string) {
    this.#run = run;
    this.#processes = processes;
    this.#folder = folder;
    this.#limits = { ...defaultLimits, ...run.limits };
    const { only } = run;
    this.#left = [...conformanceCases.keys()].filter(
      (index) => only === null || only.test(fullName(conformanceCases[index])),
    );
  }

  async run(): Promise<CaseResult[]> {
    while (this.#left.length > 0) {
      await this.#runOn();
      if (this.#refusal !== null) throw unpackError(this.#refusal);
      if (this.#hungInARow >= MOST_HANGING) {
        this.#leaveOut(`the ${MOST_HANGING} cases before it hung: mend those first`);
      }
    }
    return this.#results;
  }

  /** What is left, until the end of one runner. */
  async #runOn(): Promise<void> {
    const folder = join(this.#folder, String(this.#runners++));
    mkdirSync(folder, { recursive: true });
    const { flags, signal } = this.#run;
    const task: RunnerTask = {
      flags,
      processes: this.#processes,
      folder,
      cases: this.#left,
      traits: this.#traits,
      openTimeoutMs: this.#limits.openMs,
    };
    this.#current = null;
    this.#awaited = { side: 'client', what: 'its process to start' };
    this.#last = null;
    this.#isThrough = false;
    const runner = new Runner(task, this.#limit(), signal);
    for await (const message of runner.messages()) {
      this.#take(message);
      runner.limit = this.#limit();
      if (this.#hungInARow < MOST_HANGING) continue;
      runner.end();
      break;
    }
    const end = await runner.ended;
    signal?.throwIfAborted();
    if (this.#hungInARow >= MOST_HANGING || this.#refusal !== null) return;
    if (this.#left.length > 0) this.#broke(end);
    else if (!this.#isThrough || !end.isGood) this.#endedBadly(end.why);
  }

  #limit(): Limit {
    const { openMs } = this.#limits;
    if (this.#awaited === null) {
      const ms = this.#ordinaryLimitMs();
      return { ms, why: `it hangs: no end within ${ms / 1000} s` };
    }
    const { side, what } = this.#awaited;
    const isOfAgent = this.#processes === 2 && side === 'server';
    return {
      ms: isOfAgent ? openMs + AGENT_GRACE_MS : openMs,
      why: whyNotOpen(side, openMs, what),
    };
  }

  #ordinaryLimitMs(): number {
    const { startMs, ordinaryMs, largeMs } = this.#limits;
    if (this.#current === null) return this.#last === null ? startMs : ordinaryMs;
    return conformanceCases[this.#current].isLarge ? largeMs : ordinaryMs;
  }

  #take(message: RunnerMessage): void {
    const { listener } = this.#run;
    this.#awaited = message.kind === 'opens' ? { side: message.side, what: 'its device to open' } : null;
    switch (message.kind) {
      case 'backend':
        if (this.#runners === 1) listener?.backend?.(message.name, message.title);
        break;
      case 'refused':
        this.#refusal = message.failure;
        break;
      case 'leftOut':
        this.#isThrough = true;
        this.#leaveOut(message.why);
        break;
      case 'unmeasured':
        this.#noContact(message.why);
        break;
      case 'measured':
        this.#traits = message.traits;
        break;
      case 'begins':
        this.#current = message.index;
        listener?.begins?.(conformanceCases[message.index]);
        break;
      case 'ends':
        this.#last = message.index;
        this.#hungInARow = message.hung ? this.#hungInARow + 1 : 0;
        this.#record(message.index, message.outcome, message.why, message.elapsedMs);
        break;
      case 'through':
        this.#isThrough = true;
        if (message.why !== null) this.#endedBadly(message.why);
    }
  }

  /** The runner has ended before its last case had. */
  #broke(end: RunnerEnd): void {
    const { why, hung, elapsedMs } = end;
    const index = this.#current;
    if (index !== null) {
      this.#hungInARow = hung ? this.#hungInARow + 1 : 0;
      this.#record(index, 'failed', why, elapsedMs);
    } else if (this.#traits === null) this.#noContact(why);
    else this.#brokeBetween(end);
  }

  /** Neither a case nor the first contact: with the traits known, a runner ended before a case or between two. */
  #brokeBetween({ why, elapsedMs }: RunnerEnd): void {
    const last = this.#last;
    const name =
      last === null
        ? 'a process starts that runs the next one'
        : `the process goes on behind "${fullName(conformanceCases[last])}"`;
    this.#add({ group: BETWEEN, name }, 'failed', why, elapsedMs);
    this.#betweenCases++;
    if (last === null) this.#leaveOut('no process starts that could run them');
    else if (this.#betweenCases >= MOST_BETWEEN) {
      this.#leaveOut(`processes ended between two cases ${MOST_BETWEEN} times: mend that first`);
    }
  }

  #noContact(why: string): void {
    this.#isThrough = true;
    this.#add(FIRST_CONTACT, 'failed', why, 0);
    this.#leaveOut('there was no first contact');
  }

  /** What ends badly says so once. */
  #endedBadly(why: string): void {
    const { name } = LAST_END;
    const wasSaid = this.#results.some((result) => result.name === name && result.outcome === 'failed');
    if (!wasSaid) this.#add(LAST_END, 'failed', why, 0);
  }

  #leaveOut(why: string): void {
    for (const index of [...this.#left]) this.#record(index, 'skipped', why, 0);
  }

  #record(index: number, outcome: CaseOutcome, why: string | null, elapsedMs: number): void {
    this.#left = this.#left.filter((other) => other !== index);
    this.#current = null;
    this.#add(conformanceCases[index], outcome, why, elapsedMs);
  }

  #add(
    { group, name }: Pick<ConformanceCase, 'group' | 'name'>,
    outcome: CaseOutcome,
    why: string | null,
    elapsedMs: number,
  ): void {
    const result = { processes: this.#processes, group, name, outcome, why, elapsedMs };
    this.#results.push(result);
    this.#run.listener?.ends?.(result);
  }
}

interface RunnerEnd {
  /** By itself, with exit code 0. */
  isGood: boolean;
  why: string;
  hung: boolean;
  /** Since its last message. */
  elapsedMs: number;
}

function exitInWords(code: number | null): string {
  return code === UNSETTLED_EXIT_CODE
    ? "an await at the top level of a module, such as the backend's, that nothing settles"
    : `exit code ${code}`;
}

interface Limit {
  ms: number;
  /** What is wrong where it takes longer. */
  why: string;
}

/** One process of case-runner.ts, with what it starts. */
class Runner {
  /** It is ended after so long without a message. */
  limit: Limit;
  readonly ended: Promise<RunnerEnd>;
  readonly #child: ChildProcess;
  #silentMs = 0;
  #hung = false;

  constructor(task: RunnerTask, limit: Limit, signal?: AbortSignal) {
    this.limit = limit;
    const program = fileURLToPath(new URL('./case-runner.ts', import.meta.url));
    // What it prints is no part of the report. A group of its own: its agent may hang as well.
    this.#child = spawn(process.execPath, [program, JSON.stringify(task)], {
      stdio: ['ignore', 2, 2, 'pipe'],
      detached: true,
    });
    const end = () => this.end();
    signal?.addEventListener('abort', end);
    if (signal?.aborted) end();
    const ticking = setInterval(() => this.#tick(), TICK_MS);
    this.ended = new Promise((resolve) => {
      const ends = (how: string, isGood = false) => {
        clearInterval(ticking);
        signal?.removeEventListener('abort', end);
        // An agent that did not end with it.
        this.end();
        const why = this.#hung ? this.limit.why : `its process ended with ${how}`;
        resolve({ isGood: isGood && !this.#hung, why, hung: this.#hung, elapsedMs: this.#silentMs });
      };
      this.#child.once('exit', (code, killedBy) => ends(killedBy ?? exitInWords(code), code === 0));
      this.#child.once('error', ({ message }) => ends(message));
    });
  }

  async *messages(): AsyncGenerator<RunnerMessage> {
    const lines = createInterface({ input: this.#child.stdio[3] as Readable });
    for await (const line of lines) {
      this.#silentMs = 0;
      yield JSON.parse(line) as RunnerMessage;
    }
  }

  /** Ends all processes of its group. */
  end(): void {
    const { pid } = this.#child;
    if (pid === undefined) return;
    try {
      process.kill(-pid, 'SIGKILL');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }

  #tick(): void {
    this.#silentMs += TICK_MS;
    if (this.#silentMs < this.limit.ms || this.#hung) return;
    this.#hung = true;
    this.end();
  }
}

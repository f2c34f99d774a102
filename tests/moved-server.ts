/** Moves a server from core to core while a load reads its distance, and knows when it was where. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { libc } from '../libos/native/libc.ts';

const LOOK_EVERY_MS = 2;
/** Of 1,024 cores. */
const MASK_BYTES = 128;
/** Two clocks that are laid side by side may lie so far apart. */
const CLOCKS_NS = 100_000;

const nowNs = (): number => Number(process.hrtime.bigint());

const schedSetaffinity = libc.func('int sched_setaffinity(int, size_t, const void *)');

/** All its threads. By the call itself: beside busy programs another process would take longer than a load measures. */
export function moveServer(pid: number, core: number): void {
  const mask = Buffer.alloc(MASK_BYTES);
  mask[core >> 3] = 1 << (core & 7);
  for (const thread of readdirSync(`/proc/${pid}/task`)) schedSetaffinity(Number(thread), mask.length, mask);
}

/** The core that its main thread ran on last (proc(5), field 39). */
function coreOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[36]);
}

export class MovedServer {
  readonly #pid: number;
  /** Where it was for sure, and from when until when: CLOCK_MONOTONIC, as a load says its times. */
  readonly #stays: { core: number; from_ns: number; until_ns: number }[] = [];

  constructor(pid: number) {
    this.#pid = pid;
  }

  /** From core to core, for `stayMs` on each, until what is done meanwhile is over, or the server is. */
  async goRound(cores: readonly number[], stayMs: number, meanwhile: Promise<unknown>): Promise<void> {
    let isOver = false;
    const end = (): void => {
      isOver = true;
    };
    const over = meanwhile.then(end, end);
    for (let at = 0; !isOver; at = (at + 1) % cores.length) {
      try {
        await this.moveTo(cores[at]);
      } catch (error) {
        if (existsSync(`/proc/${this.#pid}/exe`)) throw error;
        return;
      }
      await Promise.race([over, sleep(stayMs)]);
    }
  }

  /** Resolves once it has run there. */
  async moveTo(core: number): Promise<void> {
    const last = this.#stays.at(-1);
    if (last !== undefined) last.until_ns = nowNs();
    moveServer(this.#pid, core);
    while (coreOf(this.#pid) !== core) await sleep(LOOK_EVERY_MS);
    this.#stays.push({ core, from_ns: nowNs(), until_ns: Number.POSITIVE_INFINITY });
  }

  /** Where it was all the time between the two; null where it was moved meanwhile. */
  coreBetween(start_ns: number, end_ns: number): number | null {
    const stay = this.#stays.find(
      ({ from_ns, until_ns }) => from_ns + CLOCKS_NS < start_ns && end_ns < until_ns - CLOCKS_NS,
    );
    return stay?.core ?? null;
  }
}

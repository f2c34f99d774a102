/**
 * Kills Redis on the libOS under load, again and again: no write that it acknowledged may be lost
 * (docs/redis-port.md).
 *
 *     npm run test:redis-kill
 *     npm run test:redis-kill -- --rounds 50 --backend rdma --seed 7
 */
import { parseArgs } from 'node:util';
import cliProgress from 'cli-progress';
import { type Backend, backends } from '../../libos/index.ts';
import { type Moment, planRound, type RoundPlan } from './plan.ts';
import { KillSeries } from './series.ts';

const ROUNDS = 500;
const FAULTS_SHOWN = 20;
const EXIT_FAILED = 1;

const usage = `Usage: npm run test:redis-kill -- [options]

Redis on the libOS writes each command to its append-only file, and syncs it, before it answers. Here clients write over
the libOS, the server is killed in the middle of that (SIGKILL), at times while it rewrites its file or saves, and is
started again on what is in its folder. Each write that was acknowledged must be there, and nothing that was not sent.

  --rounds N        kills in all, divided among the backends (${ROUNDS})
  --backend NAME    ${backends.join(', ')}; can be repeated (all of them)
  --seed N          what is written and when the kill comes (drawn, and said)
  --help

Exit codes: 0 nothing was lost; 1 something was, by key, or the server failed; its folder is kept then.`;

interface Arguments {
  rounds: number;
  backends: readonly Backend[];
  seed: number;
}

/** Returns null when help was all that was asked for. */
function readArguments(): Arguments | null {
  const { values } = parseArgs({
    options: {
      rounds: { type: 'string', default: `${ROUNDS}` },
      backend: { type: 'string', multiple: true, default: [...backends] },
      seed: { type: 'string', default: `${Math.floor(Math.random() * 2 ** 31)}` },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return null;
  const chosen = backends.filter((name) => values.backend.includes(name));
  const unknown = values.backend.find((name) => !backends.includes(name));
  if (unknown !== undefined) throw new Error(`--backend takes ${backends.join(', ')}, not '${unknown}'`);
  const [rounds, seed] = [Number(values.rounds), Number(values.seed)];
  if (!(Number.isSafeInteger(rounds) && rounds >= chosen.length)) {
    throw new Error(
      `--rounds takes a number, at least 1 for each of ${chosen.length} backends, not '${values.rounds}'`,
    );
  }
  if (!Number.isSafeInteger(seed)) throw new Error(`--seed takes a whole number, not '${values.seed}'`);
  return { rounds, backends: chosen, seed };
}

class KillRun {
  readonly #seed: number;
  readonly #rounds: number;
  readonly #backends: readonly Backend[];
  readonly #bar: cliProgress.SingleBar | null;
  #series: KillSeries | null = null;
  #interruptedBy: NodeJS.Signals | null = null;
  #acknowledged = 0;
  /** What is said when the progress bar is gone. */
  readonly #said: string[] = [];

  constructor({ rounds, backends: chosen, seed }: Arguments) {
    this.#seed = seed;
    this.#rounds = rounds;
    this.#backends = chosen;
    this.#bar = process.stderr.isTTY ? createBar() : null;
  }

  /** Says how it went. Throws what was lost, by key, or what failed. */
  async run(): Promise<void> {
    const interrupt = (signal: NodeJS.Signals) => {
      this.#interruptedBy = signal;
      this.#series?.interrupt();
    };
    const signals: NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];
    for (const signal of signals) process.on(signal, interrupt);
    this.#bar?.start(this.#rounds, 0, { backend: this.#backends[0], writes: '0' });
    try {
      for (const [index, backend] of this.#backends.entries()) {
        const count = Math.floor((this.#rounds + this.#backends.length - 1 - index) / this.#backends.length);
        await this.#runSeries(backend, count);
      }
    } finally {
      this.#bar?.stop();
      for (const signal of signals) process.off(signal, interrupt);
      if (this.#interruptedBy !== null) process.kill(process.pid, this.#interruptedBy);
    }
    const writes = inWords(this.#acknowledged);
    this.#said.push(`${this.#rounds} kills, ${writes} acknowledged writes, none lost (seed ${this.#seed})`);
    for (const line of this.#said) console.log(line);
  }

  async #runSeries(backend: Backend, count: number): Promise<void> {
    const series = new KillSeries(backend);
    this.#series = series;
    let keepFolder = true;
    try {
      const killedDuring: Record<Moment['during'], number> = { writes: 0, rewrite: 0, save: 0 };
      for (let round = 1; round <= count && this.#interruptedBy === null; round++) {
        const plan = this.#planOf(backend, round);
        this.#refuse(await series.start(plan), backend, round - 1);
        await series.loadAndKill(plan);
        killedDuring[plan.moment.during]++;
        this.#bar?.increment({ backend, writes: inWords(this.#acknowledged + series.ledger.acknowledged) });
      }
      keepFolder = false;
      if (this.#interruptedBy !== null) return;
      keepFolder = true;
      this.#refuse(await series.finish(), backend, count);
      keepFolder = false;
      this.#acknowledged += series.ledger.acknowledged;
      this.#say(
        `${backend}: ${count} kills, ${killedDuring.rewrite} of them in a rewrite, ${killedDuring.save} in a save; ` +
          `${inWords(series.ledger.acknowledged)} acknowledged writes are there`,
      );
    } catch (error) {
      if (this.#interruptedBy === null) {
        const name = `${backend}, seed ${this.#seed}, ${inWords(series.ledger.acknowledged)} acknowledged writes`;
        throw new Error(
          `${name}: ${(error as Error).message}\nits log and append-only file: ${series.folder}`,
        );
      }
      keepFolder = false;
    } finally {
      await series.cleanUp({ keepFolder });
      this.#series = null;
    }
  }

  #planOf(backend: Backend, round: number): RoundPlan {
    return planRound(this.#seed, round * backends.length + backends.indexOf(backend));
  }

  #refuse(faults: readonly string[], backend: Backend, round: number): void {
    if (faults.length === 0) return;
    const { moment } = this.#planOf(backend, round);
    const lines = faults.slice(0, FAULTS_SHOWN).map((fault) => `  ${fault}`);
    if (faults.length > FAULTS_SHOWN) lines.push(`  and ${faults.length - FAULTS_SHOWN} more`);
    throw new Error(`after kill ${round} of ${backend}, during ${moment.during}:\n${lines.join('\n')}`);
  }

  #say(line: string): void {
    if (this.#bar === null) console.log(line);
    else this.#said.push(line);
  }
}

function createBar(): cliProgress.SingleBar {
  return new cliProgress.SingleBar({
    format: '{backend} [{bar}] {value}/{total} kills, {writes} writes, {eta_formatted} left',
    stream: process.stderr,
    clearOnComplete: true,
    hideCursor: true,
  });
}

const inWords = (count: number): string => count.toLocaleString('en-US');

try {
  const wanted = readArguments();
  if (wanted === null) console.log(usage);
  else await new KillRun(wanted).run();
} catch (error) {
  console.error(`redis-kill: ${(error as Error).message}`);
  process.exitCode = EXIT_FAILED;
}

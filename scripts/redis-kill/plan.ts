/** What a round does, drawn from the seed: who writes what, and when the server is killed. */
import { SeededRandom } from '../../loadgen/index.ts';
import { type Write, writeKinds } from './ledger.ts';

/** When the kill comes: behind so many acknowledged writes, and then */
export type Moment = { writes: number } & (
  | { during: 'writes'; afterMs: number }
  /** when so many files of the append-only folder were made, renamed or removed since BGREWRITEAOF, */
  | { during: 'rewrite'; changes: number }
  /** so long after BGSAVE, whose child waits so long at each key. */
  | { during: 'save'; afterMs: number; keyDelayUs: number }
);

export interface RoundPlan {
  /** All keys are removed first, so that what is read back does not grow for ever; that is a write like others. */
  flushes: boolean;
  writers: WriterPlan[];
  moment: Moment;
  /** The server's writes to its file are late, and what does not wait for them is found out (slow-log.c). */
  slowLog: boolean;
}

export interface WriterPlan {
  connection: number;
  /** Requests that it sends at once, before it waits for their replies. */
  atATime: number;
  writes: WriteSource;
}

const WRITERS = 4;
const MOST_AT_A_TIME = 24;
const FLUSH_SHARE = 1 / 8;
const SLOW_SHARE = 1 / 2;
const MOST_WRITES = 150;
/** A turn of the server with its sync takes some milliseconds: the kill is to come anywhere in it, or on a reply. */
const TURN_MS = 8;
/** A rewrite makes, renames and removes about a dozen files: each of these points is a moment to be killed at. */
const CHANGES_OF_REWRITE = 14;
/** What children wait at each key, so that they live long enough to be there at the kill. */
export const KEY_DELAY_US = 1000;
/** With this one a child that its server has left is still there when the next server starts, in the same place. */
const LONG_KEY_DELAY_US = 2_000_000;
/** What BGSAVE takes with the shorter delay, and some more. */
const SAVE_MS = 60;

export function planRound(seed: number, round: number): RoundPlan {
  const random = new SeededRandom(seed + round * 0x1_0001);
  const writers = Array.from({ length: WRITERS }, (_, connection) => ({
    connection,
    atATime: random.fraction() < 1 / 3 ? 1 : between(random, 2, MOST_AT_A_TIME),
    writes: new WriteSource(new SeededRandom(random.next()), `${round}.${connection}`, connection),
  }));
  const [flushes, slowLog] = [FLUSH_SHARE, SLOW_SHARE].map((share) => random.fraction() < share);
  return { flushes, slowLog, writers, moment: drawMoment(random) };
}

function drawMoment(random: SeededRandom): Moment {
  const chosen = random.fraction();
  const writes = between(random, 1, MOST_WRITES);
  if (chosen < 1 / 3) return { during: 'writes', writes, afterMs: 0 };
  if (chosen < 1 / 2) return { during: 'writes', writes, afterMs: random.fraction() * TURN_MS };
  if (chosen < 4 / 5) return { during: 'rewrite', writes, changes: between(random, 1, CHANGES_OF_REWRITE) };
  const keyDelayUs = random.fraction() < 1 / 2 ? KEY_DELAY_US : LONG_KEY_DELAY_US;
  return { during: 'save', writes, afterMs: random.fraction() * SAVE_MS, keyDelayUs };
}

/** Both ends are among what is drawn. */
function between(random: SeededRandom, least: number, most: number): number {
  return least + Math.floor(random.fraction() * (most - least + 1));
}

/** Keys of each kind; of SET for each connection. */
const KEYS = 3;
/** Most values are short; some need several buffers of the network. */
const LONG_SHARE = 1 / 100;
const LONG_BYTES = 40_000;
const SHORT_BYTES = 200;

/** Writes of one connection without end. */
export class WriteSource {
  readonly #random: SeededRandom;
  readonly #name: string;
  readonly #connection: number;
  #count = 0;

  /** `name`: values begin with it, so it is to be this one's alone. */
  constructor(random: SeededRandom, name: string, connection: number) {
    this.#random = random;
    this.#name = name;
    this.#connection = connection;
  }

  next(): Write {
    const random = this.#random;
    const kind = writeKinds[between(random, 0, writeKinds.length - 1)];
    const number = between(random, 1, KEYS);
    const key = kind === 'SET' ? `${kind}:${this.#connection}:${number}` : `${kind}:${number}`;
    if (kind === 'INCR') return { kind, key, value: '' };
    const filler = between(random, 0, random.fraction() < LONG_SHARE ? LONG_BYTES : SHORT_BYTES);
    return { kind, key, value: `${this.#name}.${this.#count++}.`.padEnd(filler, 'x') };
  }
}

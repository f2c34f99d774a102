/** Reads the text in which a floor's program in C leaves its window, slice by slice: native/floor-slices.h shows it. */
import type { Probe, SlicesFile } from '../../results/formats/index.ts';
import { LoadError } from '../errors.ts';

export interface CountedWindow extends Pick<SlicesFile, 'helper' | 'unknown' | 'early_ns'> {
  /** Ticks of the counter in a second. */
  hz: number;
  /** What the program stands on, and its version. */
  version: [string, string];
  /** One before each slice and one behind the last; none without a helper. */
  readings: Probe[];
  slices: CountedSlice[];
}

interface CountedSlice {
  start_ns: number;
  end_ns: number;
  early: CountedTicks;
  late: CountedTicks;
}

/** Round trips of so many ticks, each so many times. */
export interface CountedTicks {
  ticks: number[];
  counts: number[];
}

const NUMBER = String.raw`(\d+(?:\.\d+)?)`;
const readingLine = new RegExp(
  `^reading ${NUMBER} ${NUMBER} (?:${NUMBER} ${NUMBER} ${NUMBER} ${NUMBER} ${NUMBER}|failed)$`,
);
const sliceLine = new RegExp(`^slice ${NUMBER} ${NUMBER}$`);
const countLine = /^(\d+) (\d+)$/;

/** Throws FLOOR_FAILED when the text is not of that form. */
export function readCounts(text: string): CountedWindow {
  const lines = new Lines(text);
  const hz = Number(lines.must(/^tsc_hz ([1-9]\d*)$/, 'tsc_hz')[1]);
  const [, name, version] = lines.must(/^version (\S+) (.+)$/, 'the version of what was measured');
  const scheduled = lines.must(/^helper (real_time|ordinary|none)$/, 'the helper')[1];
  const helper = scheduled === 'none' ? null : (scheduled as 'real_time' | 'ordinary');
  const unknown =
    helper === null
      ? lines.must(/^unknown (.+)$/, 'why there was no helper')[1]
      : (lines.take(/^unknown (.+)$/)?.[1] ?? null);
  const early_ns = Number(lines.must(/^early_ns (\d+)$/, 'early_ns')[1]);
  const readings = helper === null ? [] : [readReading(lines)];
  const slices: CountedSlice[] = [];
  while (!lines.done) {
    slices.push(readSlice(lines));
    if (helper !== null) readings.push(readReading(lines));
  }
  return { hz, version: [name, version], helper, unknown, early_ns, readings, slices };
}

/** The lines that are still to be read. */
class Lines {
  readonly #lines: string[];
  #at = 0;

  constructor(text: string) {
    this.#lines = text.trimEnd().split('\n');
  }

  get done(): boolean {
    return this.#at === this.#lines.length;
  }

  /** The next line's parts, or null, where it is another one. */
  take(pattern: RegExp): RegExpExecArray | null {
    const found = this.done ? null : pattern.exec(this.#lines[this.#at]);
    if (found !== null) this.#at++;
    return found;
  }

  must(pattern: RegExp, what: string): RegExpExecArray {
    const found = this.take(pattern);
    if (found !== null) return found;
    const instead = this.done ? '' : `: they have '${this.#lines[this.#at]}' in its place`;
    throw new LoadError('FLOOR_FAILED', `the floor's counts lack ${what}${instead}`);
  }
}

function readReading(lines: Lines): Probe {
  const [, start, end, median, min, waited, clientWork, serverWork] = lines.must(readingLine, 'a reading');
  const ofHelper = (text: string | undefined) => (text === undefined ? null : Number(text));
  return {
    start_ns: Number(start),
    end_ns: Number(end),
    median_ns: ofHelper(median),
    min_ns: ofHelper(min),
    waited_ns: ofHelper(waited),
    client_work_ns: ofHelper(clientWork),
    server_work_ns: ofHelper(serverWork),
    // The server has pinned itself there.
    server_core: null,
  };
}

function readSlice(lines: Lines): CountedSlice {
  const [, start, end] = lines.must(sliceLine, 'a slice');
  lines.must(/^early$/, 'the early round trips of a slice');
  const early = readTicks(lines);
  lines.must(/^late$/, 'the late round trips of a slice');
  return { start_ns: Number(start), end_ns: Number(end), early, late: readTicks(lines) };
}

function readTicks(lines: Lines): CountedTicks {
  const ticks: number[] = [];
  const counts: number[] = [];
  for (let line = lines.take(countLine); line !== null; line = lines.take(countLine)) {
    ticks.push(Number(line[1]));
    counts.push(Number(line[2]));
  }
  return { ticks, counts };
}

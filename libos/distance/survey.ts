/** A survey: the distance of two cores over some time, a reading every 10 ms. */
import { startDataPath } from '../datapath.ts';
import { LibosError } from '../errors.ts';
import type { DistanceHelper } from './probe.ts';
import { READING_EVERY_MS, READING_FIELDS, type SurveyData } from './survey-thread.ts';

/** Lists of one length; null where the helper did not get its core in time, or lost it. */
export interface DistanceSurvey {
  helper: DistanceHelper;
  /** Since the start. */
  at_s: number[];
  median_ns: (number | null)[];
  min_ns: (number | null)[];
  waited_ns: (number | null)[];
  /** What a fixed piece of work took on either core: longer where somebody else uses the core too. */
  client_work_ns: (number | null)[];
  server_work_ns: (number | null)[];
  /** What a reading costs the server's core: the helper's processor time, on average. Null without any reading. */
  cost_ns: number | null;
}

export interface SurveyOptions {
  /** The polling side's, and the one whose distance is asked for. */
  cores: readonly [client: number, server: number];
  seconds: number;
  /** Told of each reading, some of them at once, each tenth of a second. */
  onReading?: (at_s: number, median_ns: number | null) => void;
  /** Ends the survey early: it resolves with what it has. */
  signal?: AbortSignal;
}

const LOOK_EVERY_MS = 100;
/** For a data path that is told to stop before it has begun, on however busy a machine. */
const STOP_MS = 10_000;

/**
 * Keeps the client's core busy for so many seconds, on a thread of its own. Throws INVALID_ARGUMENT for one core twice
 * or one that this process may not run on, BACKEND_UNAVAILABLE where the glue is not built.
 */
export async function surveyDistance(options: SurveyOptions): Promise<DistanceSurvey> {
  const { cores, seconds, onReading, signal } = options;
  const [client, server] = cores;
  if (client === server) {
    const detail = `core ${client} has no distance to itself: name two cores`;
    throw new LibosError('INVALID_ARGUMENT', 'distance', -1, detail);
  }
  const room = Math.ceil((seconds * 1000) / READING_EVERY_MS) + 1;
  const table = new Float64Array(
    new SharedArrayBuffer(room * READING_FIELDS * Float64Array.BYTES_PER_ELEMENT),
  );
  const taken = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  const data: SurveyData = { serverCore: server, seconds, table, taken };
  const module = new URL('./survey-thread.ts', import.meta.url);
  const dataPath = startDataPath<SurveyData, DistanceHelper, number | null>(module, data, client, []);

  let told = 0;
  const tell = () => {
    if (onReading === undefined) return;
    for (const taking = Atomics.load(taken, 0); told < taking; told++) {
      const at = told * READING_FIELDS;
      onReading(table[at], numberOrNull(table[at + 1]));
    }
  };
  const timer = setInterval(tell, LOOK_EVERY_MS);
  const stop = () => void dataPath.stop({ graceMs: STOP_MS });
  signal?.addEventListener('abort', stop);
  if (signal?.aborted) stop();
  try {
    const helper = await dataPath.ready;
    const cost_ns = await dataPath.finished;
    tell();
    return { helper, ...columns(table, taken[0]), cost_ns };
  } finally {
    clearInterval(timer);
    signal?.removeEventListener('abort', stop);
    await dataPath.stop({ graceMs: STOP_MS });
  }
}

function columns(table: Float64Array, readings: number): Omit<DistanceSurvey, 'helper' | 'cost_ns'> {
  const column = (field: number) =>
    Array.from({ length: readings }, (_, reading) => table[reading * READING_FIELDS + field]);
  const read = (field: number) => column(field).map(numberOrNull);
  return {
    at_s: column(0),
    median_ns: read(1),
    min_ns: read(2),
    waited_ns: read(3),
    client_work_ns: read(4),
    server_work_ns: read(5),
  };
}

function numberOrNull(value: number): number | null {
  return Number.isNaN(value) ? null : value;
}

/**
 * A data path on the client's core that reads the distance to the server's whenever it is asked to. It sleeps
 * otherwise, since fi_pingpong polls on that core.
 */
import { type DataPathContext, DistanceProbe } from '../../libos/index.ts';
import type { SlicesFile } from '../../results/formats/index.ts';

/** What the word that both threads share asks for. */
export const Wanted = { Nothing: 0, Reading: 1, End: 2 } as const;

export interface DistancePathInput {
  serverCore: number;
  word: Int32Array<SharedArrayBuffer>;
  /** [start_ns, end_ns, and the five numbers of a reading]; NaN where the helper did not come. */
  reading: Float64Array<SharedArrayBuffer>;
}
export type DistancePathInfo = NonNullable<SlicesFile['helper']>;

/** CLOCK_MONOTONIC. */
export function monotonicNs(): number {
  return Number(process.hrtime.bigint());
}

/** Entry of the data path. Throws LibosError where no helper can be started. */
export function run(context: DataPathContext<DistancePathInput, DistancePathInfo>): null {
  const { serverCore, word, reading } = context.data;
  const probe = DistanceProbe.open(serverCore);
  try {
    context.ready(probe.helper);
    for (;;) {
      Atomics.wait(word, 0, Wanted.Nothing);
      if (Atomics.load(word, 0) === Wanted.End) return null;
      reading[0] = monotonicNs();
      const isMeasured = probe.measure();
      reading[1] = monotonicNs();
      if (isMeasured) reading.set(probe.reading, 2);
      else reading.fill(Number.NaN, 2);
      Atomics.compareExchange(word, 0, Wanted.Reading, Wanted.Nothing);
      Atomics.notify(word, 0);
    }
  } finally {
    probe.close();
  }
}

/** pauses.json: what kept a data path from running, as the load generator and `bypassbench serve --pauses` write it. */
import { z } from 'zod';

const nanoseconds = z.number();
const count = z.int().nonnegative();

export const pausesSchema = z.strictObject({
  schema: z.literal('bypassbench.pauses/1'),
  /** Collections of garbage in the data path's thread, as Node tells of them. Times are those of CLOCK_MONOTONIC. */
  gc: z.array(
    z.strictObject({ start_ns: nanoseconds, duration_ns: z.number().nonnegative(), kind: z.string() }),
  ),
  /** Times in which the loop did not come to read the clock, 50 us and more, and how often its thread lost its core then. */
  gaps: z.array(
    z.strictObject({
      start_ns: nanoseconds,
      duration_ns: z.number().nonnegative(),
      involuntary_switches: count,
    }),
  ),
  gaps_lost: count,
  /** Of the thread: the load generator's in its measured window, a server's over the whole time. */
  involuntary_switches: count,
  /** The load generator's measured window; a server has none. */
  window: z.strictObject({ start_ns: nanoseconds, end_ns: nanoseconds }).optional(),
  /** The load generator's slowest requests: when each was sent, and its latency. */
  slow_requests: z
    .strictObject({
      /** Only latencies from here on were kept; null where none was. */
      threshold_ns: z.number().nullable(),
      requests: z.array(z.tuple([nanoseconds, z.number()])),
      lost: count,
    })
    .optional(),
});
export type Pauses = z.infer<typeof pausesSchema>;

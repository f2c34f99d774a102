/**
 * pauses.json: what kept a data path from running. The load generator writes one with its result,
 * `bypassbench serve --pauses` one of its whole time. Times are those of CLOCK_MONOTONIC. The libOS, which
 * records them, has its own description (libos/pauses.ts) and imports none of this; a test holds the two
 * together.
 */
import { z } from 'zod';
import { count, notNegative } from './fields.ts';
import { Format } from './format.ts';

/** In a measurement's folder that of the load generator, in a trial's folder that of the server. */
export const PAUSES_FILE = 'pauses.json';
export const SERVER_PAUSES_FILE = 'server.pauses.json';
const SCHEMA = 'bypassbench.pauses/1';

const nanoseconds = z.number();

const pauses = z.strictObject({
  schema: z.literal(SCHEMA),
  /** Garbage collections in the data path's thread, as Node reports them. */
  gc: z.array(z.strictObject({ start_ns: nanoseconds, duration_ns: notNegative, kind: z.string() })),
  /** Times of 50 us and more in which the loop did not read the clock, and how often its thread lost its core then. */
  gaps: z.array(
    z.strictObject({ start_ns: nanoseconds, duration_ns: notNegative, involuntary_switches: count }),
  ),
  /** Gaps for which there was no room. */
  gaps_lost: count,
  /** Of the thread: the load generator's in its measured window, a server's over the whole time. */
  involuntary_switches: count,
  /** The load generator's measured window; a server has none. */
  window: z.strictObject({ start_ns: nanoseconds, end_ns: nanoseconds }).optional(),
  /** The load generator's slowest requests: when each was sent (in an open loop: was due), and its latency. */
  slow_requests: z
    .strictObject({
      /** Only latencies from here on were kept; null where no request was. */
      threshold_ns: z.number().nullable(),
      requests: z.array(z.tuple([nanoseconds, z.number()])),
      /** Requests for which there was no room. */
      lost: count,
    })
    .optional(),
});
export type Pauses = z.infer<typeof pauses>;
export const pausesFormat = new Format<Pauses>(SCHEMA, pauses, { indent: 0 });

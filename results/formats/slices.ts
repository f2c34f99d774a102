/**
 * slices.json.gz: a measurement's window, cut into slices of time. Between two slices the measuring side stands still
 * and reads the distance of the two cores, where it can: how long a cache line takes there and back. Latencies are kept
 * by slice, so that they can be put together by distance once it is known which distances there are. Any language reads
 * it (zcat slices.json.gz).
 */
import { gunzipSync, gzipSync } from 'node:zlib';
import { z } from 'zod';
import { count, notNegative, operationName } from './fields.ts';
import { Format } from './format.ts';

/** In the folder of each measurement, and in that of the stamped one within it. */
export const SLICES_FILE = 'slices.json.gz';
const SCHEMA = 'bypassbench.slices/1';

/** A reading of the distance. Times are CLOCK_MONOTONIC. */
const probe = z.strictObject({
  start_ns: z.number(),
  end_ns: z.number(),
  /** There and back, over the rounds of this reading; null where the helper did not get its core in time. */
  median_ns: notNegative.nullable(),
  min_ns: notNegative.nullable(),
  /** From the call to the helper's arrival on its core. */
  waited_ns: notNegative.nullable(),
  /**
   * What a fixed piece of work takes on each core, which keeps all of a core's units busy: more where somebody else
   * uses them too. Null as for the distance, and in older files.
   */
  client_work_ns: notNegative.nullable().default(null),
  server_work_ns: notNegative.nullable().default(null),
  /**
   * The core that the server's busiest thread ran on last, by the kernel; null where nobody looked, or it had ended. A
   * reading beside a server that was on another core than `cores.server` says nothing about the server's distance.
   */
  server_core: count.nullable().default(null),
});

/** Replies received in a part of a slice, and the latencies of the right ones: each value so many times, ascending. */
const part = z
  .strictObject({
    requests: count,
    values_ns: z.array(notNegative),
    counts: z.array(count),
  })
  .refine(
    ({ values_ns, counts }) => values_ns.length === counts.length,
    'values_ns and counts are not of one length',
  );

const slice = z.strictObject({
  start_ns: z.number(),
  end_ns: z.number(),
  operations: z.array(
    z.strictObject({
      operation: operationName,
      /**
       * Right replies that came in the slice, whatever they were replies to: in an open loop also to requests that were
       * due before the window. Null in older files.
       */
      received: count.nullable().default(null),
      /** Requests sent within `early_ns` behind the slice's start, which the probe may still disturb. */
      early: part,
      /** All others. */
      late: part,
    }),
  ),
});

const slices = z
  .strictObject({
    schema: z.literal(SCHEMA),
    /** The core of the side that measured, and the server's; null where the distance is unknown. */
    cores: z.strictObject({ client: count, server: count }).nullable(),
    /** How the helper on the server's core is scheduled; null where there is none. */
    helper: z.enum(['real_time', 'ordinary']).nullable(),
    /** Why the distance is unknown: half a sentence. Null where it was measured. */
    unknown: z.string().nullable(),
    early_ns: notNegative,
    /** One before each slice and one behind the last; none where the distance is unknown. */
    probes: z.array(probe),
    slices: z.array(slice),
    /** Open loop: requests that a probe delayed. They are in no slice, and no samples. */
    delayed: count,
  })
  .refine(
    ({ probes, slices }) => probes.length === 0 || probes.length === slices.length + 1,
    'there is not one probe before each slice and one behind the last',
  );

/** How long a slice is, where what is measured can be cut: loadgen/measurement/slices.ts. */
const USUAL_NS = 75e6;

/** How many usual slices one stands for: a run of a floor that reports means, and cannot be cut, is many. */
export function usualSlices({ start_ns, end_ns }: Pick<Slice, 'start_ns' | 'end_ns'>): number {
  return Math.max(1, Math.round((end_ns - start_ns) / USUAL_NS));
}

export type Probe = z.infer<typeof probe>;
export type SlicePart = z.infer<typeof part>;
export type Slice = z.infer<typeof slice>;
export type SlicesFile = z.infer<typeof slices>;
export const slicesFormat = new Format<SlicesFile>(SCHEMA, slices, { indent: 0 });

/** The bytes of slices.json.gz. */
export function packSlices(file: SlicesFile): Buffer {
  return gzipSync(slicesFormat.write(file));
}

/** Throws FormatError, or what zlib throws when the bytes are not compressed. */
export function unpackSlices(bytes: Uint8Array): SlicesFile {
  return slicesFormat.read(gunzipSync(bytes).toString());
}

/**
 * stages.json.gz: the stages of a measurement's stamped requests, evenly thinned, a column for each: what a run folder
 * keeps of the rings of stamps, which are a hundred times as large. Any language reads it (zcat stages.json.gz).
 */
import { gunzipSync, gzipSync } from 'node:zlib';
import { z } from 'zod';
import { count, notNegative } from './fields.ts';
import { Format } from './format.ts';

/** In the folder of the stamped measurement, which lies within that of the measurement before it. */
export const STAGES_FILE = 'stages.json.gz';
export const STAMPED_FOLDER = 'stamped';
const SCHEMA = 'bypassbench.stages/1';

/** All stages that there are, in an order that suits requests of every kind. summary/stages/stage.ts describes them. */
export const stageNames = [
  'client_schedule',
  'client_libos_send',
  'client_device_send',
  'request_between',
  'server_device_receive',
  'server_libos_receive',
  'server_application',
  'server_libos_send',
  'server_device_send',
  'server_command',
  'server_and_kernel',
  'both_ways_between',
  'reply_between',
  'client_device_receive',
  'client_libos_receive',
  'rest',
] as const;
export type StageName = (typeof stageNames)[number];

const column = z.array(z.number());

/** How far the server's CLOCK_MONOTONIC was ahead of the load generator's, by round trips; at_ns of the latter. */
const clockAhead = z.strictObject({ at_ns: z.number(), offset_ns: z.number(), bound_ns: notNegative });
export type ClockAhead = z.infer<typeof clockAhead>;

const stages = z
  .strictObject({
    schema: z.literal(SCHEMA),
    /** Whether both sides were stamped, and by one counter. */
    clocks: z.enum(['one', 'two', 'client only']),
    /** Requests whose stages were put together, before thinning, and those that could not be. */
    joined: count,
    incomplete: count,
    inconsistent: count,
    /** What a server that is not stamped says its command took, on average; null where it says nothing. */
    server_command_us: notNegative.nullable(),
    sent_ns: column,
    latency_ns: column,
    /** In the order of the stages. */
    stages_ns: z.partialRecord(z.enum(stageNames), column),
    /**
     * Of two machines, an estimate of how long each request was on the way there, and the clocks before and after that
     * it rests on; null where nobody looked, as in older files.
     */
    one_way: z
      .strictObject({ request_ns: column, before: clockAhead, after: clockAhead })
      .nullable()
      .default(null),
  })
  .refine(
    ({ latency_ns, sent_ns, stages_ns, one_way }) =>
      [sent_ns, ...Object.values(stages_ns), ...(one_way ? [one_way.request_ns] : [])].every(
        (values) => values?.length === latency_ns.length,
      ),
    'its columns are not of one length',
  );
export type StagesFile = z.infer<typeof stages>;
export const stagesFormat = new Format<StagesFile>(SCHEMA, stages, { indent: 0 });

/** The bytes of stages.json.gz. */
export function packStages(file: StagesFile): Buffer {
  return gzipSync(stagesFormat.write(file));
}

/** Throws FormatError, or what zlib throws when the bytes are not compressed. */
export function unpackStages(bytes: Uint8Array): StagesFile {
  return stagesFormat.read(gunzipSync(bytes).toString());
}

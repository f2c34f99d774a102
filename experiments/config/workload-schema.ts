/** The `workload` of an experiment: what the load generator does, and what of it a system may replace. */
import { z } from 'zod';
import {
  arrivalPattern,
  hotspotIn,
  keyDistributions,
  NO_HOTSPOT,
  operationName,
  parseCommand,
  parseKeySizes,
  parseValueSizes,
  protocols,
  RATE_OPS_RANGE,
  requestOperations,
  VALUE_BYTES_MAX,
  WEIGHT_MAX,
} from '../../results/formats/index.ts';

/** Also used in the names of folders, so no separators. */
export const name = z
  .string()
  .regex(
    /^[a-z0-9][a-z0-9-]*$/,
    'must be lower-case letters, digits and dashes, starting with a letter or digit',
  );

export const keys = z.int().min(1).max(1_000_000_000);
export const warmup_s = z.number().min(0).max(3600);
export const duration_s = z.number().min(0.1).max(3600);

const clients = z.int().min(1).max(10_000);
const pipeline = z.int().min(1).max(10_000);
const key_distribution = z.enum(keyDistributions);
const value_bytes = z.int().min(1).max(VALUE_BYTES_MAX);
const rate_ops = z
  .number()
  .min(RATE_OPS_RANGE[0])
  .max(RATE_OPS_RANGE[1])
  .describe('Requests per second, of all connections together.');

const mix = z.record(operationName, z.number().positive().max(WEIGHT_MAX));
const zipf_exponent = z.number().min(0).max(20);
const hotspot = z
  .string()
  .regex(/^(0?\.\d+|1):(0?\.\d+|1)$/, NO_HOTSPOT)
  .refine((value) => hotspotIn(value) !== null, NO_HOTSPOT);
/** A word of a command line has 128 KiB on Linux. */
export const WORD_BYTES_MAX = 100_000;

/** Refuses what `parse` does, with its sentence, and what `bypassbench load` could not be told. */
function parsedBy(
  parse: (text: string) => unknown,
): (value: string | number, context: z.RefinementCtx) => void {
  return (value, context) => {
    const parsed = parse(String(value));
    const why =
      Buffer.byteLength(String(value)) > WORD_BYTES_MAX
        ? `is too long for a command line: at most ${WORD_BYTES_MAX} bytes`
        : typeof parsed === 'string'
          ? parsed.replace(/\.$/, '')
          : null;
    if (why !== null) context.addIssue({ code: 'custom', message: why });
  };
}

const key_bytes = z.union([z.int(), z.string()]).superRefine(parsedBy(parseKeySizes));
const value_sizes = z.string().superRefine(parsedBy(parseValueSizes));
const command = z.string().superRefine(parsedBy(parseCommand));

/** What a variant of the workload may have in the place of what the workload says. */
const variant = z.strictObject({ mix, key_distribution, zipf_exponent, hotspot, value_sizes }).partial();

export const ownWorkload = z
  .strictObject({
    clients,
    pipeline,
    keys,
    key_distribution,
    value_bytes,
    open_loop: z.strictObject({ rate_ops }),
  })
  .partial()
  .default({})
  .describe(
    'What of the workload is another one for this system; its points are marked as of another workload.',
  );

export const arrivals = arrivalPattern
  .default('poisson')
  .describe('As many independent users send, evenly spread, in bursts, or with heavy-tailed gaps.');

const protocol = z.enum(protocols);

export const workload = z.strictObject({
  protocol: z
    .union([protocol, z.array(protocol).min(1)])
    .default('resp')
    .describe(
      'What the load generator exchanges with the systems: requests of Redis (resp); messages over a stream (echo) or ' +
        'datagrams that come back; messages to a sink; datagrams through a relay. Of a list each system has the first ' +
        'that it serves.',
    ),
  operations: z
    .array(operationName)
    .min(1)
    .describe('Measured one after the other on one start of the server; the first one also fills all keys.'),
  mix: mix
    .optional()
    .describe(
      'Weights of the operations of a mix, such as { get: 95, set: 5 }. Without operations it is what is measured.',
    ),
  clients: clients.default(1).describe('Connections of the load generator.'),
  bulk: z
    .strictObject({
      clients: z
        .int()
        .min(0)
        .max(1000)
        .default(1)
        .describe('Further connections, each with one large value at a time; 0: there is no bulk.'),
      value_bytes: value_bytes.default(1024 * 1024).describe('Size of each large value.'),
      operation: z.enum(requestOperations).default('get').describe('Whether they are read or written.'),
    })
    .optional()
    .describe(
      'Large values beside the requests, through the same server and by the same thread of the load generator: what they ' +
        'do to the latencies of the requests, and the bandwidth that they get.',
    ),
  pipeline: pipeline
    .default(1)
    .describe('Requests in flight on each connection: of a closed loop always, of an open loop at most.'),
  open_loop: z
    .strictObject({
      rate_ops,
      // Of a trace there is no pattern.
      arrivals: arrivals.nullable(),
    })
    .optional()
    .describe(
      'Requests are due by a schedule, whatever replies do, and latencies run from when they were due: give it clients and ' +
        'pipeline enough for what waits. Without it each connection sends its next request when it has a reply (closed loop).',
    ),
  trace: z
    .string()
    .min(1)
    .optional()
    .describe(
      "A file that is replayed in the place of a workload: times, operations, keys and sizes (docs/load-generator.md). Its path is from the experiment's folder.",
    ),
  trace_speed: z
    .number()
    .min(1e-6)
    .max(1e6)
    .optional()
    .describe('So many times as fast as the trace was recorded; it may be an axis of the sweep.'),
  keys: keys.describe('Size of the key space; all keys exist before anything is measured.'),
  commands: z
    .record(operationName, command)
    .default({})
    .describe(
      'Operations of your own, such as { hset: "HSET user:{key} f {value} -> integer" }, as `bypassbench load --command` takes them.',
    ),
  key_distribution: key_distribution.default('uniform').describe('How keys are drawn.'),
  zipf_exponent: zipf_exponent
    .default(0.99)
    .describe('Of zipf and latest: the key of rank k is drawn k^s times less often than the first.'),
  hotspot: hotspot
    .default('0.2:0.8')
    .describe('Of hotspot: a share of the keys, and the share of the requests that it gets.'),
  key_bytes: key_bytes
    .optional()
    .describe(
      'Length of each key, or lengths that differ from key to key: uniform:20-40, list:16=3,21=1, gev:LOCATION,SCALE,SHAPE, etc, usr; else 16 bytes.',
    ),
  value_bytes: value_bytes.describe('Size of each value.'),
  value_sizes: value_sizes
    .optional()
    .describe(
      'In the place of value_bytes sizes that differ from key to key: uniform:1-1024, list:64=9,1024=1, pareto:LOCATION,SCALE,SHAPE, etc, usr.',
    ),
  variants: z
    .record(name, variant)
    .optional()
    .describe('Workloads by name, each with what it has in the place of what is said here.'),
  variant: name.optional().describe('The one of them that is measured; it may be an axis of the sweep.'),
  warmup_s: warmup_s.default(1).describe('Seconds of load before each measurement that are not counted.'),
  duration_s: duration_s.describe('Seconds of each measurement.'),
  margin_s: z
    .number()
    .min(1)
    .max(3600)
    .default(30)
    .describe(
      'Seconds that a measurement may take beyond warm-up and duration (to start, to fill the keys) before the ' +
        'load generator counts as hung.',
    ),
});

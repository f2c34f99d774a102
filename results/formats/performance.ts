/** docs/performance/MACHINE.json: what was measured on one machine, when, and of which commit. */
import { z } from 'zod';
import { gitState, machine, timestamp } from './fields.ts';
import { Format } from './format.ts';

const SCHEMA = 'bypassbench.performance/1';

const row = z.strictObject({
  /** "GET p50, kv-kernel" */
  what: z.string(),
  value: z.number(),
  unit: z.string(),
  /** To what the name says, or to the first system of the run; null for the first itself. */
  ratio: z.number().nullable(),
  interval: z.strictObject({ low: z.number(), high: z.number() }).nullable(),
  /** "at most 0.4", and whether it was met; null where there was no goal. */
  goal: z.string().nullable(),
  result: z.string().nullable(),
});

const measurement = z.strictObject({
  title: z.string(),
  measured_at: timestamp,
  git: gitState,
  /** The command that measured it. */
  command: z.string(),
  rows: z.array(row),
});

const performance = z.strictObject({
  schema: z.literal(SCHEMA),
  machine,
  measurements: z.array(measurement),
});

export type PerformanceRow = z.infer<typeof row>;
export type PerformanceMeasurement = z.infer<typeof measurement>;
export type Performance = z.infer<typeof performance>;
export const performanceFormat = new Format<Performance>(SCHEMA, performance);

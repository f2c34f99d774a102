/** all.json: which experiments one call of `bypassbench run all` runs, and what has become of each. */
import { z } from 'zod';
import { count, fileSafeName, gitState, machine, notNegative, timestamp, versions } from './fields.ts';
import { Format } from './format.ts';

export const ALL_FILE = 'all.json';
const SCHEMA = 'bypassbench.all/1';

const experimentRecord = z.strictObject({
  /** Of its folder, too, beside this file. */
  name: fileSafeName,
  title: z.string(),
  /** What it was to take. */
  planned_s: notNegative,
  /**
   * `failed`: it could not be run, or its report could not be made; `left_out`: it is for other machines or other
   * rights than these. What ended has its report, whatever that says.
   */
  status: z.enum(['waiting', 'interrupted', 'failed', 'left_out', 'ended']),
  /** Why it failed or was left out; else null. */
  reason: z.string().nullable(),
  failed_trials: count,
  elapsed_s: notNegative,
});
export type ExperimentRecord = z.infer<typeof experimentRecord>;

const all = z.strictObject({
  schema: z.literal(SCHEMA),
  quick: z.boolean(),
  started_at: timestamp,
  /** Null while it goes on, and where it was interrupted. */
  finished_at: timestamp.nullable(),
  git: gitState,
  machine,
  versions,
  experiments: z.array(experimentRecord).min(1),
});

export type AllRuns = z.infer<typeof all>;
export const allFormat = new Format<AllRuns>(SCHEMA, all);

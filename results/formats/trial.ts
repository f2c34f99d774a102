/** trial.json: how one start of one system, or one trial of a floor, went. */
import { z } from 'zod';
import { count, fileSafeName, notNegative, outcome, positive, timestamp } from './fields.ts';
import { Format } from './format.ts';
import { measurementTarget, pointAt } from './target.ts';

export const TRIAL_FILE = 'trial.json';
const SCHEMA = 'bypassbench.trial/2';

const interference = z.strictObject({
  /** Time that the hypervisor gave to others, by core, in steps of 10 ms. */
  steal_s: z.record(z.string(), notNegative),
  /** Time that a limit of the control group held its processes back; null where there is no such group. */
  throttled_s: notNegative.nullable(),
  /** How often a thread of the server was taken off its core; null for a floor. */
  server_involuntary_switches: count.nullable(),
});

/** How several load generators began, by our clock. */
const generators = z.strictObject({
  /** Those whose part is missing, by their hosts: they were lost, or never ready. */
  missing_hosts: z.array(z.string()),
  /** Between the first and the last beginning, and how far from it the truth may be; null where one is missing. */
  spread_us: notNegative.nullable(),
  bound_us: notNegative.nullable(),
  hosts: z.array(
    z.strictObject({
      host: z.string(),
      /** After the first that began, and how wrong this one's clock may make it; null where it is missing. */
      began_us: notNegative.nullable(),
      bound_us: notNegative.nullable(),
    }),
  ),
});

const trial = z.strictObject({
  schema: z.literal(SCHEMA),
  /** Name of the system, or of the floor. */
  subject: fileSafeName,
  /** The point of the sweep that all its measurements are at; older runs have no sweep. */
  at: pointAt.default({}),
  /** 1 to the plan's number of trials. */
  trial: positive,
  /** Place in the shuffled order of the whole run, from 1. */
  order: positive,
  status: outcome,
  /** Why it failed, in a sentence; null when it did not. */
  reason: z.string().nullable(),
  /**
   * False where it says nothing of its subject: the run was interrupted, or a program was not installed. A run that
   * goes on measures it again.
   */
  is_final: z.boolean().default(true),
  /** Last lines of the log that explains the failure. */
  log_tail: z.array(z.string()).nullable(),
  started_at: timestamp,
  elapsed_s: notNegative,
  /** The command line of the server; for a floor, of the program that measures. */
  server_command: z.array(z.string()),
  measurements: z.array(
    z.strictObject({
      ...measurementTarget.pick({ operation: true, clients: true, value_bytes: true }).shape,
      status: outcome,
      reason: z.string().nullable(),
      /** Folder inside the trial's folder, holding result.json. */
      dir: fileSafeName,
      elapsed_s: notNegative,
      /** What took processor time from it; null where it failed, and in older runs. */
      interference: interference.nullable().default(null),
      /** Null of one load generator, of one that failed before they began, and in older runs. */
      generators: generators.nullable().default(null),
    }),
  ),
});

export type Interference = z.infer<typeof interference>;
export type GeneratorsRecord = z.infer<typeof generators>;
export type Trial = z.infer<typeof trial>;
export const trialFormat = new Format<Trial>(SCHEMA, trial, {
  older: {
    // Version 1 named the subject `system`, though it held floors too.
    'bypassbench.trial/1': ({ system, ...same }) => ({ ...same, subject: system }),
  },
});

/** goals.json: what became of the goals of one call of `bypassbench goals`, and of what the numbers are. */
import { z } from 'zod';
import { count, gitState, machine, timestamp, versions } from './fields.ts';
import { Format } from './format.ts';

export const GOALS_FILE = 'goals.json';
const SCHEMA = 'bypassbench.goals/1';

export const goalResults = ['met', 'missed', 'cannot be tested here'] as const;
export type GoalResult = (typeof goalResults)[number];

const goalRecord = z.strictObject({
  /** Name of the goal file, without its suffix. */
  file: z.string(),
  /** "GET p50, kv-kernel over redis" */
  goal: z.string(),
  result: z.enum(goalResults),
  /** Why it cannot be tested, or by how much it is missed; null when it is met. */
  reason: z.string().nullable(),
  /** Whether a point that it rests on is suspect. */
  is_suspect: z.boolean(),
  at_most: z.number().nullable(),
  at_least: z.number().nullable(),
  /** Unit of the two values: us, ops/s, MiB. */
  unit: z.string(),
  /** Medians over the trials; null where nothing was measured, and `over` where the goal is no ratio. */
  value: z.number().nullable(),
  over_value: z.number().nullable(),
  /** What is held against the bounds: the ratio of the two, or the value itself. */
  measured: z.number().nullable(),
  interval: z.strictObject({ low: z.number(), high: z.number() }).nullable(),
  trials: count,
});
export type GoalRecord = z.infer<typeof goalRecord>;

const goals = z.strictObject({
  schema: z.literal(SCHEMA),
  started_at: timestamp,
  git: gitState,
  machine,
  versions,
  goals: z.array(goalRecord),
});

export type Goals = z.infer<typeof goals>;
export const goalsFormat = new Format<Goals>(SCHEMA, goals);

/** What `sweep:` of an experiment may say; sweep.ts makes points of it. */
import { z } from 'zod';

/** More points, or more values of an axis, are a mistake: such a run would take weeks. */
export const MOST_POINTS = 1000;

const scalar = z.union([z.string(), z.number(), z.boolean()]);
const values = z.array(scalar).min(1).max(MOST_POINTS);

const axisMapping = z.strictObject({
  values: values.optional().describe('Its values, in the place of from and to.'),
  from: z.number().optional().describe('The first of its values.'),
  to: z.number().optional().describe('No value is more than this one.'),
  factor: z.number().optional().describe('Each value over the one before, above 1.'),
  step: z.number().optional().describe('Each value less the one before, above 0.'),
  on: z
    .union([z.string(), z.array(z.string()).min(1)])
    .optional()
    .describe('Of a key of systems: the names of those that have it, where it is not all of them.'),
});
/** The keys of an axis that is a mapping. */
export const axisSpecKeys: readonly string[] = Object.keys(axisMapping.shape);

const axisSpec = z
  .union([values, axisMapping])
  .describe('Values: a list, or { from, to } with a factor or a step.');
export type AxisSpec = z.infer<typeof axisSpec>;

const axes = z.record(z.string(), axisSpec);

export const sweepSchema = z
  .object({
    zip: axes
      .optional()
      .describe('Axes that go on together: their first values make a point, their second ones too.'),
  })
  .catchall(axisSpec)
  .describe(
    'What is varied: keys of the workload (clients, value_bytes, open_loop.rate_ops), or of systems ' +
      '(systems.kv-dpdk.options.mtu, or options.mtu of all). Each system is measured at each point; several axes make a grid.',
  );

/** What is measured: an operation at a point of a sweep. A run without a sweep has one point, `{}`. */
import { z } from 'zod';
import { count, fileSafeName, operationName, positive, timestamp } from './fields.ts';
import { keyDistributions } from './lists.ts';

const axisValue = z.union([z.string(), z.number()]);
export type AxisValue = z.infer<typeof axisValue>;

/** A point of a sweep: the value of each axis by its name. */
export const pointAt = z.record(z.string(), axisValue);
export type PointAt = z.infer<typeof pointAt>;

/** A system or a floor at a point. */
export const place = z.strictObject({ subject: fileSafeName, at: pointAt });
export type RunPlace = z.infer<typeof place>;

/** What was added to a run that had ended, and measured at that time. */
export const addition = z.strictObject({
  /** Number of the first trial of it; its trials are those up to the next addition. */
  first_trial: positive,
  started_at: timestamp,
  /** The system that was measured again with it, so that both times can be compared; null where none was. */
  anchor: fileSafeName.nullable(),
  /** What the run had not had before; nothing where everything was measured once more. */
  places: z.array(place),
});
export type Addition = z.infer<typeof addition>;

/** How the values of an axis lie: by equal steps, by equal factors, or in no order of numbers. */
export const axisScales = ['linear', 'log', 'category'] as const;
export type AxisScale = (typeof axisScales)[number];

/** What a sweep varies. */
export const axis = z.strictObject({
  /** Key of `at`. */
  name: z.string().min(1),
  /** Of the configuration: `workload.clients`, `systems.kv-dpdk.options.mtu`. */
  path: z.string().min(1),
  /** In the order in which they are written. */
  values: z.array(axisValue).min(1),
  /** `bytes`, `s`, `requests/s`; null for a number of things, and for words. */
  unit: z.string().nullable(),
  scale: z.enum(axisScales),
  /** The systems that have it, where it is one of theirs: `at` of the others lacks it. Null for an axis of all. */
  systems: z.array(fileSafeName).min(1).nullable(),
});
export type Axis = z.infer<typeof axis>;

/** Of a whole experiment, what a quick run of it does not measure. */
export const leftOut = z.strictObject({
  systems: z.array(fileSafeName),
  axes: z.array(z.strictObject({ name: z.string().min(1), values: z.array(axisValue).min(1) })),
});
export type LeftOut = z.infer<typeof leftOut>;

/** The values of axes at which a system is measured, where these are not all: no less and no more than these. */
export const within = z.record(
  z.string(),
  z.strictObject({ at_least: z.number(), at_most: z.number() }).partial(),
);
export type Within = z.infer<typeof within>;

/** Whether a system is measured there. A point without the axis is no other than the rest. */
export function isWithin(bounds: Within, at: PointAt): boolean {
  return Object.entries(bounds).every(([name, { at_least = -Infinity, at_most = Infinity }]) => {
    const value = at[name];
    return typeof value !== 'number' || (value >= at_least && value <= at_most);
  });
}

/** What a system may have in the place of what the workload says. */
export const ownWorkload = z
  .strictObject({
    clients: positive,
    pipeline: positive,
    value_bytes: count,
    keys: positive,
    key_distribution: z.enum(keyDistributions),
    /** Requests per second, where the workload is an open loop. */
    rate_ops: z.number().positive(),
  })
  .partial();
export type OwnWorkload = z.infer<typeof ownWorkload>;

/** What is measured for each system in each trial. One point of the summary per system and target. */
export const measurementTarget = z.strictObject({
  operation: operationName,
  /** With the operation, what tells targets apart. */
  at: pointAt,
  clients: positive,
  value_bytes: count,
  /** Requests in flight on each connection. */
  pipeline: positive,
  /** Requests per second of an open loop, of all connections together; null in a closed one. */
  rate_ops: z.number().positive().nullable(),
  /** Bulk streams beside it (docs/load-generator.md); absent where there are none. */
  bulk_clients: positive.optional(),
});
export type MeasurementTarget = z.infer<typeof measurementTarget>;

/** `clients=4 mtu=1500`, the same for the same point; empty without a sweep. */
export function pointName(at: PointAt): string {
  return Object.entries(at)
    .map(([name, value]) => `${name}=${value}`)
    .sort()
    .join(' ');
}

/** Whether they are one point, in whatever order their axes stand. */
export function sameAt(a: PointAt, b: PointAt): boolean {
  return Object.keys(a).length === Object.keys(b).length && isPartOf(a, b);
}

/** Whether each axis of the first point has the same value in the second. */
export function isPartOf(part: PointAt, whole: PointAt): boolean {
  return Object.entries(part).every(([name, value]) => whole[name] === value);
}

/**
 * What requests cost beside their time: processor time, switches, what the machine's counters say, energy. In
 * result.json it is of the measured window, in summary.json of a million right replies.
 */
import { z } from 'zod';
import { notNegative, positive } from './fields.ts';

/** What the threads of one side used, its child processes included. */
const side = z.strictObject({
  /** Core-seconds in its own code, and in the kernel's on its behalf. */
  user_s: notNegative,
  system_s: notNegative,
  /** Core-seconds in which a polling loop looked and found nothing; null where it does not say. */
  vain_s: notNegative.nullable(),
  /** It gave its core up to wait, or it lost its core. */
  voluntary_switches: notNegative,
  involuntary_switches: notNegative,
  /** Null where the machine has no counters, or does not let us have them. */
  cycles: notNegative.nullable(),
  instructions: notNegative.nullable(),
  cache_misses: notNegative.nullable(),
});

export const cost = z.strictObject({
  /** Right replies that it was counted over. */
  replies: positive,
  /** Null where its process is not known, such as on another machine. */
  server: side.nullable(),
  client: side.nullable(),
  /** Of the processor as a whole, whoever used it; null where the machine does not count it. */
  joules: notNegative.nullable(),
  /** Why a value is null, and the remedy: a sentence each. */
  unknown: z.array(z.string()),
});

export type Cost = z.infer<typeof cost>;
export type CostOfSide = z.infer<typeof side>;

/** What `bypassbench tune` says of a machine, in the form in which one machine tells another one. */
import { z } from 'zod';

export const settingNames = [
  'governor',
  'turbo',
  'c-states',
  'isolated-cores',
  'interrupts',
  'irqbalance',
  'hugepages',
  'thp',
  'numa-balancing',
  'coalescing',
] as const;
export type SettingName = (typeof settingNames)[number];

const values = z.record(z.string(), z.string());

/** One thing that can be set, with the value that it has. */
export const change = z.discriminatedUnion('kind', [
  /** A file of the kernel, by its path without the first slash. */
  z.strictObject({ kind: z.literal('file'), file: z.string(), was: z.string(), value: z.string() }),
  /** ethtool -C */
  z.strictObject({ kind: z.literal('coalescing'), interface: z.string(), was: values, value: values }),
]);
export type TuneChange = z.infer<typeof change>;

export const setting = z.strictObject({
  name: z.enum(settingNames),
  /** Null where it is not there, or nobody says what it is for. */
  now: z.string().nullable(),
  wanted: z.string().nullable(),
  /**
   * Whether it is as it is wanted, can be set now (by `changes`), by hand alone, at the next boot alone (by words on
   * the kernel's command line); or is none of these, and `note` says why.
   */
  state: z.enum(['as_wanted', 'differs', 'by_hand', 'at_boot', 'not_here']),
  why: z.string(),
  /** A command for root's shell; of one at the next boot the words. Null where there is nothing to do. */
  by_hand: z.string().nullable(),
  note: z.string().nullable(),
  changes: z.array(change),
});
export type TunedSetting = z.infer<typeof setting>;

/** What became of the changes of a setting. */
export const outcome = z.strictObject({
  name: z.enum(settingNames),
  /** So many were made, and read back as they are to be. */
  done: z.int().min(0),
  /** A clause for each other one. */
  failed: z.array(z.string()),
});
export type TuneOutcome = z.infer<typeof outcome>;

export const tuned = z.strictObject({
  settings: z.array(setting),
  /** Of --apply, or --restore; null without. */
  outcomes: z.array(outcome).nullable(),
  /** When what is set now was set by --apply; null where nothing is. */
  applied_at: z.string().nullable(),
});
export type Tuned = z.infer<typeof tuned>;

/** What a machine is to be tuned for. */
export interface Wishes {
  /** Of servers and load generators; empty: nobody says. */
  cores: readonly number[];
  /** Names of interfaces, or their addresses. */
  interfaces: readonly string[];
  hugepages: { size: '2M' | '1G'; count: number } | null;
  /** Null: all. */
  only: readonly SettingName[] | null;
}

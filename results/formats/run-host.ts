/** What the machines of a run were, before its first trial and behind its last one. */
import { z } from 'zod';
import { count, machine, notNegative, timestamp } from './fields.ts';

/** As ethtool(8) names and tells them: `rx-usecs` is `8`, `generic-receive-offload` is `on`. */
const settings = z.record(z.string(), z.string());

/** A network interface, or a NIC that the kernel has none of. What is null `unknown` gives a reason for. */
export const nic = z.strictObject({
  /** As ip(8) names it; the PCI address of a NIC that has no interface. */
  name: z.string().min(1),
  driver: z.string().nullable(),
  driver_version: z.string().nullable(),
  firmware: z.string().nullable(),
  /** PCI address, or what the driver calls its place. */
  bus: z.string().nullable(),
  mtu_bytes: count.nullable(),
  speed_mbit_per_s: count.nullable(),
  /** Channels in use, by kind: rx, tx, combined, other. */
  queues: settings.nullable(),
  /** Descriptors of each ring in use. */
  rings: settings.nullable(),
  /** Of interrupts. */
  coalescing: settings.nullable(),
  offloads: settings.nullable(),
  /** Cores that each of its interrupts goes to, by number of the interrupt, as `0-3`. */
  irq_cores: settings.nullable(),
  /** By the name of the field: why it is null. */
  unknown: z.record(z.string(), z.string()),
});

/** A machine at one time. */
const hostState = z.strictObject({
  at: timestamp,
  machine,
  /** Of node, this package, its libraries, and what the backends there stand on; by name. */
  versions: z.record(z.string(), z.string()).default({}),
  /** Those that systems of the run go over. */
  nics: z.array(nic),
  clock: z.strictObject({
    /** What the kernel reads time from: tsc, kvm-clock; null where it does not say. */
    source: z.string().nullable(),
    /** Its time of day minus that of the machine which ran it all, and how far off that may be; null of that one. */
    offset_us: z.number().nullable(),
    bound_us: notNegative.nullable(),
  }),
});

export const runHost = z.strictObject({
  /** As systems are placed on it. */
  name: z.string().min(1),
  before: hostState,
  /** Null while the run is going on, and where `after_unknown` says why. */
  after: hostState.nullable(),
  /** A clause. */
  after_unknown: z.string().nullable(),
});

/** Where a system runs of which nobody says it. */
export const THIS_MACHINE = 'this machine';

export type NicFacts = z.infer<typeof nic>;
export type HostState = z.infer<typeof hostState>;
export type RunHost = z.infer<typeof runHost>;

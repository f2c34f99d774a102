/**
 * Published latencies that measured ones are set beside: reference/NAME.json, keyed by the role of the system (and, of
 * a bypass, by its backend) and the operation. They belong to an unloaded server, so they stand beside points of so
 * many clients and no others.
 */
import { ResultsError } from '../errors.ts';
import type { MeasurementTarget, SystemUnderTest } from '../formats/index.ts';
import hotos19 from './reference/hotos19.json' with { type: 'json' };

/** In microseconds. */
type Latencies = Partial<Record<MeasurementTarget['operation'], number>>;

export interface Reference {
  /** Where and on what the values were measured, in a few words. */
  name: string;
  source: string;
  clients: number;
  latency_us: {
    unmodified?: Latencies;
    libos_over_kernel?: Latencies;
    bypass?: Record<string, Latencies>;
  };
  /** The parts of the split as the publication's text rounds them, between 0 and 1. */
  rounded_shares?: { interface: number; data_path: number; kernel: number };
}

const references: Record<string, Reference> = { hotos19 };

/** What `reference:` of an experiment can name. */
export const referenceNames: readonly string[] = Object.keys(references);

/** Throws ResultsError where no file has that name. */
export function findReference(name: string): Reference {
  if (Object.hasOwn(references, name)) return references[name];
  throw new ResultsError(
    'REFERENCE_UNKNOWN',
    `plan.reference in manifest.json: no published values are named '${name}', there are ${referenceNames.join(', ')}; ` +
      'report without them (--no-reference)',
  );
}

/** The published latency in microseconds, or null where none was published. */
export function publishedUs(
  { clients, latency_us }: Reference,
  { role, backend }: Pick<SystemUnderTest, 'role' | 'backend'>,
  target: MeasurementTarget,
): number | null {
  if (role === null || target.clients !== clients) return null;
  if (role !== 'bypass') return latency_us[role]?.[target.operation] ?? null;
  const byBackend = latency_us.bypass ?? {};
  return Object.hasOwn(byBackend, backend) ? (byBackend[backend][target.operation] ?? null) : null;
}

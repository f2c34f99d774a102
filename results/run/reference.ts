/**
 * Published latencies that measured ones are set beside: reference/NAME.json, keyed by the role of the system (and, of
 * a bypass, by its backend) and the operation. They belong to an unloaded server, so they stand beside points of the
 * same workload and no others.
 */
import { ResultsError } from '../errors.ts';
import type { MeasurementTarget, SystemUnderTest } from '../formats/index.ts';
import hotos19 from './reference/hotos19.json' with { type: 'json' };

/** In microseconds. */
type Latencies = Partial<Record<MeasurementTarget['operation'], number>>;

/** What decides whether a value was measured as another was, but for the operation. */
export interface ReferenceWorkload {
  clients: number;
  value_bytes: number;
  /** Requests in flight on each connection. */
  pipeline: number;
  /** Requests per second of an open loop; null for a closed one. */
  rate_ops: number | null;
}

export interface Reference {
  /** Where and on what the values were measured, in a few words. */
  name: string;
  source: string;
  /** As the publication measured; what it does not say is what this project takes it to be. */
  workload: ReferenceWorkload;
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

/** The published latency in microseconds, or null where none was published of such a point. */
export function publishedUs(
  { workload, latency_us }: Reference,
  { role, backend }: Pick<SystemUnderTest, 'role' | 'backend'>,
  point: ReferenceWorkload & Pick<MeasurementTarget, 'operation'>,
): number | null {
  if (role === null || !measuredAlike(workload, point)) return null;
  if (role !== 'bypass') return latency_us[role]?.[point.operation] ?? null;
  const byBackend = latency_us.bypass ?? {};
  return Object.hasOwn(byBackend, backend) ? (byBackend[backend][point.operation] ?? null) : null;
}

function measuredAlike(a: ReferenceWorkload, b: ReferenceWorkload): boolean {
  return (
    a.clients === b.clients &&
    a.value_bytes === b.value_bytes &&
    a.pipeline === b.pipeline &&
    a.rate_ops === b.rate_ops
  );
}

/** What each of several generators does of one load. */
import type { WorkloadConfig } from './schema.ts';

export interface GeneratorShare {
  connections: number;
  bulk_connections: number;
  /** Of an open loop; else null. */
  rate_ops: number | null;
}

/**
 * Divided as the threads of one generator divide a load: connections as evenly as may be, of which the first generators
 * have one more where it must be; of an open loop's schedule each has every n-th request, and so the same rate.
 */
export function sharesOf(
  { clients, bulk, open_loop }: Pick<WorkloadConfig, 'clients' | 'bulk' | 'open_loop'>,
  generators: number,
): GeneratorShare[] {
  return Array.from({ length: generators }, (_, index) => ({
    connections: shareOf(clients, index, generators),
    bulk_connections: shareOf(bulk?.clients ?? 0, index, generators),
    rate_ops: open_loop ? open_loop.rate_ops / generators : null,
  }));
}

function shareOf(count: number, index: number, parts: number): number {
  return Math.floor(count / parts) + (index < count % parts ? 1 : 0);
}

/**
 * Published latencies that measured ones are set beside. They come from reference/*.json, keyed by the name
 * of the system and the operation, and belong to an unloaded server: they stand beside points of one client.
 */
import type { Point } from '../formats/index.ts';
import hotos19 from './reference/hotos19.json' with { type: 'json' };

/** Where and on what the values were measured, in a few words. */
export const referenceName = hotos19.name;
export const referenceSource = hotos19.source;

const published_us: Record<string, Partial<Record<Point['operation'], number>>> = hotos19.latency_us;

/** The published latency in microseconds, or null where none was published. */
export function referenceUs(point: Pick<Point, 'system' | 'operation' | 'clients'>): number | null {
  if (point.clients !== hotos19.clients || !Object.hasOwn(published_us, point.system)) return null;
  return published_us[point.system]?.[point.operation] ?? null;
}

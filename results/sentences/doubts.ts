/** What a summary holds that is not valid, gathered so that equal reasons are told once. */
import type { Measured, MeasurementTarget } from '../formats/index.ts';
import { formatCount } from '../text/format.ts';

/** A point, or a floor, under the name that it is shown by. */
type Named = Measured & { system: string; label: string };

export interface Doubt {
  system: string;
  label: string;
  /** "SET and GET"; with the number of clients and the value size where these differ between points. */
  targets: string;
  verdict: Measured['verdict'];
  reasons: string[];
}

/** One doubt for each system, verdict and set of reasons, in the order of the points. */
export function doubts(points: Named[]): Doubt[] {
  const groups = Map.groupBy(
    points.filter((point) => point.verdict !== 'valid'),
    (point) => JSON.stringify([point.system, point.verdict, point.reasons]),
  );
  return [...groups.values()].map((alike) => {
    const { system, label, verdict, reasons } = alike[0];
    const targets = alike.map((point) => nameTarget(point, points)).join(' and ');
    return { system, label, targets, verdict, reasons };
  });
}

/** "GET", or "GET with 8 clients", "GET of 64 bytes" where `among` holds others. */
export function nameTarget(point: MeasurementTarget, among: MeasurementTarget[]): string {
  const operation = point.operation.toUpperCase();
  const clients = among.some((other) => other.clients !== point.clients)
    ? ` with ${formatCount(point.clients)} ${point.clients === 1 ? 'client' : 'clients'}`
    : '';
  const bytes = among.some((other) => other.value_bytes !== point.value_bytes)
    ? ` of ${formatCount(point.value_bytes)} bytes`
    : '';
  return operation + clients + bytes;
}

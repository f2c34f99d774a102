/** Several load generators of one server: how close together they began. */
import type { GeneratorsRecord } from '../formats/index.ts';

/** "2 load generators began within 0.250 ms ± 0.150 ms", "without client1, whose part is missing" */
export function beganInWords({ hosts, spread_us, bound_us, missing_hosts }: GeneratorsRecord): string {
  if (spread_us === null || bound_us === null) {
    return `without ${missing_hosts.join(', ')}, whose part is missing`;
  }
  const ms = (us: number): string => (us / 1000).toFixed(3);
  return `${hosts.length} load generators began within ${ms(spread_us)} ms ± ${ms(bound_us)} ms`;
}

/** What a quick run does not measure of the whole experiment, in words. */
import type { AxisValue, LeftOut } from '../formats/index.ts';
import { formatNumber } from '../text/format.ts';
import { listed } from './doubts.ts';

/** "kv-sockets and kv-rdma; clients 2, 4 and 16": systems by their names. */
export function leftOutInWords({ systems, axes }: LeftOut): string {
  const inWords = (value: AxisValue): string => (typeof value === 'number' ? formatNumber(value) : value);
  return [
    ...(systems.length > 0 ? [listed(systems)] : []),
    ...axes.map(({ name, values }) => `${name} ${listed(values.map(inWords))}`),
  ].join('; ');
}

/** What was asked of the systems, in words: the values of axes, and the workloads that systems have of their own. */
import {
  type ArrivalPattern,
  type Axis,
  type AxisValue,
  arrivalsText,
  isMessageProtocol,
  type Manifest,
  type MeasurementTarget,
  type SystemUnderTest,
  type WorkloadProtocol,
} from '../formats/index.ts';
import { formatNumber } from '../text/format.ts';

/** More values than these are said by the first and the last. */
const MOST_VALUES = 4;

/** Axes whose values the workload of each point has in a field of its own. */
export const fieldAxes: readonly string[] = ['clients', 'value_bytes', 'pipeline', 'rate_ops'];

/** "1 client", "1 / 4 / 16 clients", "1 to 64 clients". */
export function clientsInWords(targets: readonly MeasurementTarget[]): string {
  const clients = valuesInWords(targets.map((target) => target.clients));
  return `${clients} ${clients === '1' ? 'client' : 'clients'}`;
}

/** "64-byte values", "64 / 1,024-byte messages". */
export function sizesInWords(targets: readonly MeasurementTarget[], protocol: WorkloadProtocol): string {
  return `${valuesInWords(targets.map(({ value_bytes }) => value_bytes))}-byte ${payload(protocol)}`;
}

/** What has a size. */
export function payload(protocol: WorkloadProtocol): string {
  return isMessageProtocol(protocol) ? 'messages' : 'values';
}

/** "pipeline 1 / 16" */
export function pipelinesInWords(targets: readonly MeasurementTarget[]): string {
  return `pipeline ${valuesInWords(targets.map(({ pipeline }) => pipeline))}`;
}

/** "5,000 requests per second"; null of a closed loop. */
export function ratesInWords(targets: readonly MeasurementTarget[]): string | null {
  const rates = targets.flatMap(({ rate_ops }) => rate_ops ?? []);
  return rates.length === 0 ? null : `${valuesInWords(rates)} requests per second`;
}

type Schedule = Pick<Manifest['plan'], 'open_loop' | 'trace'>;

/** "poisson", "trace etc.trace", "trace etc.trace, 2 times as fast": null in a closed loop. */
export function arrivalsOf(
  { open_loop, trace }: Schedule,
  words: (pattern: ArrivalPattern) => string = arrivalsText,
): string | null {
  if (open_loop === null) return null;
  if (open_loop.arrivals !== null) return words(open_loop.arrivals);
  if (trace === null) return 'a trace';
  return `trace ${trace.file}${trace.speed === 1 ? '' : `, ${formatNumber(trace.speed)} times as fast`}`;
}

/** Of what else a sweep varies: "keys 1,000 / 100,000", "mtu 1,500 / 9,000 (kv-dpdk)". */
export function otherAxes(axes: readonly Axis[]): string[] {
  return axes
    .filter(({ name }) => !fieldAxes.includes(name))
    .map(({ name, values, systems }) => {
      const whose = systems === null ? '' : ` (${systems.join(', ')})`;
      return `${axisWords(name)} ${valuesInWords(values)}${whose}`;
    });
}

/** "kv-kernel had pipeline 16": of each system that has some of the workload in its own way. */
export function ownWorkloads(systems: readonly SystemUnderTest[]): string[] {
  return systems.flatMap(({ name, workload }) => {
    const own = Object.entries(workload).map(([key, value]) => `${key} ${valuesInWords([value])}`);
    return own.length === 0 ? [] : [`${name} had ${own.join(' and ')}`];
  });
}

/** The weights of a mix: "get 95, set 5"; null where there is none. */
export function mixInWords({ mix }: Pick<Manifest['plan'], 'mix'>): string | null {
  return (
    mix &&
    Object.entries(mix)
      .map(([operation, weight]) => `${operation} ${weight}`)
      .join(', ')
  );
}

/** Each value once, in the order given; of many numbers the least and the most. */
export function valuesInWords(values: readonly AxisValue[]): string {
  const distinct = [...new Set(values)];
  const numbers = distinct.filter((value) => typeof value === 'number');
  const inWords = (value: AxisValue): string => (typeof value === 'number' ? formatNumber(value) : value);
  return numbers.length === distinct.length && distinct.length > MOST_VALUES
    ? `${inWords(Math.min(...numbers))} to ${inWords(Math.max(...numbers))}`
    : distinct.map(inWords).join(' / ');
}

/** What an axis is called, where its key is no word for a reader. */
const titles: Record<string, string> = {
  value_bytes: 'value size (bytes)',
  pipeline: 'requests in flight per connection',
  bulk_clients: 'bulk streams',
  bulk_value_bytes: 'size of bulk values (bytes)',
  rate_ops: 'offered rate (requests/s)',
  trace_speed: 'speed of the trace (times that recorded)',
};

/** The same in a sentence, before a value: "offered rate 20,000", "pipeline 16". */
export function axisWords(name: string): string {
  const title = name !== 'pipeline' && Object.hasOwn(titles, name) ? titles[name] : name.replaceAll('_', ' ');
  return title.replace(/ \(.*\)$/, '');
}

export function axisTitle({ name, unit }: Axis, { plan }: Pick<Manifest, 'plan'>): string {
  if (name === 'value_bytes' && isMessageProtocol(plan.protocol)) return 'message size (bytes)';
  if (Object.hasOwn(titles, name)) return titles[name];
  const words = name.replaceAll('_', ' ');
  return unit === null ? words : `${words} (${unit})`;
}

/** The columns of the tables that are exported: names, kinds and units, the same in every format. */

import type { Axis } from '../formats/index.ts';

export type Cell = string | number | boolean | null;
/** By the names of columns. */
export type ExportRow = Record<string, Cell>;

export interface ExportColumn {
  /** ASCII, lower case, no spaces. */
  name: string;
  kind: 'text' | 'number' | 'count' | 'flag';
  /** Empty for what has none, and for `value`, `low` and `high`, whose rows each say their own. */
  unit: string;
  about: string;
}

const text = (name: string, about: string): ExportColumn => ({ name, kind: 'text', unit: '', about });
const number = (name: string, unit: string, about: string): ExportColumn => ({
  name,
  kind: 'number',
  unit,
  about,
});
const count = (name: string, unit: string, about: string): ExportColumn => ({
  name,
  kind: 'count',
  unit,
  about,
});
const flag = (name: string, about: string): ExportColumn => ({ name, kind: 'flag', unit: '', about });

/** What is measured, of which system, under which workload. */
const subject: ExportColumn[] = [
  text('level', '`point`: over all trials; `trial`: of one'),
  text('run', "name of the run's folder"),
  text('experiment', 'name of the experiment'),
  flag('quick', 'whether the run was a quick one'),
  flag('finished', 'whether the run has finished'),
  text('measured_at', 'when the first trial of the point began, or the trial; ISO 8601'),
  text('kind', '`system`, `repeat` (a system measured a second time, for the noise) or `floor`'),
  text('system', 'name of the system or floor'),
  text('label', 'its label in figures'),
  text('group', 'family of systems that it is compared within'),
  text('role', '`unmodified`, `libos_over_epoll`, `libos_over_kernel` or `bypass`, where it has one'),
  text('backend', "the server's way to the network"),
  text('device', 'what carries the bytes'),
  text('provenance', '`real_device`, `software_device` or `shared_memory`'),
];

const workload: ExportColumn[] = [
  text('operation', '`get`, `set`, `mix`, or of messages `echo`, `send`, `relay`'),
  count('clients', '', 'connections'),
  count('value_bytes', 'bytes', 'size of a value'),
  count('pipeline', '', 'requests in flight on a connection'),
  text('loop', '`closed` or `open`'),
  number('offered_ops', '1/s', 'rate of an open loop'),
  text(
    'arrivals',
    '`poisson`, `constant`, or bursts or heavy tails with their parameters, of an open loop; or the trace that was replayed',
  ),
  text('mix', 'weights of the operations of a mix, as `get:9 set:1`'),
  count('keys', '', 'keys in the store; empty where a trace names them'),
  text('key_distribution', 'how keys are drawn: `uniform`, `zipf`, `single` ...'),
  text('key_bytes', 'length of a key, or the words for lengths that differ'),
  count('bulk_streams', '', 'connections that carry large values beside the requests; empty where none do'),
  count('bulk_value_bytes', 'bytes', 'size of such a value'),
  text('bulk_operation', 'whether these are read or written: `get` or `set`'),
  text('idle', 'what the client does while nothing comes: `poll` or `sleep`'),
  text('client_backend', "the client's way to the network"),
  number('warmup_s', 's', 'time before the measured window'),
  text('own_workload', 'what of the workload the system has in its own way, such as `pipeline`'),
  number('duration_s', 's', 'length of a window; empty where it was so many requests'),
];

const found: ExportColumn[] = [
  count('trial', '', 'number of the trial; empty for a point'),
  count('order', '', 'its place in the order in which trials ran'),
  text('status', 'of a trial: `ok`, `failed` or `absent`'),
  text('statistic', 'see below; empty for a trial without a value'),
  number('value', '', 'the value, in `unit`'),
  text('unit', '`us`, `ops/s`, `Gbit/s`, `1`; of a million right replies `core-s/M`, `1/M`, `J/M`'),
  number('low', '', 'lower end of the interval over trials'),
  number('high', '', 'upper end'),
  number('confidence', '1', 'what the interval covers, between 0 and 1'),
  text('verdict', '`valid`, `suspect` or `invalid`'),
  count('samples', '', 'latencies behind it'),
  count('trials', '', 'trials behind it'),
  count('trials_planned', '', 'trials that were planned'),
  count('misses', '', 'replies that missed a key, over all trials'),
  count('errors', '', 'replies that were an error'),
  count('wrong', '', 'replies that were a wrong value'),
  count('stale', '', 'replies that were a value which had been overwritten before it was asked for'),
  count('torn', '', 'replies that were a value of several writes'),
  text('distance', 'state of distance that it was measured in; `mixture` where all count'),
  number('distance_low_ns', 'ns', 'shortest way of a cache line there and back in that state'),
  number('distance_high_ns', 'ns', 'longest'),
  number('distance_share', '1', 'share of the slices of time that were in that state'),
  text('reasons', 'why it is not valid, or why the trial failed; not in CSV'),
];

/** Those that a table has whatever its runs varied. */
export const columns: ExportColumn[] = [...subject, ...workload, ...found];

/** With one for each axis of the runs' sweeps, in front of the workload. */
export function columnsOf(axes: Axis[]): ExportColumn[] {
  const byName = Map.groupBy(axes, axisColumn);
  const ofAxes = [...byName].map(([name, same]): ExportColumn => {
    const [{ unit, path }] = same as [Axis, ...Axis[]];
    const isNumber = same.every(({ values }) => values.every((value) => typeof value === 'number'));
    const about = `value of the axis ${path}`;
    return isNumber ? number(name, unit ?? '', about) : text(name, about);
  });
  return [...subject, ...ofAxes, ...workload, ...found];
}

/** `at_clients`, `at_mtu` */
export function axisColumn({ name }: Pick<Axis, 'name'>): string {
  return `at_${name.toLowerCase().replace(/[^a-z0-9]+/g, '_')}`;
}

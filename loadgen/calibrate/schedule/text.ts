/** What a measurement of schedules found, as a short text for a person. */
import { table, us } from '../table.ts';
import { CONNECTIONS, type KeptSchedule, type ScheduleReport } from './schedule.ts';

export function describeSchedules(backend: string, report: ScheduleReport): string {
  const { idle, closedOps, openOps, schedules } = report;
  const perSecond = (ops: number) => `${Math.round(ops)} requests/s`;
  return [
    `full speed over ${backend}, ${CONNECTIONS} connections: closed loop ${perSecond(closedOps)}, ` +
      `open loop ${perSecond(openOps)}`,
    '',
    'lateness at half the speed of the open loop, in us:',
    ...table(
      ['arrivals', 'requests/s', 'sending', 'mean', 'p50', 'p99', 'p99.9', 'max'],
      schedules.flatMap(rowsOf),
    ),
    '(sending: what a request takes of the loop, with the reading of its reply; M/D/1: the lateness of a queue with it)',
    ...schedules.map(
      ({ kind, requests, leftOut, gaps, gapsNs }) =>
        `${kind}: left out ${leftOut} of ${requests + leftOut} requests, which came due in or behind ${gaps} gaps, in all ` +
        `${(gapsNs / 1e6).toFixed(1)} ms, that the host took`,
    ),
    `(of a loop that only reads the clock it took ${(100 * idle.share).toFixed(2)} % of the time, in ` +
      `${Math.round(idle.perS)} gaps a second)`,
  ].join('\n');
}

function rowsOf({ kind, rateOps, sendingNs, expected, ...seen }: KeptSchedule): string[][] {
  const { meanNs, p50Ns, p99Ns, p999Ns, maxNs } = seen;
  const times = [meanNs, p50Ns, p99Ns, p999Ns, maxNs].map((ns) => us(ns / 1000));
  const rows = [[kind, `${Math.round(rateOps)}`, us(sendingNs / 1000), ...times]];
  if (expected === null) return rows;
  const { meanNs: mean, p99Ns: p99 } = expected;
  rows.push(['M/D/1', '', '', us(mean / 1000), '', us(p99 / 1000), '', '']);
  rows.push(['times M/D/1', '', '', us(meanNs / mean), '', us(p99Ns / p99), '', '']);
  return rows;
}

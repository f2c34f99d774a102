/**
 * What is printed and written of a load in memtier_benchmark's words: the table, the JSON file, the histograms.
 * Latencies are in ms. Keys that mean the same have the same name; what is not measured here has none.
 */
import type { Distribution } from '../measurement/distribution.ts';

export interface OperationReport {
  /** In the table and the JSON: Sets, Gets, Totals. */
  name: string;
  requests: number;
  hits: number;
  misses: number;
  latencies: Distribution;
}

export interface MemtierReport {
  threads: number;
  connectionsPerThread: number;
  /** Null for a run of so many seconds. */
  requestsPerClient: number | null;
  testTimeS: number | null;
  elapsedS: number;
  percentiles: readonly number[];
  /** The last are the totals. */
  operations: readonly OperationReport[];
}

const NAME_WIDTH = 8;
const NUMBER_WIDTH = 13;

export function tableOf({ operations, percentiles, elapsedS }: MemtierReport): string {
  const heads = [
    'Ops/sec',
    'Hits/sec',
    'Misses/sec',
    'Avg. Latency',
    ...percentiles.map((percentile) => `p${percentile} Latency`),
  ];
  const width = (head: string): number => Math.max(NUMBER_WIDTH, head.length + 2);
  const row = (name: string, cells: readonly string[]): string =>
    name.padEnd(NAME_WIDTH) + cells.map((cell, i) => cell.padStart(width(heads[i]))).join('');
  const line = '-'.repeat(row('', heads).length);
  return [
    'ALL STATS',
    '='.repeat(line.length),
    row('Type', heads),
    line,
    ...operations.map((operation) => {
      const { requests, latencies } = operation;
      const [hits, misses] = isRead(operation)
        ? [operation.hits, operation.misses].map((count) => (count / elapsedS).toFixed(2))
        : ['---', '---'];
      const times =
        requests === 0
          ? heads.slice(3).map(() => '---')
          : [ms(latencies.mean, 5), ...percentiles.map((percentile) => ms(latencies.at(percentile), 5))];
      return row(operation.name, [(requests / elapsedS).toFixed(2), hits, misses, ...times]);
    }),
  ].join('\n');
}

export function runInWords(run: MemtierReport): string {
  const { threads, connectionsPerThread, requestsPerClient, testTimeS } = run;
  const length = requestsPerClient ?? testTimeS ?? 0;
  return [
    `${String(threads).padEnd(9)} Threads`,
    `${String(connectionsPerThread).padEnd(9)} Connections per thread`,
    `${String(length).padEnd(9)} ${requestsPerClient === null ? 'Seconds' : 'Requests per client'}`,
  ].join('\n');
}

/** The content of --json-out-file. */
export function jsonOf(run: MemtierReport, configuration: Record<string, string | number>): string {
  const { threads, connectionsPerThread, requestsPerClient, testTimeS, operations } = run;
  const document = {
    configuration,
    'run information': {
      Threads: threads,
      'Connections per thread': connectionsPerThread,
      ...(requestsPerClient === null ? { Seconds: testTimeS } : { 'Requests per client': requestsPerClient }),
      'Format version': 2,
    },
    'ALL STATS': {
      Runtime: { 'Total duration': round(run.elapsedS * 1000, 3), 'Time unit': 'MILLISECONDS' },
      ...Object.fromEntries(operations.map((operation) => [operation.name, statsOf(operation, run)])),
    },
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}

function statsOf(operation: OperationReport, { elapsedS, percentiles }: MemtierReport): object {
  const { requests, latencies } = operation;
  const [hits, misses] = isRead(operation) ? [operation.hits, operation.misses] : [0, 0];
  const timed = (ns: number): number => (requests === 0 ? 0 : round(ns / 1e6, 3));
  return {
    Count: requests,
    'Ops/sec': round(requests / elapsedS, 2),
    'Hits/sec': round(hits / elapsedS, 2),
    'Misses/sec': round(misses / elapsedS, 2),
    Latency: timed(latencies.mean),
    'Average Latency': timed(latencies.mean),
    'Min Latency': timed(latencies.min),
    'Max Latency': timed(latencies.max),
    'Percentile Latencies': Object.fromEntries(
      percentiles.map((percentile) => [`p${percentile.toFixed(3)}`, timed(latencies.at(percentile))]),
    ),
  };
}

/** SETs neither hit nor miss. */
function isRead({ name }: OperationReport): boolean {
  return name !== 'Sets';
}

function ms(ns: number, digits: number): string {
  return (ns / 1e6).toFixed(digits);
}

function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}

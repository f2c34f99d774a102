/** What is printed of a test, in redis-benchmark's words: CSV, one line, or a summary with the distribution. */
import type { Distribution } from '../measurement/distribution.ts';

export const CSV_HEADER = csvLine([
  'test',
  'rps',
  'avg_latency_ms',
  'min_latency_ms',
  'p50_latency_ms',
  'p95_latency_ms',
  'p99_latency_ms',
  'max_latency_ms',
]);

export interface TestReport {
  title: string;
  requests: number;
  elapsedS: number;
  clients: number;
  /** Of the value; of a command of one's own, of the whole request. */
  payloadBytes: number;
  threads: number;
  keepsAlive: boolean;
  latencies: Distribution;
}

/** Up to here a line of the cumulative distribution every 0.1 ms, then one every ms. */
const FINE_NS = 2e6;
const FINE_STEP_NS = 1e5;
const COARSE_STEP_NS = 1e6;

export function csvReport(report: TestReport): string {
  const { title } = report;
  const [rps, ...latencies] = [requestsPerSecond(report).toFixed(2), ...quantilesMs(report)];
  return csvLine([title, rps, ...latencies]);
}

export function quietReport(report: TestReport): string {
  const p50 = ms(report.latencies.at(50));
  return `${report.title}: ${requestsPerSecond(report).toFixed(2)} requests per second, p50=${p50} msec`;
}

export function longReport(report: TestReport): string {
  const { title, requests, elapsedS, clients, payloadBytes, threads, keepsAlive } = report;
  return [
    `====== ${title} ======`,
    `  ${requests} requests completed in ${elapsedS.toFixed(2)} seconds`,
    `  ${clients} parallel clients`,
    `  ${payloadBytes} bytes payload`,
    `  keep alive: ${keepsAlive ? 1 : 0}`,
    `  multi-thread: ${threads > 0 ? 'yes' : 'no'}`,
    ...(threads > 0 ? [`  threads: ${threads}`] : []),
    '',
    'Latency by percentile distribution:',
    ...percentileLines(report.latencies),
    '',
    'Cumulative distribution of latencies:',
    ...cumulativeLines(report.latencies),
    '',
    'Summary:',
    `  throughput summary: ${requestsPerSecond(report).toFixed(2)} requests per second`,
    '  latency summary (msec):',
    `    ${columns(['avg', 'min', 'p50', 'p95', 'p99', 'max'])}`,
    `    ${columns(quantilesMs(report))}`,
  ].join('\n');
}

/** Half the way to 100 % at each step, as far as a step brings a longer latency. */
function percentileLines(latencies: Distribution): string[] {
  const lines: string[] = [];
  let before = -1;
  for (let percentile = 0; before < latencies.total; percentile += (100 - percentile) / 2) {
    const ns = latencies.at(percentile);
    const count = latencies.countUpTo(ns);
    if (count !== before) lines.push(distributionLine(percentile, ns, count));
    before = count;
  }
  return [...lines, distributionLine(100, latencies.max, latencies.total)];
}

function cumulativeLines(latencies: Distribution): string[] {
  const lines: string[] = [];
  let before = 0;
  for (let ns = FINE_STEP_NS; before < latencies.total; ns += ns < FINE_NS ? FINE_STEP_NS : COARSE_STEP_NS) {
    const count = latencies.countUpTo(ns);
    if (count !== before) lines.push(distributionLine((100 * count) / latencies.total, ns, count));
    before = count;
  }
  return lines;
}

function distributionLine(percentile: number, ns: number, count: number): string {
  return `${percentile.toFixed(3)}% <= ${ms(ns)} milliseconds (cumulative count ${count})`;
}

function requestsPerSecond({ requests, elapsedS }: TestReport): number {
  return requests / elapsedS;
}

function quantilesMs({ latencies }: TestReport): string[] {
  const { mean, min, max } = latencies;
  return [mean, min, latencies.at(50), latencies.at(95), latencies.at(99), max].map(ms);
}

function ms(ns: number): string {
  return (ns / 1e6).toFixed(3);
}

function columns(texts: readonly string[]): string {
  return texts.map((text) => text.padStart(9)).join(' ');
}

function csvLine(cells: readonly string[]): string {
  return cells.map((cell) => `"${cell}"`).join();
}

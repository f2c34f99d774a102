/**
 * A process that reads the distance over and over, and says how that went:
 *
 *     node test-caller.ts CLIENT_CORE SERVER_CORE MILLISECONDS
 */
import { pinThread } from '../affinity.ts';
import { DistanceProbe } from './probe.ts';

export interface CallerReport {
  helper: string;
  read: number;
  failed: number;
  median_ns: number[];
  /** The longest that one call has kept the helper running. */
  longest_hold_ns: number;
}

const [client, server, milliseconds] = process.argv.slice(2).map(Number);
pinThread(client);
const probe = DistanceProbe.open(server);
const report: CallerReport = {
  helper: probe.helper,
  read: 0,
  failed: 0,
  median_ns: [],
  longest_hold_ns: 0,
};
const endMs = performance.now() + milliseconds;
let hadNs = probe.helperNs();
while (performance.now() < endMs) {
  if (probe.measure()) {
    report.read++;
    report.median_ns.push(probe.reading[0]);
  } else report.failed++;
  const nowNs = probe.helperNs();
  report.longest_hold_ns = Math.max(report.longest_hold_ns, nowNs - hadNs);
  hadNs = nowNs;
}
probe.close();
console.log(JSON.stringify(report));

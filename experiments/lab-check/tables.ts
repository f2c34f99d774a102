/** The report on a lab, as a terminal shows it. */
import Table from 'cli-table3';
import type { NicFacts } from '../../results/formats/index.ts';
import { inRanges } from '../machine/core-list.ts';
import type { HostClock, HostReport } from './host-check.ts';
import type { HostFindings } from './host-doctor.ts';
import type { LabReport } from './lab-check.ts';
import type { PairReport } from './pair-check.ts';

const COMMIT_DIGITS = 12;
const HOST_COLUMNS = 12;
const BORDERS_COLUMNS = 7;

/** Within `columns` columns. */
export function describeLab(report: LabReport, columns: number): string {
  const parts = [hostTable(report.hosts, columns)];
  if (report.pairs.length > 0) parts.push(pairTable(report.pairs));
  const lacking = lackLines(report);
  parts.push(lacking.length > 0 ? `What is lacking:\n${lacking.join('\n')}` : 'Nothing is lacking.');
  return parts.join('\n');
}

function hostTable(hosts: readonly HostReport[], columns: number): string {
  const rest = Math.max(60, columns - HOST_COLUMNS - BORDERS_COLUMNS);
  const table = new Table({
    head: ['host', 'bypassbench', 'machine', 'works (bypassbench doctor)', 'clock'],
    colWidths: [HOST_COLUMNS, ...[0.2, 0.33, 0.26, 0.21].map((share) => Math.floor(rest * share))],
    wordWrap: true,
    style: { head: [], border: [] },
  });
  for (const { name, software, machine, doctor, clock } of hosts) {
    const { version, commit, dirty, node } = software;
    const at =
      commit === null ? 'no clone' : `${commit.slice(0, COMMIT_DIGITS)}${dirty ? ', files changed' : ''}`;
    const { cpu, kernel, cores, governor, load_average_1m, nics } = machine;
    table.push([
      name,
      `${version}, ${at}\nNode ${node}`,
      [
        cpu,
        kernel,
        `cores ${inRanges(cores)}, governor ${governor ?? 'unknown'}, load ${load_average_1m.toFixed(1)}`,
        ...nics.map(nicInWords),
      ].join('\n'),
      working(doctor),
      clockInWords(clock),
    ]);
  }
  return table.toString();
}

/** "ens1f1: mlx5_core, 25000 Mbit/s, MTU 1500" */
function nicInWords({ name, driver, speed_mbit_per_s, mtu_bytes }: NicFacts): string {
  const facts = [
    driver ?? 'no driver',
    ...(speed_mbit_per_s === null ? [] : [`${speed_mbit_per_s} Mbit/s`]),
    ...(mtu_bytes === null ? [] : [`MTU ${mtu_bytes}`]),
  ];
  return `${name}: ${facts.join(', ')}`;
}

function working(doctor: HostFindings): string {
  const names = (works: boolean): string[] =>
    doctor.filter((one) => one.works === works).map(({ what }) => what);
  const not = names(false);
  return `${names(true).join(', ')}${not.length > 0 ? `\nnot: ${not.join(', ')}` : ''}`;
}

function clockInWords({ offset_us, bound_us, drift_ppm, drift_bound_ppm }: HostClock): string {
  const offset = `${offset_us < 0 ? '' : '+'}${inTime(offset_us)} ± ${inTime(bound_us)}`;
  return drift_ppm === null
    ? offset
    : `${offset}\ndrift ${drift_ppm.toFixed(1)} ± ${drift_bound_ppm!.toFixed(1)} ppm`;
}

/** Clocks that nobody sets are apart by anything. */
function inTime(us: number): string {
  const size = Math.abs(us);
  if (size < 1000) return `${us.toFixed(1)} us`;
  return size < 1e6 ? `${(us / 1000).toFixed(1)} ms` : `${(us / 1e6).toFixed(1)} s`;
}

function pairTable(pairs: readonly PairReport[]): string {
  const table = new Table({
    head: ['network', 'from', 'to', 'ping: least, mean', 'lost', 'there', 'back'],
    style: { head: [], border: [] },
  });
  for (const { network, from, to, ping, to_bits_per_s, from_bits_per_s } of pairs) {
    const times = ping === null ? 'no answer' : `${inTime(ping.min_us)}, ${inTime(ping.avg_us)}`;
    const lost = ping === null ? '' : `${(ping.loss * 100).toFixed(0)} %`;
    table.push([network, from, to, times, lost, ...[to_bits_per_s, from_bits_per_s].map(rateInWords)]);
  }
  return table.toString();
}

function rateInWords(bits_per_s: number | null): string {
  return bits_per_s === null ? '-' : `${(bits_per_s / 1e9).toFixed(bits_per_s < 1e9 ? 3 : 1)} Gbit/s`;
}

/** A line for each thing that a host or a pair lacks. */
export function lackLines({ hosts, missing, pairs }: LabReport): string[] {
  return [
    ...missing.map(({ why }) => why),
    ...hosts.flatMap(({ name, lacks }) => lacks.map((lack) => `host ${name}: ${lack}`)),
    ...pairs.flatMap(({ from, to, lacks }) => lacks.map((lack) => `${from} and ${to}: ${lack}`)),
  ].map((line) => `- ${line}`);
}

/** A calibration as a short text for a person. */
import type { CalibrationContent } from './calibration.ts';

const GAP = '  ';

export function describeCalibration(calibration: CalibrationContent): string {
  const { backend, floor_us, delays, pauses } = calibration;
  const { pause_us, period_us, delayed_from_us } = pauses[0];
  return [
    describeCounter(calibration.counter),
    `floor over ${backend}: p50 ${us(floor_us.p50)} us, p99 ${us(floor_us.p99)} us`,
    '',
    ...table(
      ['asked us', 'injected us', 'measured us', 'error us', 'error %'],
      delays.map(({ asked_us, injected_us, measured_us, error_us, error_percent }) => [
        `${asked_us}`,
        us(injected_us),
        us(measured_us),
        us(error_us),
        error_percent === null ? '-' : error_percent.toFixed(1),
      ]),
    ),
    '(measured: p50 less that of the floor; error: measured less injected)',
    '',
    `pauses of ${pause_us / 1000} ms every ${period_us / 1000} ms, seen / expected:`,
    ...table(
      ['loop', 'requests', `over ${delayed_from_us / 1000} ms`, 'p99.9 us', 'max us'],
      pauses.map(({ loop, rate_ops, requests, delayed, p999_us, max_us }) => [
        rate_ops === null ? loop : `${loop}, ${rate_ops}/s`,
        `${requests}`,
        `${delayed.seen} / ${Math.round(delayed.expected)}`,
        `${Math.round(p999_us.seen)} / ${Math.round(p999_us.expected)}`,
        `${Math.round(max_us.seen)} / ${Math.round(max_us.expected)}`,
      ]),
    ),
    '(whatever else runs on these cores delays requests too, and is seen)',
  ].join('\n');
}

function describeCounter(counter: CalibrationContent['counter']): string {
  if (counter === null) return 'counter: not examined';
  const { missing_flags, offset_ns, bound_ns } = counter;
  const rate =
    missing_flags.length === 0
      ? 'counter: invariant'
      : `counter: not invariant (no ${missing_flags.join(', no ')})`;
  if (offset_ns === null || bound_ns === null) return `${rate}; the two cores could not be compared`;
  const apart = `${Math.abs(offset_ns).toFixed(0)} ns ${offset_ns < 0 ? 'behind' : 'ahead'}`;
  return `${rate}; the server's core is ${apart}, give or take ${bound_ns.toFixed(0)} ns`;
}

export function us(value: number): string {
  return value.toFixed(2);
}

/** Columns, right aligned under their heads. */
export function table(head: string[], rows: string[][]): string[] {
  const lines = [head, ...rows];
  const widths = head.map((_, column) => Math.max(...lines.map((line) => line[column].length)));
  return lines.map((line) => line.map((cell, column) => cell.padStart(widths[column])).join(GAP));
}

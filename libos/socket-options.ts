/** What an application may set of a single stream (setOptions), and within which limits. */
import { LibosError } from './errors.ts';
import type { SocketOptions } from './pdpi.ts';

/** Least and most of each, in ms: Linux keeps the user timeout in 31 bits, and silence in 32,767 s. */
const limits: Readonly<Record<keyof SocketOptions, readonly [number, number]>> = {
  userTimeoutMs: [1, 2 ** 31 - 1],
  keepAliveMs: [0, 32_767_000],
};

/** Throws INVALID_ARGUMENT for an option that there is not, and for a value out of its range. */
export function checkSocketOptions(options: SocketOptions, qd: number): void {
  for (const [name, value] of Object.entries(options)) {
    const range = Object.hasOwn(limits, name) ? limits[name as keyof SocketOptions] : null;
    if (range === null) {
      const known = Object.keys(limits).join(', ');
      throw new LibosError('INVALID_ARGUMENT', 'setOptions', qd, `there is no option ${name}, but ${known}`);
    }
    const [least, most] = range;
    if (value === undefined || (Number.isInteger(value) && value >= least && value <= most)) continue;
    const detail = `${name} of ${value} is not a whole number of ms from ${least} to ${most}`;
    throw new LibosError('INVALID_ARGUMENT', 'setOptions', qd, detail);
  }
}

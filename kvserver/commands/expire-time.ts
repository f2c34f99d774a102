/** The forms of a time to live in arguments: relative or absolute, in seconds or milliseconds. */

const INT64_MAX = 2 ** 63;

export interface ExpireUnit {
  seconds: boolean;
  absolute: boolean;
}

export const EX: ExpireUnit = { seconds: true, absolute: false };
export const PX: ExpireUnit = { seconds: false, absolute: false };
export const EXAT: ExpireUnit = { seconds: true, absolute: true };
export const PXAT: ExpireUnit = { seconds: false, absolute: true };

/** The time in milliseconds since the epoch; NaN when it does not fit 64 bits. */
export function expiryTimeMs(value: number, unit: ExpireUnit, nowMs: number): number {
  const milliseconds = unit.seconds ? value * 1000 : value;
  if (unit.absolute && !unit.seconds) return milliseconds;
  const timeMs = unit.absolute ? milliseconds : milliseconds + nowMs;
  return timeMs < INT64_MAX && milliseconds > -INT64_MAX ? timeMs : Number.NaN;
}

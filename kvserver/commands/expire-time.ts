/** The forms of a time to live in arguments: relative or absolute, in seconds or milliseconds. */
import { addInt64, type Int64, multiplyInt64 } from '../resp/numbers.ts';

export interface ExpireUnit {
  seconds: boolean;
  absolute: boolean;
}

export const EX: ExpireUnit = { seconds: true, absolute: false };
export const PX: ExpireUnit = { seconds: false, absolute: false };
export const EXAT: ExpireUnit = { seconds: true, absolute: true };
export const PXAT: ExpireUnit = { seconds: false, absolute: true };

/** The time in milliseconds since the epoch; null when it does not fit 64 bits. */
export function expiryTimeMs(value: Int64, unit: ExpireUnit, nowMs: number): Int64 | null {
  const milliseconds = unit.seconds ? multiplyInt64(value, 1000) : value;
  if (milliseconds === null || unit.absolute) return milliseconds;
  return addInt64(milliseconds, nowMs);
}

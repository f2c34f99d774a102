/** What the suite compares beside values: the code of the error that a call throws, the digest of data, limits. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { types } from 'node:util';
import { type ErrorCode, errorCodes, type LibosError } from '../index.ts';

/**
 * By its name and its code: who throws it may have got the class from another place, as a backend does that was built
 * together with a copy of it.
 */
export function isLibosError(thrown: unknown): thrown is LibosError {
  if (!types.isNativeError(thrown) || thrown.name !== 'LibosError') return false;
  return Object.hasOwn(errorCodes, (thrown as LibosError).code);
}

/** Runs `call` and returns the code of the LibosError that it must throw. */
export function codeOf(call: () => unknown): ErrorCode | undefined {
  try {
    call();
  } catch (error) {
    if (isLibosError(error)) return error.code;
    throw error;
  }
  return undefined;
}

/** Runs `call` and returns the message of what it throws; null: nothing. */
export function failureOf(call: () => unknown): string | null {
  try {
    call();
  } catch (error) {
    return (error as Error).message;
  }
  return null;
}

export const sha256 = (data: Uint8Array) => createHash('sha256').update(data).digest('hex');

export function assertBelow(value: number, limit: number): void {
  assert.ok(value < limit, `${value} must be below ${limit}`);
}

export function assertAtMost(value: number, limit: number): void {
  assert.ok(value <= limit, `${value} must be ${limit} at most`);
}

export function assertAtLeast(value: number, limit: number): void {
  assert.ok(value >= limit, `${value} must be ${limit} at least`);
}

export function assertAbove(value: number, limit: number): void {
  assert.ok(value > limit, `${value} must be above ${limit}`);
}

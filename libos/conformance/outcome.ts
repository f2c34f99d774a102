/** What the suite compares: the code of the error that a call throws, the digest of the data that came. */
import { createHash } from 'node:crypto';
import { type ErrorCode, LibosError } from '../index.ts';

/** Runs `call` and returns the code of the LibosError that it must throw. */
export function codeOf(call: () => unknown): ErrorCode | undefined {
  try {
    call();
  } catch (error) {
    if (error instanceof LibosError) return error.code;
    throw error;
  }
  return undefined;
}

export const sha256 = (data: Uint8Array) => createHash('sha256').update(data).digest('hex');

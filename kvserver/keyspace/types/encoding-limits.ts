/**
 * Up to which size Redis keeps a small value in a compact form. Values here have one form; OBJECT ENCODING says what
 * Redis would have, and SCAN's kin give a value that Redis would have in the compact form whole, as Redis does.
 */

export interface EncodingLimits {
  hashEntries: number;
  hashBytes: number;
  /** Of a set of integers. */
  setEntries: number;
  sortedSetEntries: number;
  sortedSetBytes: number;
}

/** As Redis has them unless it is configured. */
export function defaultEncodingLimits(): EncodingLimits {
  return { hashEntries: 512, hashBytes: 64, setEntries: 512, sortedSetEntries: 128, sortedSetBytes: 64 };
}

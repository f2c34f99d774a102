/** The measured window of a floor, and what the command lines of its programs in C say of it. */

export interface FloorWindow {
  warmupS: number;
  /** Of all slices together. */
  durationS: number;
  /** The core of the side that answers, and of the side that asks. */
  cores: [number, number];
}

/** The last arguments of a client: native/floor-slices.h reads them. */
export function windowArguments({ warmupS, durationS, cores: [serverCore] }: FloorWindow): number[] {
  return [warmupS, durationS, serverCore];
}

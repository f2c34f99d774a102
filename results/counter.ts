/** Whether both sides of a request are stamped by one clock, in a sentence. */
import type { Calibration } from './calibration.ts';

export function counterSentence({
  missing_flags,
  offset_ns,
  bound_ns,
}: NonNullable<Calibration['counter']>): string {
  const apart =
    offset_ns === null
      ? 'how far the two cores are apart was not measured'
      : `the server's core is ${offset_ns.toFixed(0)} ns ahead of the client's, give or take ${bound_ns!.toFixed(0)} ns`;
  if (missing_flags.length === 0) return `One invariant counter stamps both sides: ${apart}.`;
  return `The processor does not say that its counter is invariant (no ${missing_flags.join(', no ')}): do not trust stages; ${apart}.`;
}

/** Two summaries made by hand, compared, for the tests of what is made of two runs. */
import type { Summary } from '../formats/index.ts';
import { manifest } from '../test-synthetic-run.ts';
import { type Comparison, comparePoints } from './changes.ts';
import type { Asked } from './workloads.ts';

/** Of two runs that were asked the same but for `ofSecond`. */
export function compared(first: Summary, second: Summary, ofSecond: Partial<Asked> = {}): Comparison {
  return comparePoints(
    { summary: first, manifest: manifest() },
    { summary: second, manifest: { ...manifest(), ...ofSecond } },
  );
}

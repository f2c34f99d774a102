/** How far the same differs from itself, in words: for the table, the report, and what a run ends with. */
import type { Summary } from '../formats/index.ts';
import { formatChange } from '../text/format.ts';
import { nameTarget } from './doubts.ts';

/** A sentence for each point that repeats another: what the same differs from itself. */
export function noiseSentences({ repeats }: Summary): string[] {
  return repeats.flatMap((point) =>
    point.versus_itself
      ? [
          `${point.repeats} against itself, ${nameTarget(point, repeats)}: p50 ${formatChange(point.versus_itself)}.`,
        ]
      : [],
  );
}

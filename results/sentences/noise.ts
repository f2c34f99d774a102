/** How far the same differs from itself, in words: for the table, the report, and what a run ends with. */
import type { Summary } from '../formats/index.ts';
import { formatChange } from '../text/format.ts';
import { nameTarget } from './doubts.ts';

/** A sentence for each point that repeats another: what the same differs from itself, or why that is not known. */
export function noiseSentences({ repeats }: Summary): string[] {
  return repeats.flatMap((point) => {
    const itself = `${point.repeats} against itself, ${nameTarget(point, repeats)}`;
    if (point.versus_itself) return [`${itself}: p50 ${formatChange(point.versus_itself)}.`];
    const { reasons } = point.verdicts.p50;
    return reasons.length > 0 ? [`${itself}: unknown. ${reasons.join(' ')}`] : [];
  });
}

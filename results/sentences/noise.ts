/** How sure differences are, in words: for the table, the report, and what a run ends with. */
import type { Ratio, Summary } from '../formats/index.ts';
import { formatPercent } from '../text/format.ts';
import { nameTarget } from './doubts.ts';

/** "+12.3 % [+8.1 to +15 %]", and what that is worth. */
export function formatChange({ ratio, interval, detectable }: Ratio): string {
  if (!interval) return `${signed(ratio - 1)} % (no interval: fewer than 3 trials)`;
  const range = `${signed(ratio - 1)} % [${signed(interval.low - 1)} to ${signed(interval.high - 1)} %]`;
  const differs = interval.low > 1 || interval.high < 1;
  return differs ? range : `${range}: no difference detectable below ${formatPercent(detectable!)}`;
}

function signed(share: number): string {
  const percent = Number((Math.abs(share) * 100).toFixed(1));
  return `${share < 0 && percent > 0 ? '−' : '+'}${percent}`;
}

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

/** The paper's split in a sentence, and with it the one in four parts where the run has that. */
import type { PollingSplit, Share, Split, Summary } from '../formats/index.ts';
import { sameTarget } from '../run/run-folder.ts';
import { formatPercent } from '../text/format.ts';
import { nameTarget } from './doubts.ts';

/**
 * Of one way past the kernel, that of GET before others: "The kernel's interface is 27 % [25 to 30 %] and its data path
 * 38 % [36 to 41 %] of the p50 of Redis, by redis-kernel and redis-dpdk (GET)." Nothing where there is no split.
 */
export function splitInWords(summary: Summary): string[] {
  const { splits, polling_splits, points } = summary;
  const split = splits.find(({ operation }) => operation === 'get') ?? splits[0];
  if (!split) return [];
  const labelOf = (name: string): string => points.find(({ system }) => system === name)?.label ?? name;
  const inFour = polling_splits.find((other) => isOfSame(other, split));
  const polling = inFour
    ? `; of these ${formatPercent(split.interface.share)} polling takes off ${share(inFour.polling)}, and ` +
      `${share(inFour.interface)} is left without it, by ${inFour.libos_over_epoll}`
    : '';
  return [
    `The kernel's interface is ${share(split.interface)} and its data path ${share(split.data_path)} of the p50 of ` +
      `${labelOf(split.unmodified)}, by ${split.libos_over_kernel} and ${split.bypass} ` +
      `(${nameTarget(split, points)})${polling}.`,
  ];
}

function isOfSame(a: PollingSplit, b: Split): boolean {
  const systems = ['unmodified', 'libos_over_kernel', 'bypass'] as const;
  return systems.every((system) => a[system] === b[system]) && sameTarget(a, b);
}

function share({ share, interval }: Share): string {
  const range = interval ? ` [${formatPercent(interval.low)} to ${formatPercent(interval.high)}]` : '';
  return `${formatPercent(share)}${range}`;
}

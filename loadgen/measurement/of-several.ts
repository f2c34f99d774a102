/** What one of several load generators says for those who put the results of all together. */

import { MERGEABLE_FILES, serviceTimeFile } from '../../results/formats/generators.ts';
import type { LoadResult, Slice } from '../../results/formats/index.ts';
import { mergeHistograms, type ThreadOutcome } from './merge.ts';
import type { GeneratorOfSeveral, LoadOutcome } from './options.ts';
import { encodeHistogram } from './recorder.ts';
import type { ToldStart } from './start-gate.ts';

type Generator = NonNullable<LoadResult['generator']>;

/** Of the outcomes of its threads: when it measured, and what a result has as quantiles only. */
export function ofSeveral(
  { place, of, whole }: GeneratorOfSeveral,
  { startNs, originNs }: ToldStart,
  threads: readonly ThreadOutcome[],
): Pick<LoadOutcome, 'generator' | 'mergeable'> {
  const origin_us = Number(originNs / 1000n);
  const us = (ns: number): number => origin_us + Math.round(ns / 1000);
  const windows = threads.map(windowOf);
  return {
    generator: {
      ...{ place, of, whole },
      told_us: us(startNs),
      // Of the time that all threads measured.
      began_us: us(Math.max(...windows.map(({ startNs: began }) => began))),
      ended_us: us(Math.min(...windows.map(({ endNs }) => endNs))),
      received: threads.flatMap(({ slices }) => (slices?.slices ?? []).map((slice) => receivedIn(slice, us))),
    },
    mergeable: mergeableOf(threads),
  };
}

/** In ns of CLOCK_MONOTONIC. A window that was to begin earlier than it did ends when it was to end. */
function windowOf({ slices, pauses, rates }: ThreadOutcome): { startNs: number; endNs: number } {
  const planned = pauses?.window.start_ns ?? 0;
  const began = slices?.slices[0]?.start_ns ?? planned;
  return { startNs: Math.max(planned, began), endNs: planned + (rates?.window_s ?? 0) * 1e9 };
}

function receivedIn(
  { start_ns, end_ns, operations }: Slice,
  us: (ns: number) => number,
): Generator['received'][number] {
  const counts = operations.map(({ operation, received }) => [operation, received ?? 0]);
  return { start_us: us(start_ns), end_us: us(end_ns), operations: Object.fromEntries(counts) };
}

/** By file; none of a closed loop. */
function mergeableOf(threads: readonly ThreadOutcome[]): Record<string, string> {
  const encoded = new Map<string, string[]>();
  const add = (file: string, text: string | null | undefined): void => {
    if (text) encoded.set(file, [...(encoded.get(file) ?? []), text]);
  };
  for (const { operations, mergedLater } of threads) {
    add(MERGEABLE_FILES.lag, mergedLater.lag);
    add(MERGEABLE_FILES.ownLag, mergedLater.ownLag);
    for (const [index, { operation }] of operations.entries()) {
      add(serviceTimeFile(operation), mergedLater.serviceTimes[index]);
    }
  }
  return Object.fromEntries(
    [...encoded].map(([file, texts]) => [file, encodeHistogram(mergeHistograms(texts))]),
  );
}

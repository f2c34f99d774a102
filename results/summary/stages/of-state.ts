/** The stamped requests that were sent in slices which count. Both have the times of CLOCK_MONOTONIC. */
import type { SlicesFile, StagesFile } from '../../formats/index.ts';
import { isOfState, type Selection } from '../distance/point-slices.ts';
import { type RunDistance, sliceStates } from '../distance/run-distance.ts';

/** The file with these requests alone; how many were joined and left out is of all. */
export function requestsInSlices(
  file: StagesFile,
  slices: SlicesFile | null,
  distance: RunDistance,
  { state, withoutEarly }: Selection,
): StagesFile {
  const spans = slices === null ? [] : spansOf(slices, distance, state, withoutEarly ? slices.early_ns : 0);
  const kept = file.sent_ns.map((sent_ns) =>
    spans.some(({ from_ns, to_ns }) => sent_ns >= from_ns && sent_ns < to_ns),
  );
  const column = (values: number[]): number[] => values.filter((_, index) => kept[index]);
  return {
    ...file,
    sent_ns: column(file.sent_ns),
    latency_ns: column(file.latency_ns),
    stages_ns: Object.fromEntries(
      Object.entries(file.stages_ns).map(([name, values]) => [name, column(values)]),
    ),
    one_way: file.one_way && { ...file.one_way, request_ns: column(file.one_way.request_ns) },
  };
}

function spansOf(
  slices: SlicesFile,
  distance: RunDistance,
  name: string | null,
  early_ns: number,
): { from_ns: number; to_ns: number }[] {
  const states = sliceStates(distance, slices);
  return slices.slices
    .filter((_, index) => isOfState({ state: states[index] }, name))
    .map(({ start_ns, end_ns }) => ({ from_ns: start_ns + early_ns, to_ns: end_ns }));
}

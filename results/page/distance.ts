/** What stands under the picture of a run over time: the states of the distance, and which one is compared in. */
import type { Summary } from '../formats/index.ts';
import type { Run } from '../run/run-folder.ts';
import { listed } from '../sentences/doubts.ts';
import { type Lasting, lastingOf, type TimedReading } from '../summary/distance/lasting.ts';
import { distanceOf } from '../summary/distance/slice-states.ts';
import type { DistanceState } from '../summary/distance/states.ts';
import { formatCount, formatDistance, formatPercent } from '../text/format.ts';

/** Sentences; none where nobody measured the distance. */
export function distanceCaption(run: Run, { distance }: Summary): string {
  if (!distance) return '';
  const { states } = distance;
  const windows = windowsOf(run);
  const read = windows.flat();
  const lost = read.filter(({ distance_ns }) => distance_ns === null).length;
  const readings = `${formatCount(read.length - lost)} readings`;
  return [
    states.length === 1
      ? `A cache line took ${formatCount(states[0].median_ns)} ns there and back (${formatDistance(states[0])}, ${readings}): the cores ` +
        'have one distance, and nothing is told apart by it.'
      : `A cache line took one of ${states.length} times there and back, by ${readings}: ` +
        `${listedStates(states, lastingOf(states, windows))}.`,
    ...(states.length === 1 ? [] : [comparedIn(distance)]),
    ...(lost === 0
      ? []
      : [`${formatCount(lost)} readings failed: the helper or the server was not on its core then.`]),
  ].join(' ');
}

function comparedIn({ chosen, why, too_fast }: NonNullable<Summary['distance']>): string {
  if (chosen !== null) return `Everything is compared in the state ${chosen}.`;
  const reason = too_fast ? why : 'none of them has enough slices of every system and floor';
  return `What is compared is a mixture of these, since ${reason}.`;
}

/** "near (101 to 125 ns, 31 % of them, 1.4 s on end on average) and far (...)" */
function listedStates(states: DistanceState[], lasting: Lasting[]): string {
  const each = states.map((state, index) => {
    const { mean_s, total_s } = lasting[index];
    const share = formatPercent(Number(state.share.toFixed(2)));
    const time =
      mean_s === null
        ? `never left in ${formatSeconds(total_s)}`
        : `${formatSeconds(mean_s)} on end on average`;
    return `${state.name} (${formatDistance(state)}, ${share} of them, ${time})`;
  });
  return listed(each);
}

function formatSeconds(seconds: number): string {
  return `${seconds.toFixed(seconds < 9.95 ? 1 : 0)} s`;
}

/** The readings of each measurement. */
function windowsOf({ trials }: Run): TimedReading[][] {
  return trials
    .flatMap(({ measurements }) => measurements)
    .flatMap(({ recording }) => recording?.slices ?? [])
    .map((file) =>
      file.probes.map((probe) => ({
        at_s: probe.start_ns / 1e9,
        distance_ns: distanceOf(probe, file.cores),
      })),
    );
}

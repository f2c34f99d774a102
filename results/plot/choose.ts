/** The part of a run that a plot shows, under the labels that the reader wants. Its numbers are those of the report. */
import type { Manifest, Summary } from '../formats/index.ts';
import type { Run } from '../run/run-folder.ts';
import { listed } from '../sentences/doubts.ts';
import { invalid, type PlotOptions } from './options.ts';

export interface Chosen {
  run: Run;
  summary: Summary;
}

/** Throws ResultsError PLOT_OPTION_INVALID where a name is none of the run's. */
export function choose(run: Run, summary: Summary, options: Pick<PlotOptions, 'systems' | 'labels'>): Chosen {
  const { manifest } = run;
  const names = manifest.systems.map(({ name }) => name);
  refuseUnknown(options.systems, names);
  refuseUnknown(Object.keys(options.labels), [...names, ...manifest.floors.map(({ name }) => name)]);
  const order = options.systems.length > 0 ? options.systems : names;
  const labelOf = (name: string, label: string): string =>
    Object.hasOwn(options.labels, name) ? options.labels[name] : label;
  const inOrder = <T>(all: T[], nameOf: (one: T) => string): T[] =>
    order.flatMap((name) => all.filter((one) => nameOf(one) === name));
  const labelled = <T extends { label: string }>(one: T, name: string): T => ({
    ...one,
    label: labelOf(name, one.label),
  });
  const serve = <T extends { name: string; label: string; systems: string[] }>(floor: T): T[] => {
    const systems = floor.systems.filter((system) => order.includes(system));
    return systems.length === 0 ? [] : [labelled({ ...floor, systems }, floor.name)];
  };
  const systems = inOrder(manifest.systems, ({ name }) => name).map((one) => labelled(one, one.name));
  const floors = manifest.floors.flatMap(serve);
  const shown = new Set([...order, ...floors.map(({ name }) => name)]);
  return {
    run: {
      ...run,
      manifest: { ...manifest, systems, floors } satisfies Manifest,
      trials: run.trials.filter(({ trial }) => shown.has(trial.subject)),
    },
    summary: {
      ...summary,
      points: inOrder(summary.points, ({ system }) => system).map((point) => labelled(point, point.system)),
      floors: summary.floors.flatMap(serve),
      splits: summary.splits.filter((split) =>
        [split.unmodified, split.libos_over_kernel, split.bypass].every((name) => order.includes(name)),
      ),
      polling_splits: summary.polling_splits.filter((split) =>
        [split.unmodified, split.libos_over_epoll, split.libos_over_kernel, split.bypass].every((name) =>
          order.includes(name),
        ),
      ),
      repeats: summary.repeats.filter(({ system }) => order.includes(system)),
    },
  };
}

function refuseUnknown(wanted: string[], known: string[]): void {
  const unknown = wanted.filter((name) => !known.includes(name));
  if (unknown.length === 0) return;
  throw invalid(`the run has no system ${listed(unknown)}; it has ${listed(known)}`);
}

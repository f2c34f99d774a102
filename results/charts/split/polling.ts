/**
 * The split in four parts as a figure: the bars of the paper's, whose interface is parted into what polling takes off
 * and what is the interface's alone.
 */
import type { PollingSplit } from '../../formats/index.ts';
import { distanceOfFigure } from '../../sentences/distance.ts';
import type { Picture } from '../picture.ts';
import type { ChartSource } from '../source.ts';
import type { Theme } from '../theme/theme.ts';
import { dataPathPart, interfacePart, restPart } from './figure.ts';
import { pictureOfRows, sharesInWords, warningsOf } from './picture.ts';
import { labelled, type Part, type SplitRow, stackedRow } from './rows.ts';

const pollingPart: Part = {
  label: 'sleeping and waking, which polling saves',
  colour: '#e69f00',
  light: false,
};
const parts = [{ ...interfacePart, label: "kernel's interface alone" }, pollingPart, dataPathPart, restPart];

/** Null where the run has not the four systems that it takes. */
export function pollingPicture({ run, summary }: ChartSource, theme: Theme): Picture | null {
  const { polling_splits: found } = summary;
  if (found.length === 0) return null;
  const { manifest } = run;
  const rows = labelled(manifest, summary, found).map(({ split, label }) => measuredRow(split, label));
  const names = found.flatMap((split) => [
    split.unmodified,
    split.libos_over_epoll,
    split.libos_over_kernel,
    split.bypass,
  ]);
  const isBelowZero = rows.some(({ pieces }) => pieces.some(({ share }) => share < 0));
  const words = {
    title: 'What the kernel takes, with what polling saves by itself',
    warnings: warningsOf(manifest, summary, new Set(names)),
    caption: [
      'Interface: unmodified less libOS over epoll; polling: libOS over epoll less libOS over the kernel, which polls.',
      ...(isBelowZero
        ? ['Left of zero: what takes less than nothing, since the step made the latency longer.']
        : []),
      sharesInWords(found),
      ...distanceOfFigure(summary),
    ],
  };
  return pictureOfRows(rows, parts, words, theme);
}

function measuredRow(split: PollingSplit, label: string): SplitRow {
  const { unmodified_us, interface_us, polling_us, data_path_us, rest_us } = split;
  return stackedRow(label, parts, [
    { ...split.interface, us: interface_us },
    { ...split.polling, us: polling_us },
    { ...split.data_path, us: data_path_us },
    { share: rest_us / unmodified_us, us: rest_us, interval: null },
  ]);
}

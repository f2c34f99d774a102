/**
 * The paper's split as a figure: for each way past the kernel a bar of the unmodified system's latency, cut
 * into what the kernel's interface, its data path and the rest take, with the published bar below it.
 */
import type { Split, Summary } from '../../formats/index.ts';
import { distanceOfFigure } from '../../sentences/distance.ts';
import { nameTarget } from '../../sentences/doubts.ts';
import type { Picture } from '../picture.ts';
import type { ChartSource } from '../source.ts';
import type { Theme } from '../theme/theme.ts';
import { pictureOfRows, sharesInWords, warningsOf } from './picture.ts';
import { labelled, type Part, type SplitRow, stackedRow } from './rows.ts';

export const interfacePart: Part = { label: "kernel's interface", colour: '#d55e00', light: true };
export const dataPathPart: Part = { label: "kernel's data path", colour: '#0072b2', light: true };
export const restPart: Part = {
  label: 'rest: what is left past the kernel',
  colour: '#dcdcdc',
  light: false,
};

const parts = [interfacePart, dataPathPart, restPart];

/** Null where the run has not the three systems that a split takes, or none of its splits is one of parts. */
export function splitPicture({ run, summary }: ChartSource, theme: Theme): Picture | null {
  const { manifest } = run;
  const found = summary.splits.filter(hasParts);
  if (found.length === 0) return null;
  const rows = labelled(manifest, summary, found).map(({ split, label }) => measuredRow(split, label));
  const published = publishedOf(summary);
  const names = found.flatMap((split) => [split.unmodified, split.libos_over_kernel, split.bypass]);
  const words = {
    title: 'What the kernel takes, by differences between systems',
    warnings: warningsOf(manifest, summary, new Set(names)),
    caption: [...caption(found, summary), ...notDrawn(summary)],
  };
  return pictureOfRows(published ? [...rows, publishedRow(published)] : rows, parts, words, theme);
}

/** Parts that are below zero would lie on each other: the systems are not in the paper's order. */
function hasParts({ interface_us, data_path_us }: Split): boolean {
  return interface_us >= 0 && data_path_us >= 0;
}

function notDrawn(summary: Summary): string[] {
  const { points, splits } = summary;
  const without = splits.filter((split) => !hasParts(split));
  if (without.length === 0) return [];
  const targets = [...new Set(without.map((split) => nameTarget(split, points)))];
  return [`Not drawn, as a part of it is below zero: ${targets.join('; ')}.`];
}

/** As the publication's own text rounds it for all that it measured; else what all splits have alike. */
function publishedOf({ reference, splits }: Summary): NonNullable<Split['published']> | null {
  if (reference?.rounded_shares) return reference.rounded_shares;
  const [{ published }, ...others] = splits;
  const isSame = others.every((split) => JSON.stringify(split.published) === JSON.stringify(published));
  return isSame ? published : null;
}

/** Where the published values are from stands in the report and in figure.txt. */
function caption(found: Split[], summary: Summary): string[] {
  const { reference } = summary;
  return [
    'Interface: unmodified less libOS over the kernel; data path: libOS over the kernel less bypass; rest: bypass.',
    sharesInWords(found),
    ...distanceOfFigure(summary),
    ...(reference && publishedOf(summary)
      ? [`Published: ${reference.name}${reference.rounded_shares ? ', as its text rounds it' : ''}.`]
      : []),
  ];
}

function measuredRow(split: Split, label: string): SplitRow {
  const { unmodified_us, interface_us, data_path_us, rest_us } = split;
  return stackedRow(label, parts, [
    { ...split.interface, us: interface_us },
    { ...split.data_path, us: data_path_us },
    { share: rest_us / unmodified_us, us: rest_us, interval: null },
  ]);
}

function publishedRow({
  interface: ofInterface,
  data_path,
  kernel,
}: NonNullable<Split['published']>): SplitRow {
  const shares = [ofInterface, data_path, 1 - kernel];
  return stackedRow(
    'published',
    parts,
    shares.map((share) => ({ share, us: null, interval: null })),
  );
}

/** A legend over the plots: entries one beside the other, in as many rows as they need. */
import { VALUE_SIZE } from './figure-text.ts';
import { textWidth } from './font.ts';

const ROW_HEIGHT = 20;
const BETWEEN_ENTRIES = 22;
/** Between the sample of a mark and its label. */
const SAMPLE_GAP = 6;

/** In pixels: from where to where the sample goes, its middle, where the label begins, and the height. */
export interface PlacedEntry {
  from: number;
  to: number;
  mark: number;
  text: number;
  y: number;
}

/** Entries in rows of `width` pixels, and how high they are together. */
export function placeInRows<T extends { label: string }>(
  entries: T[],
  sampleWidth: number,
  width: number,
): { placed: (T & PlacedEntry)[]; height: number } {
  let x = 0;
  let y = ROW_HEIGHT / 2;
  const placed = entries.map((entry) => {
    const wide = sampleWidth + SAMPLE_GAP + textWidth(entry.label, VALUE_SIZE);
    if (x > 0 && x + wide > width) {
      x = 0;
      y += ROW_HEIGHT;
    }
    const from = x;
    x += wide + BETWEEN_ENTRIES;
    const to = from + sampleWidth;
    return { ...entry, from, to, mark: from + sampleWidth / 2, text: to + SAMPLE_GAP, y };
  });
  return { placed, height: y + ROW_HEIGHT / 2 };
}

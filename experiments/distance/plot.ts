/**
 * Readings over time as text: time to the right, a logarithmic scale upwards, a dot for each reading. A braille
 * character has two columns of four dots.
 *
 *     500 ┤     ⠤⠤⠤⠤⠤
 *         │
 *     100 ┤⣀⣀⣀⣀⣀     ⣀⣀
 *         └────────────
 *          0 s     10 s
 */

export interface Plotted {
  at_s: readonly number[];
  /** Nothing is drawn for null. What lies beyond the scale is drawn at its edge. */
  values: readonly (number | null)[];
  /** From 0 to here. */
  seconds: number;
  scale: { low: number; high: number };
  /** All that is drawn fits into so many. */
  columns: number;
  rows: number;
}

const DOTS_ACROSS = 2;
const DOTS_UP = 4;
const BRAILLE = 0x2800;
/** Of the numbers that are named beside the scale; evenly spaced, more or less. */
const digits = [1, 1.5, 2, 3, 5, 7] as const;
/** Of a character's dots from the top, in the left column and in the right one (Unicode, braille patterns). */
const dotBits = [
  [0x01, 0x08],
  [0x02, 0x10],
  [0x04, 0x20],
  [0x40, 0x80],
] as const;

export function plot({ at_s, values, seconds, scale, columns, rows }: Plotted): string[] {
  const heightOf = (value: number) => Math.log(value / scale.low) / Math.log(scale.high / scale.low);
  /** From the top. */
  const dotRowOf = (value: number) =>
    within(Math.round((1 - heightOf(value)) * (rows * DOTS_UP - 1)), rows * DOTS_UP);
  const labels = new Map(
    ticksOf(scale).map((tick) => [Math.floor(dotRowOf(tick) / DOTS_UP), `${Number(tick.toPrecision(3))}`]),
  );
  const margin = Math.max(...[...labels.values()].map(({ length }) => length));
  const across = Math.max(1, columns - margin - 2);
  const cells = Array.from({ length: rows }, () => new Uint8Array(across));
  for (const [index, value] of values.entries()) {
    if (value === null) continue;
    const dots = across * DOTS_ACROSS;
    const column = within(Math.floor((at_s[index] / seconds) * dots), dots);
    const row = dotRowOf(value);
    cells[Math.floor(row / DOTS_UP)][Math.floor(column / DOTS_ACROSS)] |=
      dotBits[row % DOTS_UP][column % DOTS_ACROSS];
  }
  const lines = cells.map((line, row) => {
    const label = labels.get(row);
    const drawn = String.fromCodePoint(...[...line].map((bits) => BRAILLE + bits));
    return `${(label ?? '').padStart(margin)} ${label === undefined ? '│' : '┤'}${drawn}`;
  });
  const end = `${Number(seconds.toPrecision(2))} s`;
  return [
    ...lines,
    `${' '.repeat(margin)} └${'─'.repeat(across)}`,
    `${' '.repeat(margin + 2)}0 s${end.padStart(across - 3)}`,
  ];
}

/** Round numbers on the scale; where they are fewer than two, its ends. */
function ticksOf({ low, high }: Plotted['scale']): number[] {
  const ticks: number[] = [];
  for (let power = 10 ** Math.floor(Math.log10(low)); power <= high; power *= 10) {
    ticks.push(...digits.map((digit) => digit * power).filter((tick) => tick >= low && tick <= high));
  }
  return ticks.length >= 2 ? ticks : [low, high];
}

function within(index: number, length: number): number {
  return Math.max(0, Math.min(index, length - 1));
}

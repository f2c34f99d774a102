/**
 * Patterns of bars, for print without colours. A pattern is a fill of its own name, `url(#pattern-3-0072b2)`, which
 * Vega passes on as it is: what draws finds in the name which hatch it is and of which colour (render.ts, pdf.ts).
 */

/** Pixels of a tile, whole ones at 300 dots an inch as well: else a raster shows where tiles meet. */
const TILE = 8;
const STROKE_WIDTH = 1.4;
/** How pale what is between the lines is, and the lines, since numbers stand on them. */
const BACKGROUND = 0.82;
const INK = 0.4;

/** A line of a hatch, from (x1, y1) to (x2, y2) of a tile; a dot is a short one. */
type Line = readonly [number, number, number, number];
const up: Line[] = [
  [0, 8, 8, 0],
  [-1, 1, 1, -1],
  [7, 9, 9, 7],
];
const down: Line[] = [
  [0, 0, 8, 8],
  [-1, 7, 1, 9],
  [7, -1, 9, 1],
];
const across: Line[] = [
  [0, 2, 8, 2],
  [0, 6, 8, 6],
];
const upright: Line[] = [
  [2, 0, 2, 8],
  [6, 0, 6, 8],
];
const dots: Line[] = [
  [1.5, 2, 3, 2],
  [5.5, 6, 7, 6],
];

const hatches: Line[][] = [up, down, across, [...up, ...down], upright, dots, [...across, ...upright]];

const NAME = /^url\(#pattern-(\d+)-([0-9a-f]{6})\)$/;

/** What fills the bar number `index` of those that are to be told apart; the first one has its plain colour. */
export function patternFill(colour: string, index: number): string {
  const kind = index % (hatches.length + 1);
  return kind === 0 ? colour : `url(#pattern-${kind - 1}-${colour.slice(1)})`;
}

export interface Pattern {
  background: string;
  ink: string;
  tile: number;
  strokeWidth: number;
  lines: Line[];
}

/** Null where the fill is a plain colour. */
export function patternOf(fill: string): Pattern | null {
  const [, hatch, hex] = NAME.exec(fill) ?? [];
  if (hatch === undefined) return null;
  return {
    background: paler(hex, BACKGROUND),
    ink: paler(hex, INK),
    tile: TILE,
    strokeWidth: STROKE_WIDTH,
    lines: hatches[Number(hatch)],
  };
}

/** So much of the way to white. */
function paler(hex: string, share: number): string {
  const channels = [0, 2, 4].map((at) => Number.parseInt(hex.slice(at, at + 2), 16));
  return `#${channels
    .map((channel) => Math.round(channel + (255 - channel) * share))
    .map((channel) => channel.toString(16).padStart(2, '0'))
    .join('')}`;
}

/** The elements that define the patterns which an SVG names; empty where it names none. */
export function patternDefinitions(svg: string): string {
  const names = new Set([...svg.matchAll(/url\(#(pattern-\d+-[0-9a-f]{6})\)/g)].map(([, name]) => name));
  const definitions = [...names].map((name) => {
    const { background, ink, tile, strokeWidth, lines } = patternOf(`url(#${name})`) as Pattern;
    const drawn = lines.map(([x1, y1, x2, y2]) => `M${x1},${y1}L${x2},${y2}`).join('');
    return (
      `<pattern id="${name}" width="${tile}" height="${tile}" patternUnits="userSpaceOnUse">` +
      `<rect width="${tile}" height="${tile}" fill="${background}"/>` +
      `<path d="${drawn}" stroke="${ink}" stroke-width="${strokeWidth}"/></pattern>`
    );
  });
  return definitions.length === 0 ? '' : `<defs>${definitions.join('')}</defs>`;
}

/**
 * Patterns of bars, for print without colours. A pattern is a fill of its own name, `url(#pattern-3-0072b2)`, which
 * Vega passes on as it is: what draws finds in the name which hatch it is and of which colour (svg.ts, pdf.ts).
 */

/** Lines of a hatch, from (x1, y1) to (x2, y2) on a tile so wide and high; a dot is a short line. */
const TILE = 6;
type Line = readonly [number, number, number, number];
const up: Line[] = [
  [0, 6, 6, 0],
  [-1, 1, 1, -1],
  [5, 7, 7, 5],
];
const down: Line[] = [
  [0, 0, 6, 6],
  [-1, 5, 1, 7],
  [5, -1, 7, 1],
];
const across: Line[] = [[0, 3, 6, 3]];
const upright: Line[] = [[3, 0, 3, 6]];
const dots: Line[] = [
  [1, 1.5, 2, 1.5],
  [4, 4.5, 5, 4.5],
];

/** The first is none: the plain colour. */
const hatches: Line[][] = [[], up, down, across, [...up, ...down], upright, dots, [...across, ...upright]];

const NAME = /^url\(#pattern-(\d+)-([0-9a-f]{6})\)$/;

/** What fills the bar number `index` of those that are to be told apart. */
export function patternFill(colour: string, index: number): string {
  return `url(#pattern-${index % hatches.length}-${colour.slice(1)})`;
}

export interface Pattern {
  background: string;
  ink: string;
  tile: number;
  lines: Line[];
}

/** Null where the fill is a plain colour. */
export function patternOf(fill: string): Pattern | null {
  const [, hatch, hex] = NAME.exec(fill) ?? [];
  if (hatch === undefined) return null;
  const lines = hatches[Number(hatch)];
  const colour = `#${hex}`;
  return { background: lines.length === 0 ? colour : paler(hex), ink: colour, tile: TILE, lines };
}

/** Two thirds of the way to white. */
function paler(hex: string): string {
  const channels = [0, 2, 4].map((at) => Number.parseInt(hex.slice(at, at + 2), 16));
  return `#${channels
    .map((channel) => Math.round(channel + (255 - channel) * 0.67))
    .map((channel) => channel.toString(16).padStart(2, '0'))
    .join('')}`;
}

/** The elements that define the patterns which an SVG names; empty where it names none. */
export function patternDefinitions(svg: string): string {
  const names = new Set([...svg.matchAll(/url\(#(pattern-\d+-[0-9a-f]{6})\)/g)].map(([, name]) => name));
  const definitions = [...names].map((name) => {
    const { background, ink, tile, lines } = patternOf(`url(#${name})`) as Pattern;
    const drawn = lines.map(([x1, y1, x2, y2]) => `M${x1},${y1}L${x2},${y2}`).join('');
    return (
      `<pattern id="${name}" width="${tile}" height="${tile}" patternUnits="userSpaceOnUse">` +
      `<rect width="${tile}" height="${tile}" fill="${background}"/>` +
      `<path d="${drawn}" stroke="${ink}" stroke-width="1.1"/></pattern>`
    );
  });
  return definitions.length === 0 ? '' : `<defs>${definitions.join('')}</defs>`;
}

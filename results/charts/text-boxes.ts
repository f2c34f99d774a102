/** Where the texts of a drawn picture are, and which of them lie on each other. */
import type { View } from 'vega';

/** In pixels, from the upper left corner of the picture. */
export interface TextBox {
  text: string;
  fontSize: number;
  left: number;
  top: number;
  right: number;
  bottom: number;
}

interface Bounds {
  x1: number;
  y1: number;
  x2: number;
  y2: number;
}

interface Item {
  x?: number;
  y?: number;
  opacity?: number;
  text?: string | string[];
  fontSize?: number;
  bounds: Bounds;
  items?: Mark[];
}

interface Mark {
  marktype: string;
  items: Item[];
}

/** Texts may come so close, in pixels: their boxes have room over and under the letters. */
const TOLERANCE = 1.5;

/** Of a view that was drawn. */
export function textBoxes(view: View): TextBox[] {
  const [left, top] = view.origin() as unknown as [number, number];
  const { root } = view.scenegraph() as unknown as { root: Mark };
  return boxesOf(root, left, top);
}

function boxesOf({ marktype, items }: Mark, left: number, top: number): TextBox[] {
  return items.flatMap((item) => {
    if (marktype === 'group') {
      return (item.items ?? []).flatMap((mark) => boxesOf(mark, left + (item.x ?? 0), top + (item.y ?? 0)));
    }
    const text = [item.text ?? ''].flat().join(' ');
    if (marktype !== 'text' || text === '' || item.opacity === 0) return [];
    const { x1, y1, x2, y2 } = item.bounds;
    const fontSize = item.fontSize ?? 0;
    return [{ text, fontSize, left: left + x1, top: top + y1, right: left + x2, bottom: top + y2 }];
  });
}

/** Pairs of texts that lie on each other. */
export function overlapping(boxes: TextBox[]): [TextBox, TextBox][] {
  return boxes.flatMap((a, index) =>
    boxes.slice(index + 1).flatMap((b): [TextBox, TextBox][] => {
      const wide = Math.min(a.right, b.right) - Math.max(a.left, b.left);
      const high = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
      return wide > TOLERANCE && high > TOLERANCE ? [[a, b]] : [];
    }),
  );
}

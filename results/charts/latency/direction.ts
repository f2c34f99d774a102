/**
 * Which way bars point: up, or to the right where they have no room beside each other. And the scale that they stand
 * on, in microseconds and in pixels.
 */

export interface BarDirection {
  isUpright: boolean;
  /** The channels of a bar's value, of its end, of its system and of its operation. */
  value: 'x' | 'y';
  value2: 'x2' | 'y2';
  place: 'x' | 'y';
  offset: 'xOffset' | 'yOffset';
}

export const upright: BarDirection = {
  isUpright: true,
  value: 'y',
  value2: 'y2',
  place: 'x',
  offset: 'xOffset',
};
export const lying: BarDirection = {
  isUpright: false,
  value: 'x',
  value2: 'x2',
  place: 'y',
  offset: 'yOffset',
};

/** Of all panels that are compared: how large they are, and which way their bars point. */
export interface Size {
  direction: BarDirection;
  /** Of the plot, in pixels. */
  width: number;
  /** Of the plot with upright bars; of one system's room with lying ones. */
  height: number;
  /** Left of lying bars. */
  labelRoom: number;
}

export interface ValueScale {
  low_us: number;
  high_us: number;
  length_px: number;
  isLog: boolean;
}

/** So that the highest value leaves `room_px` pixels for what stands beyond it. */
export function valueScale(
  [lowest_us, highest_us]: [number, number],
  length_px: number,
  room_px: number,
  isLog: boolean,
): ValueScale {
  const stretch = length_px / Math.max(1, length_px - room_px);
  // Bars on a logarithmic scale begin at the power of ten below the lowest.
  const low_us = isLog ? 10 ** Math.floor(Math.log10(lowest_us / 1.2)) : 0;
  const high_us = isLog ? low_us * (highest_us / low_us) ** stretch : highest_us * stretch;
  return { low_us, high_us, length_px, isLog };
}

export function pxOf({ low_us, high_us, length_px, isLog }: ValueScale, us: number): number {
  const share = isLog ? Math.log(us / low_us) / Math.log(high_us / low_us) : us / high_us;
  return share * length_px;
}

export function usOf({ low_us, high_us, length_px, isLog }: ValueScale, px: number): number {
  const share = px / length_px;
  return isLog ? low_us * (high_us / low_us) ** share : share * high_us;
}

/** The encoding of a value without its field. */
export function valueEncoding({ low_us, high_us, isLog }: ValueScale): object {
  const scale = { ...(isLog && { type: 'log' }), domain: [low_us, high_us], nice: false };
  return { type: 'quantitative', scale };
}

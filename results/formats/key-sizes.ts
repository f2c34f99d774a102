/**
 * How long keys are, as flags and experiments write it:
 *
 *     32    uniform:20-40    list:16=3,21=1    gev:LOCATION,SCALE,SHAPE    etc    usr
 *
 * Like lists.ts this file is for the load generator's threads too.
 */
import { meanBytes, parseValueSizes, type ValueSizes } from './value-sizes.ts';

/** Generalised extreme value distribution: location and scale in bytes, and shape. */
export interface ExtremeValueSizes {
  kind: 'gev';
  location: number;
  scale: number;
  shape: number;
}
export type KeySizes = Extract<ValueSizes, { kind: 'fixed' | 'uniform' | 'list' }> | ExtremeValueSizes;

/** `key:` and twelve digits. */
export const USUAL_KEY_BYTES = 16;
/** As long as a trace may have them. */
export const KEY_BYTES_MAX = 16_384;
/** What is drawn without bounds has room for the digits of any key, and is no longer than memcached's keys. */
export const DRAWN_KEY_BYTES = { least: 12, most: 250 } as const;

/**
 * Of Facebook's general-purpose pool ETC (B. Atikoglu et al., "Workload analysis of a large-scale key-value store",
 * SIGMETRICS 2012, section 5): its fit of the lengths of keys.
 */
const etc: KeySizes = { kind: 'gev', location: 30.7984, scale: 8.20449, shape: 0.078688 };
/** Its pool of user-account states, USR, has keys of two lengths; the text has no shares of them. */
const usr: KeySizes = {
  kind: 'list',
  sizes: [
    { bytes: 16, weight: 1 },
    { bytes: 21, weight: 1 },
  ],
};

/** Keys and values of one pool together: the words of `key_bytes` and `value_sizes` are its name. */
export const shapes = ['etc', 'usr'] as const;

/** What the text says; a string with what is wrong, a sentence, where it says nothing. */
export function parseKeySizes(text: string): KeySizes | string {
  if (text === 'etc') return etc;
  if (text === 'usr') return usr;
  const refused = `'${text}' is none of 32, uniform:20-40, list:16=3,21=1, gev:LOCATION,SCALE,SHAPE, etc, usr.`;
  if (text.startsWith('gev:')) {
    const [location = NaN, scale = NaN, shape = NaN, ...more] = text.slice(4).split(',').map(Number);
    if (!(location > 0 && scale > 0 && shape > 0 && shape < 1) || more.length > 0) {
      return `'${text}' is not gev:LOCATION,SCALE,SHAPE, all above 0 and the shape below 1, such as gev:30.8,8.2,0.08.`;
    }
    return { kind: 'gev', location, scale, shape };
  }
  const sizes = parseValueSizes(/^\d+$/.test(text) ? `fixed:${text}` : text);
  if (typeof sizes === 'string' || sizes.kind === 'pareto' || text.startsWith('fixed')) return refused;
  if (keyBytesWithin(sizes).most > KEY_BYTES_MAX)
    return `'${text}' has keys of more than ${KEY_BYTES_MAX} bytes.`;
  return sizes;
}

/** The shortest and the longest of them. */
export function keyBytesWithin(sizes: KeySizes): { least: number; most: number } {
  switch (sizes.kind) {
    case 'fixed':
      return { least: sizes.bytes, most: sizes.bytes };
    case 'uniform':
      return { least: sizes.min, most: sizes.max };
    case 'list': {
      const all = sizes.sizes.map(({ bytes }) => bytes);
      return { least: Math.min(...all), most: Math.max(...all) };
    }
    case 'gev':
      return DRAWN_KEY_BYTES;
  }
}

/** The length that a share `drawn` of all keys, between 0 and 1, does not exceed. */
export function extremeValueBytes({ location, scale, shape }: ExtremeValueSizes, drawn: number): number {
  const bytes = Math.round(location + (scale * ((-Math.log(drawn)) ** -shape - 1)) / shape);
  return bytes < DRAWN_KEY_BYTES.least
    ? DRAWN_KEY_BYTES.least
    : bytes > DRAWN_KEY_BYTES.most
      ? DRAWN_KEY_BYTES.most
      : bytes;
}

/** Steps of the mean over a distribution's quantiles. */
const STEPS = 10_000;

/** The mean in whole bytes. */
export function meanKeyBytes(sizes: KeySizes): number {
  if (sizes.kind !== 'gev') return meanBytes(sizes);
  let sum = 0;
  for (let step = 0; step < STEPS; step++) sum += extremeValueBytes(sizes, (step + 0.5) / STEPS);
  return Math.round(sum / STEPS);
}

/** Why keys of these lengths cannot be told apart, half a sentence; null where they can. */
export function keySizesProblem(sizes: KeySizes, keys: number, makesKeys: boolean): string | null {
  const { least } = keyBytesWithin(sizes);
  if (least >= DRAWN_KEY_BYTES.least) return null;
  if (makesKeys) return `new keys have at least ${DRAWN_KEY_BYTES.least} bytes, for their number`;
  return 10 ** least < keys ? `keys of ${least} bytes cannot distinguish ${keys} keys` : null;
}

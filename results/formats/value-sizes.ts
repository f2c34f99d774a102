/**
 * How long values are, as flags and experiments write it. A file of sizes has a size in bytes a line, and behind it,
 * if it has one, its weight; empty lines and what follows a # are nothing:
 *
 *     # bytes weight
 *     64 9
 *     1024
 */

export type ValueSizes =
  | { kind: 'fixed'; bytes: number }
  | { kind: 'uniform'; min: number; max: number }
  | { kind: 'list'; sizes: readonly WeightedSize[] }
  /** Generalised Pareto: location and scale in bytes, and shape; below `min` the list. */
  | { kind: 'pareto'; location: number; scale: number; shape: number; head: readonly WeightedSize[] };

export interface WeightedSize {
  bytes: number;
  weight: number;
}

/** Redis's limit of a bulk string (proto-max-bulk-len). */
export const VALUE_BYTES_MAX = 512 * 1024 * 1024;
/** The longest value of a distribution without a bound: that of memcached, from whose traces the shapes are. */
export const DRAWN_BYTES_MAX = 1_000_000;

/**
 * Value sizes of Facebook's general-purpose pool ETC (B. Atikoglu et al., "Workload analysis of a large-scale key-value
 * store", SIGMETRICS 2012, section 5 and table 5): short ones by their shares, from 15 bytes on a generalised Pareto
 * distribution.
 */
const etcShares = [
  ...[0.00536, 0.00047, 0.1782, 0.09239, 0.00018, 0.0274, 0.00065, 0.00606],
  ...[0.00023, 0.00837, 0.00837, 0.08989, 0.00092, 0.00326, 0.0198],
];
const etc: ValueSizes = {
  kind: 'pareto',
  location: etcShares.length,
  scale: 214.476,
  shape: 0.348238,
  head: etcShares.map((weight, bytes) => ({ bytes, weight })),
};
/** Its pool of user-account states, USR: nearly all values have two bytes. */
const usr: ValueSizes = { kind: 'fixed', bytes: 2 };

/** What the text says; a string with what is wrong, a sentence, where it says nothing. */
export function parseValueSizes(text: string): ValueSizes | string {
  if (text === 'etc') return etc;
  if (text === 'usr') return usr;
  const [kind, ...rest] = text.split(':');
  const given = rest.join(':');
  switch (kind) {
    case 'fixed': {
      const bytes = sizeIn(given);
      return bytes === null ? badSize(given) : { kind, bytes };
    }
    case 'uniform': {
      const [min = null, max = null, ...more] = given.split('-').map(sizeIn);
      if (min === null || max === null || more.length > 0 || min > max) {
        return `'${given}' is no range of sizes, such as uniform:1-1024.`;
      }
      return { kind, min, max };
    }
    case 'list':
      return parseList(given);
    case 'pareto': {
      const [location = NaN, scale = NaN, shape = NaN, ...more] = given.split(',').map(numberOf);
      if (!(location >= 0 && scale > 0 && Math.abs(shape) < 1) || more.length > 0) {
        return `'${given}' is not LOCATION,SCALE,SHAPE with a scale above 0 and a shape between -1 and 1, such as pareto:15,214.476,0.348.`;
      }
      return { kind, location, scale, shape, head: [] };
    }
    default:
      return `'${text}' is none of fixed:64, uniform:1-1024, list:64=9,1024=1, pareto:LOCATION,SCALE,SHAPE, etc, usr.`;
  }
}

function parseList(text: string): ValueSizes | string {
  const sizes: WeightedSize[] = [];
  for (const word of text.split(',')) {
    const [size = '', weight = '1', ...more] = word.split('=');
    const bytes = sizeIn(size);
    if (bytes === null) return badSize(size);
    if (!(numberOf(weight) > 0) || more.length > 0)
      return `'${word}' is no size with a weight, such as 64=9.`;
    sizes.push({ bytes, weight: numberOf(weight) });
  }
  return { kind: 'list', sizes };
}

/** A list, as parseValueSizes() takes it. */
export function sizesText({ sizes }: Extract<ValueSizes, { kind: 'list' }>): string {
  return `list:${sizes.map(({ bytes, weight }) => (weight === 1 ? bytes : `${bytes}=${weight}`)).join()}`;
}

/** The sizes of a file; a string with the line and what is wrong in it, where it is no such file. */
export function readSizes(text: string): Extract<ValueSizes, { kind: 'list' }> | string {
  const sizes: WeightedSize[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    const [size, weight = '1', ...more] = line.replace(/#.*/, '').trim().split(/\s+/);
    if (size === '') continue;
    const bytes = sizeIn(size);
    if (bytes === null) return `line ${index + 1}: ${badSize(size)}`;
    if (!(numberOf(weight) > 0) || more.length > 0) {
      return `line ${index + 1}: '${line.trim()}' is not a size and, behind it, its weight.`;
    }
    sizes.push({ bytes, weight: numberOf(weight) });
  }
  return sizes.length === 0 ? 'it has no size: give one a line.' : { kind: 'list', sizes };
}

/** The mean in whole bytes, which stands for the sizes where one number is wanted. */
export function meanBytes(sizes: ValueSizes): number {
  return Math.round(exactMean(sizes));
}

/** The longest one. */
export function mostBytes(sizes: ValueSizes): number {
  switch (sizes.kind) {
    case 'fixed':
      return sizes.bytes;
    case 'uniform':
      return sizes.max;
    case 'list':
      return sizes.sizes.reduce((most, { bytes }) => Math.max(most, bytes), 0);
    case 'pareto':
      return DRAWN_BYTES_MAX;
  }
}

function exactMean(sizes: ValueSizes): number {
  switch (sizes.kind) {
    case 'fixed':
      return sizes.bytes;
    case 'uniform':
      return (sizes.min + sizes.max) / 2;
    case 'list':
      return weightedMean(sizes.sizes);
    case 'pareto': {
      const { location, scale, shape, head } = sizes;
      const share = head.reduce((sum, { weight }) => sum + weight, 0);
      const ofHead = share > 0 ? share * weightedMean(head) : 0;
      return ofHead + (1 - share) * (location + scale / (1 - shape));
    }
  }
}

function weightedMean(sizes: readonly WeightedSize[]): number {
  const total = sizes.reduce((sum, { weight }) => sum + weight, 0);
  return sizes.reduce((sum, { bytes, weight }) => sum + (bytes * weight) / total, 0);
}

function sizeIn(text: string): number | null {
  const bytes = /^\d{1,9}$/.test(text) ? Number(text) : 0;
  return bytes >= 1 && bytes <= VALUE_BYTES_MAX ? bytes : null;
}

function badSize(text: string): string {
  return `'${text}' is no size of a value: whole bytes from 1 to ${VALUE_BYTES_MAX}.`;
}

function numberOf(text: string): number {
  return /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
}

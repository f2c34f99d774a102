/** How long the value of each key is: that follows from key and seed, so that whoever writes it anew writes as much. */
import {
  DRAWN_BYTES_MAX,
  mostBytes,
  type ValueSizes,
  type WeightedSize,
} from '../../results/formats/value-sizes.ts';

export class ValueLengths {
  /** The longest one. */
  readonly most: number;
  /** The length of all of them; -1 where they differ. */
  readonly fixed: number;
  readonly #sizes: ValueSizes;
  /** Of the list, in its order: sizes, and the shares up to each of them; the share of the list among all. */
  readonly #listed: Float64Array;
  readonly #shares: Float64Array;
  readonly #listShare: number;

  constructor(sizes: ValueSizes) {
    const listed = listOf(sizes);
    const total = listed.reduce((sum, { weight }) => sum + weight, 0);
    this.#sizes = sizes;
    this.#listed = Float64Array.from(listed, ({ bytes }) => bytes);
    let before = 0;
    this.#shares = Float64Array.from(listed, ({ weight }) => {
      before += weight / total;
      return before;
    });
    this.#listShare = sizes.kind === 'list' ? 1 : total;
    this.fixed = sizes.kind === 'fixed' ? sizes.bytes : -1;
    this.most = mostBytes(sizes);
  }

  /** @param hash of the key: 32 bits, evenly spread */
  at(hash: number): number {
    const sizes = this.#sizes;
    const drawn = ((hash >>> 0) + 0.5) / 2 ** 32;
    switch (sizes.kind) {
      case 'fixed':
        return sizes.bytes;
      case 'uniform':
        return sizes.min + Math.floor(drawn * (sizes.max - sizes.min + 1));
      case 'list':
        return this.#ofList(drawn);
      case 'pareto': {
        const head = this.#listShare;
        if (drawn < head) return this.#ofList(drawn / head);
        const rest = (1 - drawn) / (1 - head);
        const { location, scale, shape } = sizes;
        const beyond = shape === 0 ? -Math.log(rest) : (rest ** -shape - 1) / shape;
        return Math.min(DRAWN_BYTES_MAX, Math.max(1, Math.floor(location + scale * beyond)));
      }
    }
  }

  #ofList(drawn: number): number {
    const shares = this.#shares;
    let low = 0;
    let high = shares.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (drawn < shares[middle]) high = middle;
      else low = middle + 1;
    }
    return this.#listed[low];
  }
}

function listOf(sizes: ValueSizes): readonly WeightedSize[] {
  if (sizes.kind === 'list') return sizes.sizes;
  return sizes.kind === 'pareto' ? sizes.head : [];
}

/**
 * How much memory values other than strings take, for INFO: what a few elements of some of the values take, for all
 * elements of all of them. The sizes are those of V8's objects on a machine of 64 bits.
 */
import { HashValue } from './hash.ts';
import { ListValue } from './list.ts';
import { SetValue } from './set.ts';
import { type ObjectValue, sizeOf } from './value.ts';

const VALUES_SAMPLED_MAX = 1000;
const ELEMENTS_SAMPLED = 5;
/** A value without its elements: the object, its arrays and its index. */
const VALUE_BYTES = 200;
const TEXT_HEADER_BYTES = 16;
const POINTER_BYTES = 8;
/** What an index has of an element: two words, a quarter of them free and, after it has grown, half. */
const INDEX_BYTES = 12;
/** A score, and the place of a member in the order of scores. */
const SCORE_BYTES = 40;

export function estimateBytes(values: readonly (ObjectValue | null)[]): number {
  const step = Math.ceil(values.length / VALUES_SAMPLED_MAX);
  let count = 0;
  let elements = 0;
  let sampledElements = 0;
  let sampledBytes = 0;
  for (const value of values) {
    if (value === null) continue;
    const size = sizeOf(value);
    elements += size;
    if (count++ % step !== 0) continue;
    const looked = Math.min(size, ELEMENTS_SAMPLED);
    let bytes = 0;
    for (let j = 0; j < looked; j++) bytes += elementBytes(value, Math.floor((j * size) / looked));
    sampledElements += size;
    sampledBytes += (bytes * size) / looked;
  }
  const meanBytes = sampledElements === 0 ? 0 : sampledBytes / sampledElements;
  return Math.round(count * VALUE_BYTES + elements * meanBytes);
}

function elementBytes(value: ObjectValue, place: number): number {
  if (value instanceof ListValue) return textBytes(value.at(place));
  if (value instanceof SetValue) return INDEX_BYTES + textBytes(value.at(place));
  if (value instanceof HashValue) {
    return INDEX_BYTES + textBytes(value.fieldAt(place)) + textBytes(value.valueAt(place));
  }
  return INDEX_BYTES + SCORE_BYTES + textBytes(value.memberAt(place));
}

function textBytes(text: string): number {
  return POINTER_BYTES + TEXT_HEADER_BYTES + Math.ceil(text.length / 8) * 8;
}

/**
 * About how much memory values other than strings take: what some of their elements take, for all of them. The sizes
 * are those of V8's objects on a machine of 64 bits.
 */
import { HashValue } from './hash.ts';
import { ListValue } from './list.ts';
import { SetValue } from './set.ts';
import { type ObjectValue, sizeOf } from './value.ts';

const VALUES_SAMPLED_MAX = 1000;
const ELEMENTS_SAMPLED = 5;
/** A value without elements: its objects and their first arrays. */
const VALUE_BYTES = 300;
/** A text of V8 without its characters, and where it is kept. */
const TEXT_BYTES = 12 + 8;
/** A slot in the index of members, of which a quarter or more is free. */
const MEMBER_BYTES = 16;
/** A score beside its member, and once more in the order. */
const SCORE_BYTES = 8 + 8 + 8;

/** By so many of its elements; 0: by all. */
export function valueBytes(value: ObjectValue, samples: number): number {
  return VALUE_BYTES + Math.ceil(elementsBytes(value, samples));
}

/** All of these values, of which the places without one are null. */
export function allValuesBytes(values: readonly (ObjectValue | null)[]): number {
  const step = Math.ceil(values.length / VALUES_SAMPLED_MAX);
  let count = 0;
  let elements = 0;
  let sampledElements = 0;
  let sampledBytes = 0;
  for (const value of values) {
    if (value === null) continue;
    elements += sizeOf(value);
    if (count++ % step !== 0) continue;
    sampledElements += sizeOf(value);
    sampledBytes += elementsBytes(value, ELEMENTS_SAMPLED);
  }
  const meanBytes = sampledElements === 0 ? 0 : sampledBytes / sampledElements;
  return Math.round(count * VALUE_BYTES + elements * meanBytes);
}

function elementsBytes(value: ObjectValue, samples: number): number {
  const size = sizeOf(value);
  const looked = samples === 0 ? size : Math.min(samples, size);
  let bytes = 0;
  for (let i = 0; i < looked; i++) bytes += elementBytes(value, Math.floor((i * size) / looked));
  return looked === 0 ? 0 : (bytes * size) / looked;
}

function elementBytes(value: ObjectValue, place: number): number {
  if (value instanceof ListValue) return TEXT_BYTES + value.at(place).length;
  const indexed = MEMBER_BYTES + TEXT_BYTES;
  if (value instanceof SetValue) return indexed + value.at(place).length;
  if (value instanceof HashValue) {
    return indexed + TEXT_BYTES + value.fieldAt(place).length + value.valueAt(place).length;
  }
  return indexed + SCORE_BYTES + value.memberAt(place).length;
}

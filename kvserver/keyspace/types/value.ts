/** The types of values. Strings lie in the arena; a value of any other type is an object. */
import type { HashValue } from './hash.ts';
import type { ListValue } from './list.ts';
import type { SetValue } from './set.ts';
import type { SortedSetValue } from './sorted-set.ts';

export const TYPE_STRING = 1;
export const TYPE_LIST = 2;
export const TYPE_SET = 3;
export const TYPE_HASH = 4;
export const TYPE_SORTED_SET = 5;

export type ObjectValue = ListValue | SetValue | HashValue | SortedSetValue;

export function sizeOf(value: ObjectValue): number {
  return 'length' in value ? value.length : value.size;
}

/** Whether it has no element: a key never has such a value. */
export function isEmpty(value: ObjectValue): boolean {
  return sizeOf(value) === 0;
}

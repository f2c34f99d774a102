/** What sets, hashes and sorted sets do at the limit of their number of elements. */
import { expect, it } from 'vitest';
import { latin1Bytes } from '../../resp/bytes.ts';
import { defaultEncodingLimits } from './encoding-limits.ts';
import { HashValue } from './hash.ts';
import { Members } from './members.ts';
import { SetValue } from './set.ts';
import { SortedSetValue } from './sorted-set.ts';

const LIMIT = 1000;
const REFUSED = `ERR a value has at most ${LIMIT} elements`;

const limits = defaultEncodingLimits();

it.each([
  ['a set', new SetValue(limits, new Members(LIMIT)), (set: SetValue, text: string) => set.add(text)],
  [
    'a sorted set',
    new SortedSetValue(limits, new Members(LIMIT)),
    (set: SortedSetValue, text: string) => set.set(text, text.length),
  ],
  [
    'a hash',
    new HashValue(limits, new Members(LIMIT)),
    (hash: HashValue, text: string) => hash.set(latin1Bytes(text), 0, text.length, text),
  ],
])('%s takes no more at the limit, and stays as it is', (_what, value, add) => {
  const put = add as (value: SetValue | SortedSetValue | HashValue, text: string) => unknown;
  for (let i = 0; i < LIMIT; i++) put(value, `element:${i}`);
  for (const each of [value, value.copy()]) {
    expect(() => put(each, 'one more')).toThrow(REFUSED);
    expect(each.size).toBe(LIMIT);
    // What is there can be set again, and what is taken leaves room.
    put(each, 'element:7');
    expect(each.delete('element:7')).toBe(true);
    put(each, 'one more');
    expect(each.size).toBe(LIMIT);
    expect(each.delete('element:7')).toBe(false);
    expect(each.delete('one more')).toBe(true);
  }
});

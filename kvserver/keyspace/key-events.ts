/**
 * What can happen to a key, by the names that Redis has for it (notify.c), and in classes: the letters of the parameter
 * notify-keyspace-events.
 */

// Classes; the first two are the ways in which an event is told.
export const KEYSPACE = 1;
export const KEYEVENT = 1 << 1;
const GENERIC = 1 << 2;
const STRING = 1 << 3;
const LIST = 1 << 4;
const SET = 1 << 5;
const HASH = 1 << 6;
const SORTED_SET = 1 << 7;
const EXPIRED = 1 << 8;
const EVICTED = 1 << 9;
const STREAM = 1 << 10;
const MODULE = 1 << 11;
const NEW = 1 << 12;
const MISSED = 1 << 13;
/** What the letter A means. */
const ALL = GENERIC | STRING | LIST | SET | HASH | SORTED_SET | EXPIRED | EVICTED | STREAM | MODULE;

export interface KeyEvent {
  readonly name: string;
  /** One of the classes. */
  readonly kind: number;
}

/** Each event has a property of its name. */
function ofClass<const Names extends readonly string[]>(
  kind: number,
  names: Names,
): { readonly [Name in Names[number]]: KeyEvent } {
  return Object.fromEntries(names.map((name) => [name, { name, kind }])) as {
    [Name in Names[number]]: KeyEvent;
  };
}

export const events = {
  ...ofClass(GENERIC, [
    'del',
    'expire',
    'persist',
    'rename_from',
    'rename_to',
    'move_from',
    'move_to',
    'copy_to',
  ]),
  ...ofClass(STRING, ['set', 'setrange', 'append', 'incrby', 'incrbyfloat', 'setbit']),
  ...ofClass(LIST, ['lpush', 'rpush', 'lpop', 'rpop', 'linsert', 'lset', 'ltrim', 'lrem']),
  ...ofClass(SET, ['sadd', 'srem', 'spop', 'sinterstore', 'sunionstore', 'sdiffstore']),
  ...ofClass(HASH, ['hset', 'hincrby', 'hincrbyfloat', 'hdel']),
  ...ofClass(SORTED_SET, ['zadd', 'zincr', 'zrem', 'zpopmin', 'zpopmax', 'zrangestore']),
  ...ofClass(SORTED_SET, ['zremrangebyrank', 'zremrangebyscore', 'zremrangebylex']),
  ...ofClass(SORTED_SET, ['zunionstore', 'zinterstore', 'zdiffstore']),
  ...ofClass(EXPIRED, ['expired']),
  ...ofClass(EVICTED, ['evicted']),
  ...ofClass(NEW, ['new']),
  ...ofClass(MISSED, ['keymiss']),
};

/** In the order in which CONFIG GET has the letters. */
const LETTERS: readonly (readonly [letter: string, classes: number])[] = [
  ['g', GENERIC],
  ['$', STRING],
  ['l', LIST],
  ['s', SET],
  ['h', HASH],
  ['z', SORTED_SET],
  ['x', EXPIRED],
  ['e', EVICTED],
  ['t', STREAM],
  ['d', MODULE],
  ['n', NEW],
  ['K', KEYSPACE],
  ['E', KEYEVENT],
  ['m', MISSED],
];
/** Not shown behind an A: of NEW, which A does not mean, Redis 7.0 forgets to tell. */
const SHOWN_BY_ALL = ALL | NEW;

/** The classes that letters stand for; null when one of them is none. */
export function parseClasses(letters: string): number | null {
  let classes = 0;
  for (const letter of letters) {
    const found = letter === 'A' ? ALL : LETTERS.find(([each]) => each === letter)?.[1];
    if (found === undefined) return null;
    classes |= found;
  }
  return classes;
}

export function formatClasses(classes: number): string {
  const hasAll = (classes & ALL) === ALL;
  const hidden = hasAll ? SHOWN_BY_ALL : 0;
  const letters = LETTERS.filter(([, each]) => (classes & each & ~hidden) !== 0).map(([letter]) => letter);
  return (hasAll ? 'A' : '') + letters.join('');
}

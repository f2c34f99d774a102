/** Where the keys of a request stand. */
import type { Request } from '../resp/request.ts';
import type { CommandSpec } from './table.ts';

/** Of commands that say how many keys follow: the argument that does. */
const NUMKEYS_AT: Record<string, number> = {
  blmpop: 2,
  bzmpop: 2,
  lmpop: 1,
  sintercard: 1,
  zdiff: 1,
  zdiffstore: 2,
  zinter: 1,
  zintercard: 1,
  zinterstore: 2,
  zmpop: 1,
  zunion: 1,
  zunionstore: 2,
};

export function hasKeys(spec: CommandSpec): boolean {
  return spec.keys !== undefined || spec.name in NUMKEYS_AT;
}

/**
 * The places of the keys among the arguments of a request of this command, which begins at argument `from`; null when
 * its number of keys is wrong.
 */
export function keyPlaces(spec: CommandSpec, request: Request, from: number): number[] | null {
  const argc = request.argc - from;
  const places: number[] = [];
  if (spec.keys !== undefined) {
    const { first, step } = spec.keys;
    const last = spec.keys.last < 0 ? argc + spec.keys.last : spec.keys.last;
    for (let i = first; i <= last; i += step) places.push(i);
  }
  if (!(spec.name in NUMKEYS_AT)) return places;
  const at = NUMKEYS_AT[spec.name];
  const count = request.integer(from + at);
  if (!(count >= 1 && count <= argc - at - 1)) return null;
  for (let i = 1; i <= count; i++) places.push(at + i);
  return places;
}

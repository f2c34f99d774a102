/** A config in which every system and floor stands written out, at its points. */
import type { Axis, LeftOut } from '../../results/formats/index.ts';
import type { LibraryEntry } from './library.ts';
import type { Config, ConfiguredPoint } from './schema.ts';

export interface ResolvedConfig {
  config: Config;
  /** For each system and floor by name: the entries of the library that it is made of, nearest first. */
  sources: ReadonlyMap<string, readonly LibraryEntry[]>;
  axes: Axis[];
  points: ConfiguredPoint[];
  /** What a whole run varies, where this is a quick one. */
  wholeAxes: Axis[];
  /** What --quick leaves out of the whole experiment; null where that is nothing. */
  leftOut: LeftOut | null;
  /** Systems that are measured at none of the values of axes that --set says. */
  unmeasured: readonly string[];
}

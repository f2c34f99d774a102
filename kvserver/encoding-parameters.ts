/** The parameters of CONFIG that say how large a value may be in Redis' compact forms. */
import type { EncodingLimits } from './keyspace/types/encoding-limits.ts';
import { parseMemory } from './options.ts';
import { type ConfigParameter, integerParameter, NO_INTEGER } from './parameter.ts';
import { latin1Bytes } from './resp/bytes.ts';
import { parseInt64 } from './resp/numbers.ts';

const INT_MAX = 2 ** 31 - 1;

/** The parameters by name; each has the name that it had before Redis 7 too. */
export function encodingParameters(limits: EncodingLimits): [string, ConfigParameter][] {
  const named = (name: string, limit: keyof EncodingLimits): [string, ConfigParameter][] => {
    const parameter = name.endsWith('-value') ? sizeParameter(limits, limit) : countParameter(limits, limit);
    const former = name.replace('listpack', 'ziplist');
    return former === name ? [[name, parameter]] : [name, former].map((each) => [each, parameter]);
  };
  const packing = keptParameter(-2, -(2 ** 31));
  return [
    ...named('hash-max-listpack-entries', 'hashEntries'),
    ...named('hash-max-listpack-value', 'hashBytes'),
    ...named('set-max-intset-entries', 'setEntries'),
    ...named('zset-max-listpack-entries', 'sortedSetEntries'),
    ...named('zset-max-listpack-value', 'sortedSetBytes'),
    // A list has one encoding, however its parts are packed: nothing depends on these.
    ['list-max-listpack-size', packing],
    ['list-max-ziplist-size', packing],
    ['list-compress-depth', keptParameter(0, 0)],
  ];
}

const OUT_OF_RANGE = 'argument must be between 0 and 9223372036854775807 inclusive';
const LIMIT_MAX = 2n ** 63n - 1n;

/** A parameter without a unit. */
function countParameter(limits: EncodingLimits, limit: keyof EncodingLimits): ConfigParameter {
  return parameterOf(limits, limit, (value) => {
    const count = parseInt64(latin1Bytes(value), 0, value.length);
    return count === null ? NO_INTEGER : BigInt(count);
  });
}

/** An int from `min` on that is kept and has no effect. */
function keptParameter(first: number, min: number): ConfigParameter {
  return integerParameter({ value: first }, 'value', min, INT_MAX);
}

/** A parameter in bytes, or with a unit. */
function sizeParameter(limits: EncodingLimits, limit: keyof EncodingLimits): ConfigParameter {
  return parameterOf(limits, limit, (value) => {
    if (/^\d{1,19}$/.test(value)) return BigInt(value);
    const bytes = parseMemory(value);
    return bytes === null ? 'argument must be a memory value' : BigInt(bytes);
  });
}

/** `read` returns the number or an error text. */
function parameterOf(
  limits: EncodingLimits,
  limit: keyof EncodingLimits,
  read: (value: string) => bigint | string,
): ConfigParameter {
  // As text: a limit beyond 2^53 is one that no value reaches.
  let shown = String(limits[limit]);
  return {
    get: () => shown,
    set: (value) => {
      const given = read(value);
      if (typeof given === 'string') return given;
      if (given < 0n || given > LIMIT_MAX) return OUT_OF_RANGE;
      shown = String(given);
      limits[limit] = Number(given);
      return null;
    },
  };
}

/** Error replies that several commands share. */

export const WRONG_TYPE = 'WRONGTYPE Operation against a key holding the wrong kind of value';
export const SYNTAX_ERROR = 'ERR syntax error';
export const NOT_AN_INTEGER = 'ERR value is not an integer or out of range';
export const NOT_AN_INT = 'ERR value is out of range, value must between -2147483648 and 2147483647';
export const NOT_A_FLOAT = 'ERR value is not a valid float';
export const NO_SUCH_KEY = 'ERR no such key';
export const OVERFLOW = 'ERR increment or decrement would overflow';
export const FLOAT_OVERFLOW = 'ERR increment would produce NaN or Infinity';
export const TOO_LONG_STRING = 'ERR string exceeds maximum allowed size (proto-max-bulk-len)';
export const MUST_BE_POSITIVE = 'ERR value is out of range, must be positive';
export const DB_OUT_OF_RANGE = 'ERR DB index is out of range';

export function invalidExpireTime(command: string): string {
  return `ERR invalid expire time in '${command}' command`;
}

export function wrongArity(command: string): string {
  return `ERR wrong number of arguments for '${command}' command`;
}

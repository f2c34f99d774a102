/** Integer arguments that have a range of their own. */
import type { Int64 } from '../resp/numbers.ts';
import type { ReplyWriter } from '../resp/reply.ts';
import type { Request } from '../resp/request.ts';
import { NOT_AN_INTEGER } from './replies.ts';

const INT32_MIN = -(2 ** 31);
const INT32_MAX = 2 ** 31 - 1;

/** The argument as an integer from min to max, to the nearest double; NaN when it is none, with the error written. */
export function integerBetween(
  request: Request,
  index: number,
  min: Int64,
  max: Int64,
  reply: ReplyWriter,
): number {
  const value = request.int64(index);
  if (value === null) {
    reply.error(NOT_AN_INTEGER);
    return Number.NaN;
  }
  if (value < min || value > max) {
    reply.error(`ERR value is out of range, value must between ${min} and ${max}`);
    return Number.NaN;
  }
  return Number(value);
}

export function isInt32(value: number): boolean {
  return value >= INT32_MIN && value <= INT32_MAX;
}

/** As integerBetween, of an argument that Redis reads as an int. */
export function int32Argument(request: Request, index: number, reply: ReplyWriter): number {
  return integerBetween(request, index, INT32_MIN, INT32_MAX, reply);
}

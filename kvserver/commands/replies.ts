/** Error replies that several commands share. */
import type { ReplyWriter } from '../resp/reply.ts';
import type { Request } from '../resp/request.ts';

export const WRONG_TYPE = 'WRONGTYPE Operation against a key holding the wrong kind of value';
export const SYNTAX_ERROR = 'ERR syntax error';
export const NOT_AN_INTEGER = 'ERR value is not an integer or out of range';
export const NOT_A_FLOAT = 'ERR value is not a valid float';
export const NO_SUCH_KEY = 'ERR no such key';
export const OVERFLOW = 'ERR increment or decrement would overflow';
export const FLOAT_OVERFLOW = 'ERR increment would produce NaN or Infinity';
export const TOO_LONG_STRING = 'ERR string exceeds maximum allowed size (proto-max-bulk-len)';
export const TOO_LONG_TRANSACTION = 'ERR the queued commands exceed client-query-buffer-limit';
export const MUST_BE_POSITIVE = 'ERR value is out of range, must be positive';
export const NO_KEY_COUNT = 'ERR numkeys should be greater than 0';
export const NEGATIVE_LIMIT = "ERR LIMIT can't be negative";
export const DB_OUT_OF_RANGE = 'ERR DB index is out of range';

export function invalidExpireTime(command: string): string {
  return `ERR invalid expire time in '${command}' command`;
}

/** The error of a container whose subcommand checks its arguments itself. */
export function unknownOrArity(request: Request): string {
  const name = request.text(1).split('\0')[0].slice(0, 128);
  const container = request.text(0).toUpperCase();
  return `ERR unknown subcommand or wrong number of arguments for '${name}'. Try ${container} HELP.`;
}

/** The reply of a container's HELP: what each subcommand is called with, and what it does. */
export function writeHelp(request: Request, reply: ReplyWriter, subcommands: [string, string][]): void {
  const container = request.text(0).toUpperCase();
  const lines = [...subcommands, ['HELP', 'What is shown here.']];
  reply.array(1 + 2 * lines.length);
  reply.simple(`${container} <subcommand> [<arg> [value] [opt] ...]. Subcommands are:`);
  for (const [form, meaning] of lines) {
    reply.simple(form);
    reply.simple(`    ${meaning}`);
  }
}

export function wrongArity(command: string): string {
  return `ERR wrong number of arguments for '${command}' command`;
}

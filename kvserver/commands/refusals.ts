/** Why a request is not run: the texts of error replies, as Redis has them. */
import { latin1 } from '../resp/bytes.ts';
import type { Request } from '../resp/request.ts';
import type { Command, CommandTable } from './table.ts';

/** The error for a name, or the name of a subcommand, that is not there. */
export function notFound(commands: CommandTable, request: Request): string {
  const command = commands.lookup(request.bytes, request.start[0], request.length[0]);
  return command === null ? unknownCommand(request) : unknownSubcommand(command, request);
}

/** Where keys, values and clients take more than they may, and nothing can be evicted. */
export const OVER_MAXMEMORY = "OOM command not allowed when used memory > 'maxmemory'.";

/** To a client that sees all commands, for one of its own on keys. */
export const NOT_FOR_MONITORS = "ERR Replica can't interact with the keyspace";

export function notWhileSubscribed({ fullName }: Command): string {
  return (
    `ERR Can't execute '${fullName}': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed ` +
    'in this context'
  );
}

function unknownSubcommand(command: Command, request: Request): string {
  const name = request.text(1).split('\0')[0].slice(0, 128);
  return `ERR unknown subcommand '${name}'. Try ${command.fullName.toUpperCase()} HELP.`;
}

/** The error for a name that is no command, with the arguments shortened as Redis does. */
function unknownCommand(request: Request): string {
  let shown = '';
  for (let i = 1; i < request.argc && shown.length < 128; i++) {
    shown += `'${beforeZero(request, i, 128 - shown.length)}' `;
  }
  return `ERR unknown command '${beforeZero(request, 0, 128)}', with args beginning with: ${shown}`;
}

/** The start of an argument, up to a zero byte, as C's "%.*s" prints it. */
function beforeZero(request: Request, index: number, length: number): string {
  const start = request.start[index];
  const text = latin1(request.bytes, start, Math.min(length, request.length[index]));
  return text.split('\0')[0];
}

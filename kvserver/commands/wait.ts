/** WAIT, for replicas of which this server has none. */
import { type Client, IN_MULTI } from '../client.ts';
import type { ReplyWriter } from '../resp/reply.ts';
import type { Request } from '../resp/request.ts';
import { replyZero } from './lookup.ts';
import { NOT_AN_INTEGER } from './replies.ts';
import type { CommandSpec, ServerState } from './table.ts';

/**
 * When the timeout in argument `index`, in milliseconds, will have passed: milliseconds since the epoch, 0 for never.
 * null with the error written.
 */
export function millisecondsDeadline(
  request: Request,
  index: number,
  reply: ReplyWriter,
  { clock }: ServerState,
): number | null {
  const milliseconds = request.integer(index);
  if (Number.isNaN(milliseconds)) {
    reply.error('ERR timeout is not an integer or out of range');
    return null;
  }
  if (milliseconds < 0) {
    reply.error('ERR timeout is negative');
    return null;
  }
  return milliseconds > 0 ? clock.update() + milliseconds : 0;
}

function wait(client: Client, request: Request, reply: ReplyWriter, server: ServerState): void {
  const replicas = request.integer(1);
  if (Number.isNaN(replicas)) {
    reply.error(NOT_AN_INTEGER);
    return;
  }
  const deadlineMs = millisecondsDeadline(request, 2, reply, server);
  if (deadlineMs === null) return;
  if (replicas <= 0 || (client.mode & IN_MULTI) !== 0) {
    reply.integer(0);
    return;
  }
  server.blocked.block(client, { keys: [], type: 0, deadlineMs, serve: () => {}, timedOut: replyZero });
}

export const waitCommands: CommandSpec[] = [
  {
    name: 'wait',
    arity: 3,
    flags: ['noscript'],
    summary: 'Wait for replicas, of which there are none: until the timeout',
    handler: wait,
  },
];

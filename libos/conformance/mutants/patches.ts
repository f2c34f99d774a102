/** How mutants change what a libOS does: its calls, what completes, what is accepted. */
import type { LibosCore } from '../../core.ts';
import type { SocketQueue } from '../../lingering-sockets.ts';
import type { ScatterGatherArray } from '../../memory/sga.ts';
import { NO_SLOT, type PendingList, type TokenTable } from '../../tokens.ts';
import { type Queue, TransportHost } from '../../transport.ts';

/** Of a queue over a socket of the kernel's. */
export const fdOf = (queue: Queue): number => (queue as SocketQueue).fd;

/** Runs `before` ahead of a method of the transport. */
export function ahead(
  { transport }: LibosCore,
  method: 'close' | 'push' | 'shutdownWrite',
  before: (queue: Queue) => void,
): void {
  const real = transport[method].bind(transport);
  transport[method] = (queue) => {
    before(queue);
    real(queue);
  };
}

/** Lets `change` say with which error an operation completes. */
export function completing(
  { tokens }: LibosCore,
  change: (slot: number, error: TokenTable['error'][number]) => TokenTable['error'][number],
): void {
  const real = tokens.complete.bind(tokens);
  tokens.complete = (slot, error) => real(slot, change(slot, error));
}

/** Changes a connection before it is handed out. */
export function accepting(change: (connection: Queue) => void): () => void {
  return () => {
    const real = TransportHost.prototype.accepted;
    TransportHost.prototype.accepted = function (listener, connection) {
      change(connection);
      real.call(this, listener, connection);
    };
  };
}

/** Changes how a connect ends. */
export function connecting(change: (queue: Queue, error: Queue['error']) => Queue['error']): () => void {
  return () => {
    const real = TransportHost.prototype.connectEnded;
    TransportHost.prototype.connectEnded = function (queue, error) {
      real.call(this, queue, change(queue, error));
    };
  };
}

export function datagrams(
  { tokens, transport }: LibosCore,
  change: (sga: ScatterGatherArray) => 'deliver' | 'swallow',
): void {
  const real = tokens.completePopFrom.bind(tokens);
  tokens.completePopFrom = (pops, sga, address, port) => {
    if (change(sga) === 'deliver') real(pops, sga, address, port);
    else transport.pool.release(sga);
  };
}

/** Takes the last slot off a list that has two or more. */
export function takeLast(tokens: TokenTable, list: PendingList): number {
  const last = list.tail;
  let before = list.head;
  while (tokens.next[before] !== last) before = tokens.next[before];
  tokens.next[before] = NO_SLOT;
  list.tail = before;
  return last;
}

export function cut(sga: ScatterGatherArray, bytes: number): void {
  let left = bytes;
  for (let i = 0; i < sga.segmentCount; i++) {
    const segment = sga.segments[i];
    segment.length = Math.min(segment.length, left);
    left -= segment.length;
  }
}

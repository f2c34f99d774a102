/**
 * What a stack keeps at most, whatever comes from the other end: the table of docs/tcp.md, "What is kept, at most"; and
 * what is known of the same thing in two places is the same. Throws what does not hold.
 */
import { distance } from '../../../libos/inet/sequence.ts';
import type { Stack } from '../../../libos/inet/stack.ts';
import type { TcpConnection } from '../../../libos/inet/tcp/connection.ts';
import { type Flight, Mark, MOST_ENTRIES } from '../../../libos/inet/tcp/flight.ts';
import { MIN_HALF_OPEN } from '../../../libos/inet/tcp/listener.ts';
import { MAX_OVERRUN, maxOutOfOrder } from '../../../libos/inet/tcp/receive-window.ts';
import { MAX_SACKED_RANGES } from '../../../libos/inet/tcp/sack.ts';
import { MAX_WINDOW_BYTES } from '../../../libos/inet/tcp/slow-start.ts';
import { TcpState } from '../../../libos/inet/tcp/states.ts';
import { MAX_TIME_WAIT } from '../../../libos/inet/tcp/time-wait.ts';

/** Beyond the window: the byte of a probe, and a FIN. */
const NUMBERS_WITHOUT_ROOM = 2;

export function requireBounded({ tcp, neighbours }: Stack): void {
  const { connections, context, listeners } = tcp;
  const halfOpen = new Map<unknown, number>();
  connections.forEach((connection) => {
    requireReceiver(connection);
    if (connection.isSynchronized) requireSender(connection);
    const { listener, state } = connection;
    if (state === TcpState.SynReceived) halfOpen.set(listener, (halfOpen.get(listener) ?? 0) + 1);
  });
  for (const listener of listeners.values()) {
    most('complete connections', listener.complete, listener.backlog);
    most('half-open connections', listener.halfOpen, Math.max(listener.backlog, MIN_HALF_OPEN));
    same('half-open connections', listener.halfOpen, halfOpen.get(listener) ?? 0);
  }
  // Each stands there once, under its earliest deadline.
  most('timers of connections', context.timers.size, connections.size);
  most('timers of neighbours', neighbours.timers.size, neighbours.size);
  most('connections in TIME-WAIT', context.timeWait.count, MAX_TIME_WAIT);
}

function requireReceiver({ context, receiver }: TcpConnection): void {
  const { receiveWindowBytes } = context.options;
  const { advertisedEdge, next, queue, reassembly, windowScale } = receiver;
  const offered = distance(next, advertisedEdge);
  const buffer = receiveWindowBytes * (1 + MAX_OVERRUN) + 2 ** windowScale;
  most('bytes that have come and may come', queue.bytes + offered, buffer);
  if (reassembly === null) return;
  most('bytes out of order', reassembly.bytes, Math.max(0, offered));
  most(
    'segments out of order',
    reassembly.count,
    Math.min(maxOutOfOrder(receiveWindowBytes), reassembly.bytes),
  );
}

function requireSender({ context, sender }: TcpConnection): void {
  const { inFlight, recovery, rtt, unacknowledged, next, window } = sender;
  const { congestion, flight, scoreboard } = recovery;
  most('numbers in flight', inFlight, window.maxBytes + NUMBERS_WITHOUT_ROOM);
  most('segments in flight', flight.count, Math.min(MOST_ENTRIES, inFlight));
  same('the first number in flight', flight.start, unacknowledged);
  if (flight.count > 0) same('the last number in flight', flight.end(flight.count - 1), next);
  requireCounts(flight);
  most('bytes SACKed or lost', flight.sackedBytes + flight.lostBytes, inFlight);
  same('SACKed bytes', flight.sackedBytes, scoreboard?.sackedBytes ?? 0);
  most('SACKed ranges', scoreboard?.rangeCount ?? 0, Math.min(MAX_SACKED_RANGES, flight.sackedCount));
  most('bytes of the congestion window', congestion.window, MAX_WINDOW_BYTES);
  most('bytes of one segment', 1, congestion.window);
  most('us until a retransmission', rtt.rtoUs, context.options.maxRtoUs);
  most('us until a retransmission at least', context.options.minRtoUs, rtt.rtoUs);
}

/** What the flight counts is what its segments are marked with. */
function requireCounts(flight: Flight): void {
  let [sackedBytes, sackedCount, lostBytes, againCount] = [0, 0, 0, 0];
  for (let i = 0; i < flight.count; i++) {
    const marks = flight.marks(i);
    if (marks & Mark.Sacked) {
      sackedBytes += flight.bytes(i);
      sackedCount++;
    }
    if (marks & Mark.Lost) lostBytes += flight.bytes(i);
    if (marks & Mark.Again) againCount++;
  }
  same('SACKed bytes', flight.sackedBytes, sackedBytes);
  same('SACKed segments', flight.sackedCount, sackedCount);
  same('lost bytes', flight.lostBytes, lostBytes);
  same('segments sent again', flight.againCount, againCount);
}

function most(what: string, count: number, limit: number): void {
  if (count > limit) throw new Error(`${what}: ${count}, and at most ${limit} are allowed`);
}

function same(what: string, one: number, other: number): void {
  if (one !== other) throw new Error(`${what}: ${one} here, and ${other} there`);
}

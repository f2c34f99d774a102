/**
 * Joins the stamps of both sides into the stages of requests. A request's push is the one that carried its
 * last byte, and so on: client's push -> server's pop -> server's push of the reply's last byte -> client's
 * pop of it.
 *
 * What runs in parallel counts once, on the critical path: over kernel sockets the client's send() may return
 * after the server has received, since Linux delivers over loopback within the sender's call. The call that
 * sends ends, here, where the one that receives was entered, so the stages of a request never overlap and add
 * up to t8 - t1.
 */
import { ResultsError } from '../../errors.ts';
import type { StampedRequest, StampFile, Transfer } from '../../formats/index.ts';
import { aheadAt, monotonicAt, type ServersClock } from './one-way.ts';
import { clientStages, type Stage, schedule, splitStages, twoClockStages } from './stage.ts';

export interface StagedRequest {
  /** By CLOCK_MONOTONIC of the client. */
  sent_ns: number;
  /** As measured: in an open loop from when it was to be sent. */
  latency_ns: number;
  /** In the order of the stages. */
  stages_ns: number[];
  /** An estimate of its way to another machine (one-way.ts); null where there is none. */
  request_way_ns: number | null;
}

export interface StagedRequests {
  stages: Stage[];
  requests: StagedRequest[];
  /** Requests with a stamp missing: at the edges of windows, or replaced by newer ones. */
  incomplete: number;
  /** Requests whose stamps contradict their order by more than a reading's error. */
  inconsistent: number;
}

/** A reading of the counter may lie so far beside its instruction, ns. */
const READING_ERROR_NS = 50;

/**
 * `server` is null where it was not stamped. Where the two sides have different counters only differences on
 * one of them are used; `clock` then gives an estimate of the way there beside the stages.
 */
export function joinStamps(
  client: StampFile,
  server: StampFile | null,
  clock: ServersClock | null = null,
): StagedRequests {
  const sameCounter = server !== null && server.machine === client.machine;
  const stages = server === null ? clientStages : sameCounter ? splitStages : twoClockStages;
  const connections = [...client.connections.values()];
  const scheduled = connections.some(({ requests }) => requests.some(({ behind_ns }) => behind_ns > 0));
  const joined: StagedRequests = {
    stages: scheduled ? [schedule, ...stages] : stages,
    requests: [],
    incomplete: 0,
    inconsistent: 0,
  };
  const rates = { client: client.ns_per_count, server: server?.ns_per_count ?? Number.NaN };
  if (sameCounter) rates.server = rates.client;
  if (!(rates.client > 0) || (server !== null && !(rates.server > 0))) {
    throw new ResultsError(
      'STAMPS_UNREADABLE',
      'a file of stamps does not tell how fast its counter runs, as its process was still running: end that, and copy the file then',
    );
  }
  for (const [ports, { pushes, pops, requests }] of client.connections) {
    const peer = server?.connections.get(ports.split(':').reverse().join(':'));
    const find = {
      push: walk(pushes),
      pop: walk(pops),
      serverPop: walk(peer?.pops ?? []),
      serverPush: walk(peer?.pushes ?? []),
    };
    for (const request of requests) {
      const sent = find.push(request.requestEnd);
      const received = find.pop(request.replyEnd);
      const arrived = find.serverPop(request.requestEnd);
      const answered = find.serverPush(request.replyEnd);
      if (!sent || !received || (server !== null && (!arrived || !answered))) {
        joined.incomplete++;
        continue;
      }
      const stages_ns =
        arrived && answered
          ? sameCounter
            ? oneCounter(sent, arrived, answered, received, rates.client)
            : twoCounters(sent, arrived, answered, received, rates)
          : clientOnly(sent, received, rates.client);
      if (stages_ns.some((ns) => ns < -READING_ERROR_NS)) joined.inconsistent++;
      else {
        const way_ns =
          arrived && server && clock && !sameCounter ? wayOf(client, sent, server, arrived, clock) : null;
        joined.requests.push(staged(request, scheduled, stages_ns, way_ns));
      }
    }
  }
  return joined;
}

/** The stages of a request that was on schedule, and before them, in an open loop, how far it was behind that. */
function staged(
  { sent_ns, latency_ns, behind_ns }: StampedRequest,
  scheduled: boolean,
  stages_ns: number[],
  request_way_ns: number | null,
): StagedRequest {
  return scheduled
    ? { sent_ns, latency_ns: latency_ns + behind_ns, stages_ns: [behind_ns, ...stages_ns], request_way_ns }
    : { sent_ns, latency_ns, stages_ns, request_way_ns };
}

/** From when the call that sent it was left until the one that received it was entered. */
function wayOf(
  client: StampFile,
  { leave }: Transfer,
  server: StampFile,
  { enter }: Transfer,
  clock: ServersClock,
): number {
  const left_ns = monotonicAt(client, leave);
  return monotonicAt(server, enter) - aheadAt(clock, left_ns) - left_ns;
}

/** Finds the transfer that carried the byte before `position`; positions must not decrease. */
function walk(transfers: Transfer[]): (position: number) => Transfer | null {
  let at = 0;
  return (position) => {
    while (at < transfers.length && transfers[at].end < position) at++;
    const found = transfers[at];
    return found && found.start < position ? found : null;
  };
}

/** Differences between consecutive points. */
function between(points: number[], ns_per_count: number): number[] {
  return points.slice(1).map((point, index) => (point - points[index]) * ns_per_count);
}

function oneCounter(
  sent: Transfer,
  arrived: Transfer,
  answered: Transfer,
  received: Transfer,
  ns_per_count: number,
): number[] {
  const handed = handedOver(sent, arrived);
  const replied = handedOver(answered, received);
  return between(
    [
      sent.application,
      sent.enter,
      handed,
      Math.max(arrived.enter, handed),
      arrived.leave,
      arrived.application,
      answered.application,
      answered.enter,
      replied,
      Math.max(received.enter, replied),
      received.leave,
      received.application,
    ],
    ns_per_count,
  );
}

/**
 * A call that sends is over, as far as the critical path goes, when the other side has entered the one that
 * receives.
 */
function handedOver(sent: Transfer, arrived: Transfer): number {
  return Math.max(sent.enter, Math.min(sent.leave, arrived.enter));
}

function twoCounters(
  sent: Transfer,
  arrived: Transfer,
  answered: Transfer,
  received: Transfer,
  rates: { client: number; server: number },
): number[] {
  const replyEnter = Math.max(received.enter, sent.leave);
  const residence = [
    arrived.enter,
    arrived.leave,
    arrived.application,
    answered.application,
    answered.enter,
    answered.leave,
  ];
  const away = (replyEnter - sent.enter) * rates.client;
  const sending = (sent.leave - sent.enter) * rates.client;
  const atServer = (answered.leave - arrived.enter) * rates.server;
  // Below zero by what went on in both at the same time, which is the sending call's.
  const onTheWay = away - sending - atServer;
  return [
    (sent.enter - sent.application) * rates.client,
    sending + Math.min(0, onTheWay),
    ...between(residence, rates.server),
    Math.max(0, onTheWay),
    ...between([replyEnter, received.leave, received.application], rates.client),
  ];
}

/** The command's own time is known as a mean only, and taken out of this block where the breakdown is made. */
function clientOnly(sent: Transfer, received: Transfer, ns_per_count: number): number[] {
  const handed = handedOver(sent, received);
  const enter = Math.max(received.enter, handed);
  const [send, inside, block, receive, deliver] = between(
    [sent.application, sent.enter, handed, enter, received.leave, received.application],
    ns_per_count,
  );
  return [send!, inside!, 0, block!, receive!, deliver!];
}

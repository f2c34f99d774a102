/**
 * A latency split into stages: means over the requests near a quantile. Means of stages add up to the mean
 * latency of the same requests; quantiles of stages would add up to nothing.
 */

import type { StagedRequest } from './join.ts';
import { rest, type Stage, type StageTimes, serverCommand } from './stage.ts';

/** Requests near a quantile are those whose ranks lie so far around it, as shares of all. */
const windows = { p50: [0.45, 0.55], p99: [0.985, 0.995] } as const;
export type BreakdownQuantile = keyof typeof windows;
export const breakdownQuantiles: BreakdownQuantile[] = ['p50', 'p99'];

/** Fewer requests near the quantile tell nothing. */
const FEWEST = 10;

export interface BreakdownAt {
  /** Mean latency of the requests near the quantile. */
  latency_us: number;
  /** How many these were. */
  requests: number;
  /** Means over the same requests, by the names of stages, in their order; their sum is latency_us. */
  stages_us: StageTimes;
  /** How the way between two machines divides: an estimate; null where there is none. */
  one_way: { request_us: number; reply_us: number; bound_us: number } | null;
}

/**
 * Null where too few requests were stamped. `server_command_us` is what the server says its command took, on average:
 * it is taken out of the block that is not split. `bound_ns`: what estimates of one way are wrong by at most.
 */
export function breakdownAt(
  requests: StagedRequest[],
  stages: Stage[],
  quantile: BreakdownQuantile,
  server_command_us: number | null,
  bound_ns = 0,
): BreakdownAt | null {
  const sorted = requests.toSorted((a, b) => a.latency_ns - b.latency_ns);
  const [low, high] = windows[quantile];
  const near = sorted.slice(Math.floor(low * sorted.length), Math.ceil(high * sorted.length));
  if (near.length < FEWEST) return null;
  const mean_us = (of: (request: StagedRequest) => number): number =>
    near.reduce((sum, request) => sum + of(request), 0) / near.length / 1000;
  const latency_us = mean_us(({ latency_ns }) => latency_ns);
  const stages_us: StageTimes = {};
  for (const [index, { name }] of stages.entries()) {
    stages_us[name] = mean_us((request) => request.stages_ns[index]);
  }
  splitOffCommand(stages_us, server_command_us);
  const staged_us = Object.values(stages_us).reduce((sum, us) => sum + us, 0);
  stages_us[rest.name] = latency_us - staged_us;
  return { latency_us, requests: near.length, stages_us, one_way: oneWay(near, stages_us, bound_ns) };
}

function oneWay(
  near: readonly StagedRequest[],
  { both_ways_between }: StageTimes,
  bound_ns: number,
): BreakdownAt['one_way'] {
  const known_ns = near.flatMap(({ request_way_ns }) => request_way_ns ?? []);
  if (both_ways_between === undefined || known_ns.length < near.length) return null;
  const request_us = known_ns.reduce((sum, ns) => sum + ns, 0) / known_ns.length / 1000;
  return { request_us, reply_us: both_ways_between - request_us, bound_us: bound_ns / 1000 };
}

function splitOffCommand(stages_us: StageTimes, server_command_us: number | null): void {
  if (stages_us[serverCommand.name] === undefined) return;
  if (server_command_us === null) {
    delete stages_us[serverCommand.name];
    return;
  }
  // A mean over all requests can be more than what there is of one near the quantile.
  const { server_and_kernel = 0 } = stages_us;
  const command_us = Math.min(server_command_us, Math.max(0, server_and_kernel));
  stages_us[serverCommand.name] = command_us;
  stages_us.server_and_kernel = server_and_kernel - command_us;
}

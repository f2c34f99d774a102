/** What each connection of a load sends, and which replies are right. */
import { isMessageProtocol } from '../../results/formats/lists.ts';
import type { Traffic } from '../connections/exchange.ts';
import { MemtierExchange } from '../connections/memtier-exchange.ts';
import { RespExchange } from '../connections/resp-exchange.ts';
import { TemplateExchange } from '../connections/template-exchange.ts';
import { TraceExchange } from '../connections/trace-exchange.ts';
import { MemtierRequests } from '../workload/memtier-requests.ts';
import { BudgetedRequests, type RequestBudget } from '../workload/request-budget.ts';
import { RandomRequests, RepeatedRequests, type RequestSource } from '../workload/requests.ts';
import type { TraceReplay } from '../workload/trace/replay.ts';
import { Workload } from '../workload/workload.ts';
import type { LoadOptions } from './options.ts';
import { messageTraffic } from './protocol.ts';

/** So many connections that send alike. */
interface Share {
  count: number;
  traffic: Traffic;
}

/** At least one. All connections draw on the budget where requests are counted. */
export function trafficOf(options: LoadOptions, budget: RequestBudget, replay: TraceReplay | null): Share[] {
  const { connections, pipeline, sendsLike, protocol, trace } = options;
  if (trace !== null && replay !== null) {
    const exchange = new TraceExchange({ ...trace.survey, seed: options.seed, writer: options.thread });
    return [{ count: connections, traffic: { exchange, source: replay.requests, pipeline } }];
  }
  const counted = (source: RequestSource): RequestSource =>
    options.requests === null ? source : new BudgetedRequests(source, budget);
  if (isMessageProtocol(protocol)) {
    const traffic = messageTraffic({ ...options, protocol });
    return [{ count: connections, traffic: { ...traffic, source: counted(traffic.source) } }];
  }
  if (sendsLike?.program === 'memtier_benchmark') {
    const exchange = new MemtierExchange(sendsLike);
    // Each thread has as many clients.
    const first = options.thread * connections;
    return Array.from({ length: connections }, (_, connection) => {
      const client = first + connection;
      const source = counted(new MemtierRequests(sendsLike, client, options.threads * connections));
      return { count: 1, traffic: { exchange, source, pipeline } };
    });
  }
  if (sendsLike) {
    const exchange = new TemplateExchange({ ...sendsLike, seed: sendsLike.seed + options.thread });
    const source = counted(new RepeatedRequests());
    const traffic = { exchange, source, pipeline, inBatches: true, renews: !sendsLike.keepsAlive };
    return [{ count: connections, traffic }];
  }
  const workload = new Workload(options);
  const exchange = new RespExchange(workload);
  const source = counted(new RandomRequests(workload));
  return [{ count: connections, traffic: { exchange, source, pipeline } }];
}

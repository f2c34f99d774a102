/** A load as other programs put it on a server: requests like theirs, measured from the first one on. */
import type { LoadOptions } from './options.ts';

type Said =
  | 'target'
  | 'login'
  | 'backend'
  | 'backendOptions'
  | 'wait'
  | 'core'
  | 'connections'
  | 'pipeline'
  | 'seed';

const REPLY_TIMEOUT_S = 10;

export function plainLoad(
  said: Pick<LoadOptions, Said | 'requests' | 'durationS' | 'rateOps' | 'sendsLike'>,
): LoadOptions {
  return {
    protocol: 'resp',
    ...said,
    arrivals: said.rateOps === null ? null : 'constant',
    idleConnections: 0,
    thread: 0,
    threads: 1,
    cores: [],
    // Of the workload that is not sent.
    operation: 'get',
    weights: [1, 1],
    keys: 1,
    keyDistribution: 'single',
    valueBytes: 1,
    populate: false,
    warmupS: 0,
    replyTimeoutS: REPLY_TIMEOUT_S,
    stampsEvery: 0,
    serverStamps: null,
    serverCore: null,
    serverPid: null,
    serverBusyTime: null,
  };
}

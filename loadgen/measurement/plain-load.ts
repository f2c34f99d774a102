/** A load as other programs put it on a server: requests like theirs, measured from the first one on. */
import { USUAL_KEY_BYTES } from '../../results/formats/key-sizes.ts';
import { workloadOfOne } from '../workload/workload.ts';
import type { LoadOptions } from './options.ts';

type Said =
  | 'target'
  | 'login'
  | 'backend'
  | 'backendOptions'
  | 'idle'
  | 'core'
  | 'connections'
  | 'threads'
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
    scheduleSeed: said.seed,
    trace: null,
    idleConnections: 0,
    thread: 0,
    cores: said.core === null ? [] : [said.core],
    // Of the workload that is not sent.
    ...workloadOfOne('get', 1),
    keyBytes: USUAL_KEY_BYTES,
    keySizesName: null,
    valueBytes: 1,
    valueSizesName: null,
    seed: said.seed,
    generator: null,
    populate: false,
    warmupS: 0,
    replyTimeoutS: REPLY_TIMEOUT_S,
    stampsEvery: 0,
    serverStamps: null,
    serverCore: null,
    serverPid: null,
    serverBusyTime: null,
    bulk: null,
  };
}

/** The options of one load run, checked, and the shape of its outcome. */
import {
  type Backend,
  type BackendOptions,
  backendNamed,
  type Endpoint,
  openFilesLimit,
} from '../../libos/index.ts';
import type { ArrivalPattern } from '../../results/formats/arrival-patterns.ts';
import type { LoadResult, Pauses, SlicesFile } from '../../results/formats/index.ts';
import type { WorkloadProtocol } from '../../results/formats/lists.ts';
import {
  type LoadNames,
  loadProblems,
  openFilesProblem,
  THREADS_MAX,
  traceProblem,
} from '../../results/formats/load-checks.ts';
import { refuseProblems } from '../arguments.ts';
import type { BulkOptions } from '../connections/bulk-streams.ts';
import type { Login } from '../connections/login.ts';
import type { TemplateTraffic } from '../connections/template-exchange.ts';
import { LoadError } from '../errors.ts';
import type { NamedWorkload } from '../workload/flags.ts';
import type { MemtierWorkload } from '../workload/memtier-requests.ts';
import type { TraceSurvey } from '../workload/trace/file.ts';
import { refuseIdleDatagrams } from './protocol.ts';

/** What another program sends, in the place of the workload. */
export type OtherRequests =
  | ({ program: 'redis-benchmark'; keepsAlive: boolean } & TemplateTraffic)
  | ({ program: 'memtier_benchmark' } & MemtierWorkload);

/** A trace that is replayed, `speed` times as fast as it was recorded. */
export interface TraceLoad {
  file: string;
  speed: number;
  survey: TraceSurvey;
}

/** Which of several load generators it is, from 1, and how many there are. */
export interface GeneratorPlace {
  place: number;
  of: number;
}

/** With what the load of all is, of which the options have a part. */
export interface GeneratorOfSeveral extends GeneratorPlace {
  whole: NonNullable<LoadResult['generator']>['whole'];
}

export interface LoadOptions extends NamedWorkload {
  target: Endpoint;
  protocol: WorkloadProtocol;
  /** What each connection says first; null where nobody logs in. */
  login: Login | null;
  backend: Backend;
  /** For the backend's device. */
  backendOptions: BackendOptions;
  /** While nothing comes, spin or sleep in the kernel. */
  idle: LoadResult['idle'];
  connections: number;
  /** Null: the workload is sent. */
  sendsLike: OtherRequests | null;
  /** Further connections that send nothing. */
  idleConnections: number;
  pipeline: number;
  /** What further connections carry beside them; null for nothing. */
  bulk: BulkOptions | null;
  /** Open loop: requests sent per second, and how they are spread. Both null in a closed loop. */
  rateOps: number | null;
  arrivals: ArrivalPattern | null;
  /** Replayed in the place of the workload; null for none. */
  trace: TraceLoad | null;
  /** Of the arrivals; `seed` is of keys and values. */
  scheduleSeed: number;
  /** Core of the generator's thread, or null for any. */
  core: number | null;
  /**
   * Of several threads this one, from 0, how many there are, and their cores, again from the first where they are
   * fewer.
   */
  thread: number;
  threads: number;
  cores: readonly number[];
  /** Null of one alone. Of several each waits until it is told when to begin. */
  generator: GeneratorOfSeveral | null;
  populate: boolean;
  warmupS: number;
  /** The measured window ends after this time or this many replies; exactly one is set. */
  durationS: number | null;
  requests: number | null;
  /** A request without a reply for so long is given up. */
  replyTimeoutS: number;
  /** Every n-th window of time is stamped; 0: none. */
  stampsEvery: number;
  /** Stamp file of a server on this machine: the run turns it on and off and copies it; null for none. */
  serverStamps: string | null;
  /** The server's core and process on this machine, for readings of the distance and the cost; null where none is. */
  serverCore: number | null;
  serverPid: number | null;
  /** Stamp file of a server on this machine, in which its loop says how long it was busy; null for none. */
  serverBusyTime: string | null;
}

/** What kept the generator from running, with its measured window and its slowest requests. */
export type LoadPauses = Required<Omit<Pauses, 'schema'>>;

/** What a run counted for one operation; its latencies beside that as an encoded histogram and as text. */
export interface OperationResult extends Omit<LoadResult['operations'][number], 'histogram'> {
  encoded: string;
  distribution: string;
}

/** What the bulk streams carried. */
export interface BulkResult extends Omit<NonNullable<LoadResult['bulk']>, 'replies'> {
  replies: OperationResult;
}

/** The formats say what the fields mean. */
export interface LoadOutcome
  extends Pick<
    LoadResult,
    | 'rehearsals_s'
    | 'elapsed_s'
    | 'idle_polls'
    | 'busy_share'
    | 'counters'
    | 'sample'
    | 'rates'
    | 'unanswered'
    | 'cost'
    | 'schedule_lag_us'
    | 'own_lag_us'
    | 'sent_late'
    | 'threads'
    | 'generator'
  > {
  populate_s: number | null;
  /** Null where nothing looked for pauses. */
  pauses: LoadPauses | null;
  /** The rings of stamps in the form of their files; null where nothing was stamped. */
  stamps: { client: Uint8Array; server: Uint8Array | null } | null;
  operations: OperationResult[];
  /** Null where there were none. */
  bulk: BulkResult | null;
  /** Histograms of what the result has as quantiles only, by their files; of one of several generators. */
  mergeable: Record<string, string>;
  /** Null where the window was not cut into slices. */
  slices: Omit<SlicesFile, 'schema'> | null;
}

/**
 * Throws INVALID_OPTION for a combination that cannot be run. Single values were checked when they were
 * parsed. `names`: what the command calls its flags.
 */
export function checkOptions(options: LoadOptions, names: LoadNames): LoadOptions {
  const refuse = (message: string): never => {
    throw new LoadError('INVALID_OPTION', message);
  };
  if (options.generator !== null) refuseOfGenerators(options, options.generator, refuse);
  const { capabilities } = backendNamed(options.backend);
  refuseProblems(
    loadProblems(
      {
        ...options,
        rateOps: options.rateOps && options.rateOps / (options.generator?.of ?? 1),
        stamps: options.stampsEvery > 0,
        backend: { ...capabilities, name: options.backend },
      },
      names,
    ),
    names,
  );
  if (options.trace !== null) refuseOfTrace(options, options.trace, refuse, names);
  else if ((options.durationS === null) === (options.requests === null)) {
    refuse('give either --duration-s or --requests');
  }
  if (options.rateOps === null && options.arrivals !== null) {
    refuse('--arrivals says how the requests of --rate are spread: give --rate too, or leave both out');
  }
  if (options.threads > 1 && options.serverCore !== null) {
    refuse(
      `--threads ${options.threads} with --server-core: the distance is that of two cores, leave one of them out`,
    );
  }
  if (options.serverStamps !== null && options.stampsEvery === 0) {
    refuse('--server-stamps needs --stamps-every: the server stamps the windows of the load generator');
  }
  if (options.serverCore !== null && options.core === null) {
    refuse('--server-core needs --core: the distance is that of two cores');
  }
  if (options.serverBusyTime !== null && options.serverPid === null) {
    refuse('--server-busy-time needs --server-pid: it is a share of what that process costs');
  }
  refuseIdleDatagrams(options.protocol, options.idleConnections);
  if (capabilities.connectionsAreFiles) {
    refuseProblems([openFilesProblem(socketsOf(options), openFilesLimit())], names);
  }
  return options;
}

/** What is of one load generator alone, or more than several can tell apart. */
function refuseOfGenerators(
  { trace, serverCore, stampsEvery, threads, bulk }: LoadOptions,
  { of, whole }: GeneratorOfSeveral,
  refuse: (message: string) => never,
): void {
  const alone: [boolean, string, string][] = [
    [trace !== null, '--trace', 'a trace is sent by one'],
    [serverCore !== null, '--server-core', 'nobody may stand still for a reading while others measure'],
    [stampsEvery > 0, '--stamps-every', 'stamps are of one clock'],
  ];
  for (const [isGiven, flag, why] of alone) {
    if (isGiven) refuse(`${flag} with --generator: ${why}, leave one of them out`);
  }
  if (of * threads > THREADS_MAX) {
    const most = `${THREADS_MAX} threads can be told apart`;
    refuse(`${of} generators (--generator) of ${threads} threads: ${most} in all, give fewer`);
  }
  const fewest = of * threads;
  if (whole.connections < fewest) {
    const each = threads === 1 ? '' : ` of ${threads} threads`;
    refuse(
      `--connections ${whole.connections} for ${of} generators${each}: each thread needs one, give ${fewest}`,
    );
  }
  if (whole.bulk_connections > 0 && bulk === null) {
    refuse(`--bulk-connections ${whole.bulk_connections} for ${of} generators: each needs one, give ${of}`);
  }
}

function socketsOf({ protocol, connections, idleConnections, bulk }: LoadOptions): number {
  // Through a relay answers come back on another socket.
  const each = protocol === 'relay' ? 2 : 1;
  return each * connections + idleConnections + (bulk?.connections ?? 0);
}

/** What a trace has no room for. */
function refuseOfTrace(
  options: LoadOptions,
  trace: TraceLoad,
  refuse: (message: string) => never,
  names: LoadNames,
): void {
  const { warmupS, durationS, requests } = options;
  if (requests !== null)
    refuse('--requests with --trace: a trace ends with its last request, or by --duration-s');
  const times = {
    spanS: trace.survey.spanNs / 1e9,
    speed: trace.speed,
    measuredS: warmupS + (durationS ?? 0),
  };
  refuseProblems([traceProblem(times, names)], names);
}

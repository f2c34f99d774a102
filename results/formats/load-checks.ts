/**
 * What no load generator can do, through whichever door it is asked for: the flags of `bypassbench load` and of its
 * kin, or the workload of an experiment. All of it is known before anything starts. Each door has names of its own for
 * what is said; the words are the same.
 */
import { type ArrivalPattern, arrivalsProblem } from './arrival-patterns.ts';
import { partsOfKind } from './command-text.ts';
import { type KeySizes, keySizesProblem, USUAL_KEY_BYTES } from './key-sizes.ts';
import { isMessageProtocol, isOfDatagrams, type KeyDistribution, type WorkloadProtocol } from './lists.ts';
import { type Commands, fillersOf, type OperationSteps, unfilledInWords } from './operations.ts';

/** What is said of a load, and may be wrong. */
export type SaidOfLoad =
  | 'protocol'
  | 'keys'
  | 'key_bytes'
  | 'key_distribution'
  | 'zipf_exponent'
  | 'hotspot'
  | 'value_bytes'
  | 'commands'
  | 'connections'
  | 'pipeline'
  | 'threads'
  | 'requests'
  | 'bulk_connections'
  | 'bulk_bytes'
  | 'rate'
  | 'arrivals'
  | 'trace_speed'
  | 'duration'
  | 'stamps'
  | 'backend';

/** What a door calls it. */
export type LoadNames = Readonly<Record<SaidOfLoad, string>>;

export interface LoadProblem {
  at: SaidOfLoad;
  /** What stands behind its name and a colon, with the remedy. */
  message: string;
}

/** Each takes some 40 bytes of the generator's memory. */
const OUTSTANDING_MAX = 16_777_216;
/** Values of all bulk streams together. */
const BULK_BYTES_MAX = 1024 ** 3;
/** Of the values of one record: Redis takes requests up to there (client-query-buffer-limit). */
const RECORD_BYTES_MAX = 1024 ** 3;
/** Each message is in memory, and in the buffers of both sides. */
const MESSAGE_BYTES_MAX = 64 * 1024 * 1024;
/** A number, by which a loss is seen; and a buffer of the libOS, into which it is received. */
export const DATAGRAM_BYTES = { least: 8, most: 16 * 1024 } as const;
/** As many windows of time as a server stamps. */
export const THREADS_MAX = 256;
/** What a process has open beside its connections, with room to spare. */
const FILES_BESIDE = 100;
/**
 * No thread spends less on a request, on any core. 100 ns is what the fastest stack that was published takes of a core
 * for a small request and its reply, ten million a second (eRPC: Kalia, Kaminsky and Andersen, "Datacenter RPCs can be
 * General and Fast", NSDI 2019), in C++ and without a clock. A load generator reads the clock when it sends, and when
 * the reply is there, and a reading without a system call takes 25 ns at least.
 */
const REQUEST_NS_LEAST = 100 + 2 * 25;

/** What is sent in a load of requests. */
export interface AskedRequests {
  operations: readonly OperationSteps[];
  /** All that are known, also those that are not sent. */
  commands: Commands;
  /** Whether the keys are filled first. */
  fills: boolean;
  keys: number;
  keyDistribution: KeyDistribution;
  keySizes: KeySizes;
  /** Of each value; null where they differ, or where nobody wants keys told apart by them. */
  valueBytes: number | null;
  /** Of the longest value. */
  valueBytesMost: number;
}

/** What says how a distribution of keys draws, and the distributions that it is of. */
export const ofDistributions = {
  zipf_exponent: ['zipf', 'latest'],
  hotspot: ['hotspot'],
} as const satisfies Partial<Record<SaidOfLoad, readonly KeyDistribution[]>>;

/** What is said of a distribution that the keys do not have. */
export function uselessProblem(at: keyof typeof ofDistributions, names: LoadNames): LoadProblem {
  const distributions = ofDistributions[at].join(' or ');
  return { at, message: `is of ${names.key_distribution} ${distributions}: give that too, or leave it out` };
}

/** How a load is put on a server. */
export interface AskedLoad {
  protocol: WorkloadProtocol;
  connections: number;
  pipeline: number;
  threads: number;
  /** Null where a load ends by its time. */
  requests: number | null;
  bulk: { connections: number; valueBytes: number } | null;
  /** Requests a second, and how they are spread; null in a closed loop. Of a trace there is no pattern. */
  rateOps: number | null;
  arrivals: ArrivalPattern | null;
  /** Of the shortest window; null where requests are counted. */
  durationS: number | null;
  /** Of each message. */
  valueBytes: number;
  stamps: boolean;
  backend: { name: string; threads: boolean; datagrams: boolean };
}

/** What of the requests cannot be sent, filled or told apart. */
export function requestProblems(asked: AskedRequests, names: LoadNames): LoadProblem[] {
  const { operations, commands, fills, keys, keyDistribution, keySizes, valueBytes, valueBytesMost } = asked;
  const problems: LoadProblem[] = [];
  const isSingle = keyDistribution === 'single';
  if (valueBytes !== null && !isSingle && 10 ** valueBytes < keys) {
    const why = `values of ${valueBytes} bytes cannot distinguish ${keys} keys`;
    problems.push({ at: 'value_bytes', message: `${why}: give longer ones, or fewer ${names.keys}` });
  }
  const steps = operations.flatMap((operation) => operation.steps);
  const fields = Math.max(0, ...steps.flatMap((step) => partsOfKind(step, 'fields')).map(({ of }) => of));
  const recordBytes = fields * valueBytesMost;
  if (recordBytes > RECORD_BYTES_MAX) {
    const message =
      `${fields} fields of ${valueBytesMost} bytes are a request of ${recordBytes}: servers take at most ` +
      `${RECORD_BYTES_MAX}, give smaller ones`;
    problems.push({ at: 'value_bytes', message });
  }
  const makesKeys = steps.some(({ words }) => words.flat().some(({ kind }) => kind === 'new_key'));
  const why = isSingle ? null : keySizesProblem(keySizes, keys, makesKeys);
  if (why !== null) {
    problems.push({ at: 'key_bytes', message: `${why}: give longer ones, or fewer ${names.keys}` });
  }
  const isUsual = keySizes.kind === 'fixed' && keySizes.bytes === USUAL_KEY_BYTES;
  if (!isUsual && steps.some(({ reply }) => reply === 'keys')) {
    const message = `replies of kind keys have keys of ${USUAL_KEY_BYTES} bytes: leave it out`;
    problems.push({ at: 'key_bytes', message });
  }
  const filled = fills ? fillersOf(operations, commands) : null;
  if (filled !== null && 'what' in filled) {
    problems.push({ at: 'commands', message: unfilledInWords(filled, names.commands) });
  }
  return problems;
}

/** What of a load contradicts itself, or is more than there can be. */
export function loadProblems(asked: AskedLoad, names: LoadNames): LoadProblem[] {
  return [
    outstandingProblem(asked, names),
    bulkProblem(asked, names),
    rateProblem(asked, names),
    ...threadProblems(asked, names),
    ...messageProblems(asked, names),
  ].filter((problem) => problem !== null);
}

export function outstandingProblem(
  { connections, pipeline }: Pick<AskedLoad, 'connections' | 'pipeline'>,
  names: Pick<LoadNames, 'connections'>,
): LoadProblem | null {
  const outstanding = connections * pipeline;
  if (outstanding <= OUTSTANDING_MAX) return null;
  const message =
    `${pipeline} on each of ${connections} connections are ${outstanding} requests at a time: at most ` +
    `${OUTSTANDING_MAX} are possible, give less or fewer ${names.connections}`;
  return { at: 'pipeline', message };
}

function bulkProblem({ bulk }: AskedLoad, names: LoadNames): LoadProblem | null {
  const bytes = bulk === null ? 0 : bulk.connections * bulk.valueBytes;
  if (bulk === null || bytes <= BULK_BYTES_MAX) return null;
  const message =
    `${bulk.connections} of ${bulk.valueBytes} bytes are ${bytes} bytes, and server and generator keep all of them: at most ` +
    `${BULK_BYTES_MAX} are possible, give smaller ones or fewer ${names.bulk_connections}`;
  return { at: 'bulk_bytes', message };
}

/** Requests a second that so many threads can send at most, on any machine. */
export function mostRateOps(threads: number): number {
  return Math.floor((threads * 1e9) / REQUEST_NS_LEAST);
}

/**
 * A rate that no core can send, also within bursts or of a trace at its speed; and one too low for its bursts, or for
 * its window.
 */
export function rateProblem(
  {
    rateOps,
    arrivals,
    threads,
    durationS,
    backend,
  }: Pick<AskedLoad, 'rateOps' | 'arrivals' | 'threads' | 'durationS' | 'backend'>,
  names: Pick<LoadNames, 'threads' | 'duration'>,
): LoadProblem | null {
  if (rateOps === null) return null;
  const most = mostRateOps(threads);
  if (rateOps > most) {
    const isTrace = arrivals === null;
    const sending = threads === 1 ? 'one thread sends' : `${threads} threads send`;
    const more = !backend.threads ? '' : `, or more threads (${names.threads})`;
    const message =
      `${inDigits(rateOps)} requests a second are more than ${sending} on any machine, ${inDigits(most)}: no core sends a ` +
      `request and takes its reply in less than ${REQUEST_NS_LEAST} ns; give a lower ${isTrace ? 'speed' : 'rate'}${more}`;
    return { at: isTrace ? 'trace_speed' : 'rate', message };
  }
  if (arrivals === null) return null;
  const why = arrivalsProblem(arrivals, rateOps, most);
  if (why !== null) return { at: 'arrivals', message: why };
  const due = durationS === null ? 1 : rateOps * durationS;
  if (due >= 1) return null;
  const message =
    `${rateOps} requests a second are ${Number(due.toPrecision(3))} in a window of ${durationS} s, on average: give a ` +
    `higher rate, or a longer ${names.duration}`;
  return { at: 'rate', message };
}

/** What several threads cannot do together. */
function threadProblems(asked: AskedLoad, names: LoadNames): LoadProblem[] {
  const { threads, connections, requests, bulk, stamps, backend } = asked;
  if (threads === 1) return [];
  const cannot: [boolean, string][] = [
    [threads > THREADS_MAX, `${threads} threads are more than ${THREADS_MAX}: give fewer of them`],
    [
      threads > connections,
      `${threads} threads of ${connections} connections: each thread needs a connection, give more ${names.connections}`,
    ],
    [
      requests !== null && requests < threads,
      `${threads} threads of ${requests} requests: each thread needs a request, give more ${names.requests}`,
    ],
    [stamps, `stamps are of one thread: leave ${names.stamps} out, or this`],
    [bulk !== null, `bulk goes by the thread of the requests: leave ${names.bulk_connections} out, or this`],
    [!backend.threads, `a process has one device of ${backend.name}, which one thread polls: leave it out`],
  ];
  return cannot.flatMap(([isSo, message]) => (isSo ? [{ at: 'threads', message }] : []));
}

/** What messages of a protocol cannot be, and who sends them cannot do. */
function messageProblems(asked: AskedLoad, names: LoadNames): LoadProblem[] {
  const { protocol, valueBytes, stamps, backend } = asked;
  if (!isMessageProtocol(protocol)) return [];
  if (!isOfDatagrams(protocol)) {
    if (valueBytes <= MESSAGE_BYTES_MAX) return [];
    const message = `a message has at most ${MESSAGE_BYTES_MAX} bytes, and this one ${valueBytes}: give less`;
    return [{ at: 'value_bytes', message }];
  }
  const { least, most } = DATAGRAM_BYTES;
  const problems: LoadProblem[] = [];
  if (valueBytes < least || valueBytes > most) {
    const message =
      `a datagram has ${least} to ${most} bytes, and this one ${valueBytes}: it needs its number, by which a loss is ` +
      'seen, and room in a buffer of the libOS';
    problems.push({ at: 'value_bytes', message });
  }
  if (protocol === 'relay' && stamps) {
    const message = 'a relay answers on another socket than it is asked on: leave them out';
    problems.push({ at: 'stamps', message });
  }
  if (!backend.datagrams) {
    const message = `${backend.name} has no datagrams, of which ${names.protocol} ${protocol} is: take another one`;
    problems.push({ at: 'backend', message });
  }
  return problems;
}

/** More connections than a process may have files, where each is one. `mayOpen`: Infinity where nothing limits them. */
export function openFilesProblem(connections: number, mayOpen: number): LoadProblem | null {
  const needed = connections + FILES_BESIDE;
  if (needed <= mayOpen) return null;
  const message =
    `${connections} connections are as many open files of the server and of the load generator, and a process may have ` +
    `${mayOpen} here: raise that to ${needed} (as root: ulimit -Hn ${needed}; for good: nofile in limits.conf), or take fewer`;
  return { at: 'connections', message };
}

/** A measurement that goes beyond the end of the trace that it replays. */
export function traceProblem(
  { spanS, speed, measuredS }: { spanS: number; speed: number; measuredS: number },
  names: Pick<LoadNames, 'trace_speed'>,
): LoadProblem | null {
  const lastsS = spanS / speed;
  if (measuredS < lastsS) return null;
  const [lasts, measured] = [lastsS, measuredS].map((seconds) => Number(seconds.toPrecision(3)));
  const message = `the trace lasts ${lasts} s at ${names.trace_speed} ${speed}: warm-up and window, ${measured} s, must be shorter`;
  return { at: 'duration', message };
}

function inDigits(number: number): string {
  return number.toLocaleString('en-US', { maximumFractionDigits: 0 });
}

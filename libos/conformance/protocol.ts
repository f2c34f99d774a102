/**
 * What a test and its agent say to each other: one request a call of the libOS interface, one reply each, but
 * for release, which gets none. Before them all, the agent says that it is started, as a reply to nothing.
 *
 * A scatter-gather array exists twice, under one number: the real one at the agent, and a mirror at the test.
 * The data go across when a pop hands them out and when a push takes them; who owns an array is decided at
 * the agent, by the libOS itself.
 */
import {
  type Completion,
  type Endpoint,
  type ErrorCode,
  LibosError,
  type LibosOptions,
  type PushCompletion,
  type QToken,
  type QueueDescriptor,
  type ScatterGatherArray,
} from '../index.ts';
import { isLibosError } from './outcome.ts';

/** Calls whose arguments and results are the same on both sides. */
export type PlainCall =
  | 'socket'
  | 'bind'
  | 'listen'
  | 'accept'
  | 'connect'
  | 'close'
  | 'setOptions'
  | 'shutdownWrite'
  | 'pop'
  | 'pollCounts'
  | 'counters'
  | 'hint'
  | 'about'
  | 'localEndpoint'
  | 'peerEndpoint'
  | 'shutdown';

/**
 * Numbers under `libos` are those that create replied. `release` is a free that cannot fail, since the test
 * knows that the array is not freed yet: without it a third of the time of a large transfer would be waiting
 * for such replies. `pushLater` pushes and frees an array when some time has passed, and gets no reply either.
 */
export type AgentRequest =
  | { call: 'create'; options: LibosOptions }
  | { call: PlainCall; libos: number; args: unknown[] }
  | { call: 'alloc'; libos: number; bytes: number }
  | { call: 'free' | 'release'; libos: number; array: number }
  | { call: 'push'; libos: number; qd: QueueDescriptor; array: PackedArray; until?: PushCompletion }
  | { call: 'pushLater'; libos: number; qd: QueueDescriptor; array: PackedArray; afterMs: number }
  | { call: 'pushTo'; libos: number; qd: QueueDescriptor; array: PackedArray; endpoint: Endpoint }
  | { call: 'wait'; libos: number; token: QToken; timeoutMs?: number }
  | { call: 'waitAny' | 'waitAll'; libos: number; tokens: QToken[]; timeoutMs?: number }
  | { call: 'waitNext'; libos: number; max: number; timeoutMs?: number };

/** The result of `create`. */
export interface Created {
  libos: number;
  backend: string;
}

/** The result of a wait call: what it handed out, or null where the call itself returns null or false. */
export type HandedOut = PackedCompletion[] | null;

/** `array` is the mirrored array's number when the test knows it, because it pushed it. */
export type PackedCompletion = Omit<Completion, 'sga'> & { array: number | PackedArray | null };

export type AgentReply = { result: unknown } | { failure: Failure };

export interface PackedArray {
  number: number;
  segments: PackedSegment[];
  /** The segments' data one behind the other; null: no data yet. */
  data: Uint8Array | null;
}

export interface PackedSegment {
  capacity: number;
  /** From the segment's base. */
  start: number;
  length: number;
}

export function packArray(number: number, sga: ScatterGatherArray, withData: boolean): PackedArray {
  const segments = sga.segments
    .slice(0, sga.segmentCount)
    .map(({ capacity, offset, base, length }) => ({ capacity, start: offset - base, length }));
  return { number, segments, data: withData ? sga.copyOut() : null };
}

/** Makes `sga`, which has the same segments, hold what was packed. */
export function unpackInto(sga: ScatterGatherArray, { segments, data }: PackedArray): void {
  let taken = 0;
  segments.forEach(({ start, length }, i) => {
    const segment = sga.segments[i];
    segment.offset = segment.base + start;
    segment.length = length;
    if (data) segment.bytes.set(data.subarray(taken, taken + length), segment.offset);
    taken += length;
  });
}

/** An error thrown at the agent. */
export interface Failure {
  name: string;
  message: string;
  stack: string;
  libos: { code: ErrorCode; operation: string; qd: number } | null;
}

export function packError(thrown: unknown): Failure {
  const error = thrown instanceof Error ? thrown : new Error(String(thrown));
  const { name, message, stack = '' } = error;
  const libos = isLibosError(error) ? { code: error.code, operation: error.operation, qd: error.qd } : null;
  return { name, message, stack, libos };
}

export function unpackError({ name, message, stack, libos }: Failure): Error {
  const error = libos ? new LibosError(libos.code, libos.operation, libos.qd) : new Error(message);
  return Object.assign(error, {
    name,
    message,
    stack: `${stack}\n    at the agent, called by\n${error.stack}`,
  });
}

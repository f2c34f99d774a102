/** Hands the requests of a trace from its file to the threads that send them, in turn, while they send. */
import { setTimeout as sleep } from 'node:timers/promises';
import { fileBytes, isFilled, type TraceSurvey } from '../workload/trace/file.ts';
import { TRACE_SET, TraceParser } from '../workload/trace/format.ts';
import { type RingMemory, RingWriter } from '../workload/trace/ring.ts';

/** Bytes of the file that are read at once: then room is waited for. */
const PIECE_BYTES = 16 * 1024;
const FULL_MS = 1;

export interface TraceToSend {
  file: string;
  survey: TraceSurvey;
}

interface Waiting {
  timeNs: number;
  operation: number;
  key: Uint8Array;
  valueBytes: number;
}

/** Each request to the next ring, with its time since the first one. Ends early when `signal` says so. Throws TRACE. */
export async function feedReplay(
  { file, survey }: TraceToSend,
  rings: readonly RingMemory[],
  signal: AbortSignal,
): Promise<void> {
  await feed(file, rings, signal, (request) => ({ ...request, timeNs: request.timeNs - survey.firstNs }));
}

/** Of each get with a size the set that it is to find. */
export async function feedFill({ file }: TraceToSend, ring: RingMemory, signal: AbortSignal): Promise<void> {
  await feed(file, [ring], signal, (request) =>
    isFilled(request.operation, request.valueBytes) ? { ...request, operation: TRACE_SET } : null,
  );
}

async function feed(
  file: string,
  rings: readonly RingMemory[],
  signal: AbortSignal,
  sent: (request: Waiting) => Waiting | null,
): Promise<void> {
  const writers = rings.map((ring) => new RingWriter(ring));
  let waiting: Waiting[] = [];
  let turn = 0;
  const parser = new TraceParser(file, {
    request(timeNs, operation, key, keyBytes, valueBytes) {
      const request = sent({ timeNs, operation, key: key.slice(0, keyBytes), valueBytes });
      if (request !== null) waiting.push(request);
    },
  });
  const drain = async (): Promise<void> => {
    for (const { timeNs, operation, key, valueBytes } of waiting) {
      const writer = writers[turn];
      while (!writer.append(timeNs, operation, key, key.length, valueBytes)) {
        if (signal.aborted) return;
        await sleep(FULL_MS);
      }
      turn = turn + 1 === writers.length ? 0 : turn + 1;
    }
    waiting = [];
  };
  try {
    for await (const bytes of fileBytes(file)) {
      for (let at = 0; at < bytes.length && !signal.aborted; at += PIECE_BYTES) {
        parser.feed(bytes.subarray(at, at + PIECE_BYTES));
        await drain();
      }
      if (signal.aborted) return;
    }
    parser.end();
    await drain();
  } finally {
    for (const writer of writers) writer.end();
  }
}

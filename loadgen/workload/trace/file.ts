/** A trace's file, read as a stream, plain or compressed, and looked over before anything is sent. */
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import type { Duplex } from 'node:stream';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { LoadError } from '../../errors.ts';
import {
  NO_SIZE,
  TRACE_GET,
  TRACE_SET,
  type TraceOperation,
  TraceParser,
  type TraceSink,
  traceOperations,
} from './format.ts';

/** First bytes of a compressed file, whatever its name. */
const compressions: { magic: number[]; create(): Duplex }[] = [
  { magic: [0x1f, 0x8b], create: createGunzip },
  { magic: [0x28, 0xb5, 0x2f, 0xfd], create: createZstdDecompress },
];

/** The bytes of a file in pieces, of what it holds where it is compressed (gzip, zstd). Throws TRACE. */
export async function* fileBytes(file: string): AsyncGenerator<Uint8Array> {
  try {
    const first = await firstBytes(file);
    const compression = compressions.find(({ magic }) => magic.every((byte, i) => first[i] === byte));
    const raw = createReadStream(file);
    if (compression === undefined) {
      yield* raw as AsyncIterable<Uint8Array>;
      return;
    }
    const content = compression.create();
    raw.on('error', (error) => content.destroy(error));
    yield* raw.pipe(content) as AsyncIterable<Uint8Array>;
  } catch (error) {
    if (error instanceof LoadError) throw error;
    throw new LoadError('TRACE', `${file} cannot be read: ${(error as Error).message}`);
  }
}

async function firstBytes(file: string): Promise<Uint8Array> {
  const handle = await open(file);
  try {
    const bytes = new Uint8Array(4);
    await handle.read(bytes, 0, bytes.length, 0);
    return bytes;
  } finally {
    await handle.close();
  }
}

/** What a whole trace comes to. */
export interface TraceSurvey {
  requests: number;
  /** Time of the first request, and from there to the last. */
  firstNs: number;
  spanNs: number;
  /** The longest key and value. */
  keyBytes: number;
  valueBytes: number;
  /** Gets with a size: what filling the keys writes. */
  filled: number;
  /** How many of each there are. */
  operations: Record<TraceOperation, number>;
  /** Of the values that are set, and that gets should find where their size is known: at least 1. */
  meanValueBytes: number;
}

class Surveyor implements TraceSink {
  /** By index. */
  readonly counts = new Float64Array(traceOperations.length);
  sizes = 0;
  sizedBytes = 0;
  readonly survey: Omit<TraceSurvey, 'operations' | 'meanValueBytes'> = {
    requests: 0,
    firstNs: 0,
    spanNs: 0,
    keyBytes: 0,
    valueBytes: 0,
    filled: 0,
  };

  request(timeNs: number, operation: number, _key: Uint8Array, keyBytes: number, valueBytes: number): void {
    const { survey } = this;
    if (survey.requests++ === 0) survey.firstNs = timeNs;
    survey.spanNs = timeNs - survey.firstNs;
    survey.keyBytes = Math.max(survey.keyBytes, keyBytes);
    this.counts[operation]++;
    if (isFilled(operation, valueBytes)) survey.filled++;
    if (operation !== TRACE_SET && !isFilled(operation, valueBytes)) return;
    survey.valueBytes = Math.max(survey.valueBytes, valueBytes);
    this.sizes++;
    this.sizedBytes += valueBytes;
  }
}

/** Whether filling the keys writes the value that this request is to find. */
export function isFilled(operation: number, valueBytes: number): boolean {
  return operation === TRACE_GET && valueBytes !== NO_SIZE;
}

/**
 * Reads all of it, and keeps nothing. Throws TRACE for what is no trace, with its line, and for one without requests.
 */
export async function surveyTrace(file: string): Promise<TraceSurvey> {
  const surveyor = new Surveyor();
  const parser = new TraceParser(file, surveyor);
  for await (const bytes of fileBytes(file)) parser.feed(bytes);
  parser.end();
  const { survey, counts, sizes, sizedBytes } = surveyor;
  if (survey.requests < 2 || survey.spanNs === 0) {
    throw new LoadError(
      'TRACE',
      `${file} has no two requests at different times: there is nothing to replay`,
    );
  }
  const [get, set, del] = counts;
  const meanValueBytes = Math.max(1, Math.round(sizedBytes / Math.max(1, sizes)));
  return { ...survey, operations: { get, set, del }, meanValueBytes };
}

/** The flags of a load that replays a trace: what they come to, and what contradicts them. */
import { LoadError } from '../errors.ts';
import { surveyTrace } from '../workload/trace/file.ts';
import type { TraceLoad } from './options.ts';

/** What a trace says itself, by commander's names. */
const OF_TRACE: Record<string, string> = {
  rate: '--rate',
  arrivals: '--arrivals',
  operation: '--operation',
  mix: '--mix',
  command: '--command',
  keys: '--keys',
  keyDistribution: '--key-distribution',
  zipfExponent: '--zipf-exponent',
  hotspot: '--hotspot',
  shape: '--shape',
  keyBytes: '--key-bytes',
  valueBytes: '--value-bytes',
  valueSizes: '--value-sizes',
  sizes: '--sizes',
  protocol: '--protocol',
};

/**
 * Reads the whole file once, so that whatever is wrong in it is known before anything is sent. Null without a trace.
 * @param given the names of the options that stand on the command line
 * Throws INVALID_OPTION, TRACE.
 */
export async function traceOf(
  { trace, traceSpeed }: { trace?: string; traceSpeed: number },
  given: readonly string[],
): Promise<TraceLoad | null> {
  if (trace === undefined) {
    if (given.includes('traceSpeed'))
      refuse('--trace-speed says how fast a trace is replayed: give --trace too');
    return null;
  }
  const says = given.find((name) => Object.hasOwn(OF_TRACE, name));
  if (says !== undefined)
    refuse(`${OF_TRACE[says]} with --trace: the trace says that, leave one of them out`);
  return { file: trace, speed: traceSpeed, survey: await surveyTrace(trace) };
}

/** Requests a second, on average. */
export function traceRateOps({ survey, speed }: TraceLoad): number {
  return (survey.requests / survey.spanNs) * 1e9 * speed;
}

function refuse(message: string): never {
  throw new LoadError('INVALID_OPTION', message);
}

/** The lengths of the two messages whose exchange a floor measures. */
import { messageOperations, requestOperations } from '../../results/formats/lists.ts';
import { Workload, workloadOfOne } from '../workload/workload.ts';

/** Operations whose exchanges have lengths that are known beforehand. */
export const floorOperations: readonly string[] = [
  ...requestOperations,
  ...new Set(Object.values(messageOperations)),
];

export interface FloorMessages {
  /** One of floorOperations. */
  operation: string;
  valueBytes: number;
}

/** A floor's message begins with its number. */
const LEAST_BYTES = 4;
/** In front of a message to a sink, and the answer to it. */
const SINK_LENGTH_BYTES = 4;

/**
 * Bytes of the request and of its reply; they are the same for every key. Of what a relay forwards these are the two
 * ways, to it and from it.
 */
export function messageBytes(messages: FloorMessages): [number, number] {
  const [request, reply] = exchangedBytes(messages);
  return [Math.max(LEAST_BYTES, request), Math.max(LEAST_BYTES, reply)];
}

function exchangedBytes({ operation, valueBytes }: FloorMessages): [number, number] {
  if (operation === messageOperations.sink) return [SINK_LENGTH_BYTES + valueBytes, SINK_LENGTH_BYTES];
  if (operation !== 'get' && operation !== 'set') return [valueBytes, valueBytes];
  const workload = new Workload(workloadOfOne(operation, valueBytes));
  return [workload.maxRequestBytes, workload.filledReply(0).length];
}

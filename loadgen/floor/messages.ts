/** The lengths of the two messages whose exchange a floor measures. */
import { GET, SET, Workload } from '../workload/workload.ts';

export interface FloorMessages {
  operation: 'get' | 'set';
  valueBytes: number;
}

/** Bytes of the request and of its reply; they are the same for every key. */
export function messageBytes({ operation, valueBytes }: FloorMessages): [number, number] {
  const workload = new Workload({
    operation,
    weights: [1, 1],
    keys: 1,
    keyDistribution: 'single',
    valueBytes,
    seed: 0,
  });
  const kind = operation === 'get' ? GET : SET;
  return [workload.request(kind, 0).length, workload.expectedReply(kind, 0).length];
}

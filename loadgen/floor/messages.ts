/** The lengths of the two messages whose exchange a floor measures. */
import { Workload, workloadOfOne } from '../workload/workload.ts';

export interface FloorMessages {
  operation: 'get' | 'set';
  valueBytes: number;
}

/** Bytes of the request and of its reply; they are the same for every key. */
export function messageBytes({ operation, valueBytes }: FloorMessages): [number, number] {
  const workload = new Workload(workloadOfOne(operation, valueBytes));
  return [workload.maxRequestBytes, workload.filledReply(0).length];
}

/**
 * The floor of a round trip over RDMA: fi_pingpong on the same provider, with messages as long as those of
 * our libOS for the workload's request and its reply. fi_pingpong sends one length both ways, so a round trip
 * has two parts: the mean transfer of a run at the request's length and that of a run at the reply's.
 */
import { LatencyRecorder } from '../measurement/recorder.ts';
import { type Link, meanTransferNs } from './fi-pingpong.ts';
import { libfabricVersion, requireDevice } from './libfabric.ts';
import { type Exchange, messageBytes } from './messages.ts';
import { type FloorOutcome, floorOutcome } from './outcome.ts';

export interface RdmaFloorOptions extends Exchange, Link {
  warmupS: number;
  durationS: number;
}

/** What libos/rdma/message.ts puts in front of each message. */
const HEADER_BYTES = 24;
/**
 * Length of a run. fi_pingpong counts its first round trips too, which touch every queue entry for the first
 * time and cost about half a millisecond over shm: in a run of this length they hardly matter.
 */
const RUN_MS = 100;
/** Round trips of the first run, which only finds how many fit into RUN_MS. */
const FIRST_ITERATIONS = 100;
const ITERATIONS_MAX = 1_000_000;

/** Null when `stop` resolved first. Throws FLOOR_FAILED. */
export async function measureRdmaFloor(
  options: RdmaFloorOptions,
  stop: Promise<void>,
): Promise<FloorOutcome | null> {
  const libfabric = await libfabricVersion();
  await requireDevice(options);
  const [requestBytes, replyBytes] = messageBytes(options).map((bytes) => bytes + HEADER_BYTES);
  const roundTripNs = async (iterations: number): Promise<number | null> => {
    const requestNs = await meanTransferNs(options, { bytes: requestBytes, iterations }, stop);
    if (requestNs === null) return null;
    const replyNs = await meanTransferNs(options, { bytes: replyBytes, iterations }, stop);
    return replyNs === null ? null : requestNs + replyNs;
  };
  const warmed = performance.now() + options.warmupS * 1000;
  let fastestNs = Number.POSITIVE_INFINITY;
  let iterations = FIRST_ITERATIONS;
  do {
    const latencyNs = await roundTripNs(iterations);
    if (latencyNs === null) return null;
    fastestNs = Math.min(fastestNs, latencyNs);
    iterations = Math.min(ITERATIONS_MAX, Math.ceil((RUN_MS * 1e6) / fastestNs));
  } while (performance.now() < warmed);

  const recorder = new LatencyRecorder();
  const opened = performance.now();
  let elapsed_s = 0;
  do {
    const latencyNs = await roundTripNs(iterations);
    if (latencyNs === null) return null;
    recorder.record(Math.round(latencyNs));
    elapsed_s = (performance.now() - opened) / 1000;
  } while (elapsed_s < options.durationS);
  const { operation } = options;
  return floorOutcome({ operation, recorder, sample: 'run_mean', elapsed_s, versions: { libfabric } });
}

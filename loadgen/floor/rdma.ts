/**
 * The floor of a round trip over RDMA: fi_pingpong on the same provider, with messages as long as those of
 * our libOS for the workload's request and its reply. fi_pingpong sends one length both ways, so a round trip
 * has two parts: the mean transfer of a run at the request's length and that of a run at the reply's. Such a
 * pair of runs is a slice, since no run can be interrupted for a reading of the distance.
 */
import type { Slice } from '../../results/formats/index.ts';
import { LatencyRecorder } from '../measurement/recorder.ts';
import { monotonicNs } from './distance-path.ts';
import { DistanceReader } from './distance-reader.ts';
import { type Link, meanTransferNs } from './fi-pingpong.ts';
import { libfabricVersion, requireDevice } from './libfabric.ts';
import { type FloorMessages, messageBytes } from './messages.ts';
import { type FloorOutcome, floorOutcome } from './outcome.ts';
import type { FloorWindow } from './window.ts';

export interface RdmaFloorOptions extends FloorMessages, FloorWindow, Link {}

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

/** Mean round trip of a pair of runs with so many round trips each; null when it was stopped. */
type MeasurePair = (iterations: number) => Promise<number | null>;

/** Null when `stop` resolved first. Throws FLOOR_FAILED. */
export async function measureRdmaFloor(
  options: RdmaFloorOptions,
  stop: Promise<void>,
): Promise<FloorOutcome | null> {
  const libfabric = await libfabricVersion();
  await requireDevice(options);
  const [requestBytes, replyBytes] = messageBytes(options).map((bytes) => bytes + HEADER_BYTES);
  const measurePair: MeasurePair = async (iterations) => {
    const requestNs = await meanTransferNs(options, { bytes: requestBytes, iterations }, stop);
    if (requestNs === null) return null;
    const replyNs = await meanTransferNs(options, { bytes: replyBytes, iterations }, stop);
    return replyNs === null ? null : requestNs + replyNs;
  };
  const reader = await DistanceReader.start(options.cores);
  try {
    const iterations = await warmUp(options, measurePair);
    if (iterations === null) return null;
    const recorder = new LatencyRecorder();
    const slices = await measureSlices(options, () => measurePair(iterations), reader, recorder);
    if (slices === null) return null;
    const [server, client] = options.cores;
    return floorOutcome({
      operation: options.operation,
      recorder,
      sample: 'run_mean',
      versions: { libfabric },
      // A mean is of the whole slice: none of it is early.
      slices: { cores: { client, server }, ...reader.distance, early_ns: 0, slices, delayed: 0 },
    });
  } finally {
    await reader.close();
  }
}

/** How many round trips fit into RUN_MS; null when it was stopped. */
async function warmUp({ warmupS }: FloorWindow, measurePair: MeasurePair): Promise<number | null> {
  const warmed = performance.now() + warmupS * 1000;
  let fastestNs = Number.POSITIVE_INFINITY;
  let iterations = FIRST_ITERATIONS;
  do {
    const latencyNs = await measurePair(iterations);
    if (latencyNs === null) return null;
    fastestNs = Math.min(fastestNs, latencyNs);
    iterations = Math.min(ITERATIONS_MAX, Math.ceil((RUN_MS * 1e6) / fastestNs));
  } while (performance.now() < warmed);
  return iterations;
}

/** One pair of runs after the other, with a reading before each and one behind the last; null when it was stopped. */
async function measureSlices(
  { operation, durationS }: RdmaFloorOptions,
  measurePair: () => Promise<number | null>,
  reader: DistanceReader,
  total: LatencyRecorder,
): Promise<Slice[] | null> {
  const ofSlice = new LatencyRecorder();
  const slices: Slice[] = [];
  let elapsedNs = 0;
  await reader.read();
  do {
    const start_ns = monotonicNs();
    const latencyNs = await measurePair();
    const end_ns = monotonicNs();
    if (latencyNs === null) return null;
    ofSlice.record(Math.round(latencyNs));
    const early = { requests: 0, values_ns: [], counts: [] };
    const late = { requests: 1, ...ofSlice.moveTo(total) };
    slices.push({ start_ns, end_ns, operations: [{ operation, received: null, early, late }] });
    elapsedNs += end_ns - start_ns;
    await reader.read();
  } while (elapsedNs < durationS * 1e9);
  return slices;
}

/** What the generator's thread and the measurement of a loop get, and what the measurement returns. */
import type { DataPathContext, PauseLog } from '../../libos/index.ts';
import type { Connections } from '../connections/connections.ts';
import type { RequestBudget } from '../workload/request-budget.ts';
import type { TraceReplay } from '../workload/trace/replay.ts';
import type { RingMemory } from '../workload/trace/ring.ts';
import type { CostMeter } from './cost-meter.ts';
import type { Distance } from './distance.ts';
import type { MeasuredWindow } from './measured-window.ts';
import type { Meeting, MeetingMemory } from './meeting.ts';
import type { MergedLater } from './merge.ts';
import type { LoadOptions, LoadOutcome, LoadPauses } from './options.ts';
import type { GateMemory, StartGate } from './start-gate.ts';

export interface GeneratorInput {
  options: LoadOptions;
  /** Of several threads, where they meet; null of one. */
  meeting: MeetingMemory | null;
  /** Of one of several generators, where it waits for the moment to begin; null of one alone. */
  gate: GateMemory | null;
  /** Of a trace, the requests that this thread sends, and what it fills the keys with; null without one. */
  ring: RingMemory | null;
  fillRing: RingMemory | null;
  /** Shared with the main thread: [phase, done in it, its total]. */
  progress: Float64Array;
}

export interface Measuring {
  context: DataPathContext<GeneratorInput, null>;
  /** They are open. */
  connections: Connections;
  /** How many requests the connections may still send. */
  budget: RequestBudget;
  /** Names of all that is sent, by their indices in replies. */
  operations: readonly string[];
  /** The measurement opens and closes it. */
  window: MeasuredWindow;
  pauses: PauseLog;
  /** Null for a thread that is alone. */
  meeting: Meeting | null;
  /** Null for a generator that is alone. */
  gate: StartGate | null;
  /** The trace that is replayed; null where none is. */
  replay: TraceReplay | null;
  distance: Distance;
  /** The measurement begins and ends it. */
  cost: CostMeter;
}

export type LoopOutcome = Pick<
  LoadOutcome,
  | 'rehearsals_s'
  | 'elapsed_s'
  | 'operations'
  | 'bulk'
  | 'rates'
  | 'unanswered'
  | 'cost'
  | 'schedule_lag_us'
  | 'own_lag_us'
  | 'sent_late'
  | 'slices'
> &
  Pick<LoadPauses, 'window' | 'slow_requests'> & { mergedLater: MergedLater };

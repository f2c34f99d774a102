/** What a loop's measurement is given, and what it leaves for the outcome. */
import type { DataPathContext, PauseLog } from '../../libos/index.ts';
import type { Connections } from '../connections/connections.ts';
import type { RequestSource } from '../workload/requests.ts';
import type { GeneratorInput } from './generator.ts';
import type { MeasuredWindow } from './measured-window.ts';
import type { LoadOutcome, LoadPauses } from './options.ts';

export interface Measuring {
  context: DataPathContext<GeneratorInput, null>;
  /** Open. */
  connections: Connections;
  source: RequestSource;
  /** To be opened and closed with the measured window. */
  window: MeasuredWindow;
  pauses: PauseLog;
}

export type Measured = Pick<LoadOutcome, 'elapsed_s' | 'operations' | 'schedule'> &
  Pick<LoadPauses, 'window' | 'slow_requests'>;

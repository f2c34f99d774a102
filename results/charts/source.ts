/** What every chart is made from. */
import type { Summary } from '../formats/index.ts';
import type { Run } from '../run/run-folder.ts';
import type { RunDistance } from '../summary/distance/run-distance.ts';
import type { Looks } from './theme/looks.ts';

export interface ChartSource {
  readonly run: Run;
  readonly summary: Summary;
  /** How far the run's cores were apart, over time. */
  readonly distance: RunDistance;
  /** By system and floor: the same in every chart of a run. */
  readonly looks: Looks;
}

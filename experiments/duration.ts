/** How long an experiment takes, before any of it has run. */
import { sum } from 'simple-statistics';
import { placementOf } from './config/placement.ts';
import type { ConfiguredExperiment, Experiment } from './config/schema.ts';
import { stagesAt, workloadOf } from './config/swept.ts';
import { corePairOf } from './trial/core-pair.ts';

/** For starting and stopping a process. */
const OVERHEAD_PER_PROCESS_S = 0.7;
/** For which the load generator of a system goes on until its code is compiled, behind any warm-up but the shortest. */
const REHEARSALS_S = 0.7;
const REHEARSALS_PER_WARM_UP = 4;
/**
 * A server is filled at about this rate, one request in flight: a run of 30 trials and a million keys took
 * 840 s.
 */
const KEYS_FILLED_PER_S = 165_000;
/** Of a calibration: its slices, `duration_s` long each. */
const CALIBRATION_STEPS = 10;

type Parts = Pick<ConfiguredExperiment, 'workload' | 'stages'>;

/**
 * Seconds of one trial: a server's keys are filled, each operation is measured, and stamped where it has
 * stages.
 */
export function trialDuration_s({ workload, stages }: Parts, kind: 'system' | 'floor'): number {
  const { operations, warmup_s, duration_s, keys } = workload;
  const measured_s = warmup_s + duration_s + OVERHEAD_PER_PROCESS_S;
  if (kind === 'floor') return operations.length * measured_s;
  const rehearsals_s = Math.min(REHEARSALS_S, REHEARSALS_PER_WARM_UP * warmup_s);
  const stamped_s = stages ? warmup_s + rehearsals_s + stages.duration_s + OVERHEAD_PER_PROCESS_S : 0;
  const start_s = OVERHEAD_PER_PROCESS_S + keys / KEYS_FILLED_PER_S;
  return start_s + operations.length * (measured_s + rehearsals_s + stamped_s);
}

/** Seconds of a whole run, without the blocks that may follow those that are planned. */
export function runDuration_s(experiment: ConfiguredExperiment): number {
  const { calibration, stages, points, trials } = experiment;
  const calibration_s = calibration ? CALIBRATION_STEPS * calibration.duration_s + OVERHEAD_PER_PROCESS_S : 0;
  const block_s = points.map(
    ({ at, workload, systems, floors }) =>
      sum(
        systems.map((system) =>
          trialDuration_s({ workload: workloadOf(workload, system), stages: stagesAt(stages, at) }, 'system'),
        ),
      ) +
      floors.length * trialDuration_s({ workload, stages }, 'floor'),
  );
  return calibration_s + trials * sum(block_s);
}

/** Seconds for which trials may go on behind those that are planned. */
export function addedDuration_s(
  experiment: Pick<Experiment, 'systems' | 'distance' | 'hosts' | 'place'>,
): number {
  const { systems, distance } = experiment;
  const hasPair = systems.some((system) => {
    const pair = corePairOf(system, undefined, placementOf(experiment, system));
    return pair !== null && typeof pair !== 'string';
  });
  return hasPair ? distance.extend_s : 0;
}

/** `3 min 20 s`, the more roughly the longer. */
export function durationInWords(seconds: number): string {
  const rounded = seconds < 20 ? Math.ceil(seconds) : Math.ceil(seconds / 5) * 5;
  const minutes = Math.floor(rounded / 60);
  const rest = rounded % 60;
  return [minutes > 0 ? `${minutes} min` : '', rest > 0 || minutes === 0 ? `${rest} s` : '']
    .filter(Boolean)
    .join(' ');
}

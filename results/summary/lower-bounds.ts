/** What no median of a point can be below: floors of its system, and that of the load generator itself. */
import { median } from 'simple-statistics';
import {
  type Calibration,
  type FloorPoint,
  isOfDatagrams,
  type MeasurementTarget,
  type SystemUnderTest,
  type WorkloadProtocol,
} from '../formats/index.ts';
import { type Run, standsBeside } from '../run/run-folder.ts';
import type { LowerBound } from './checks.ts';
import { MIXTURE } from './distance/by-state.ts';
import { FEWEST_SLICES, type PairStates } from './distance/run-distance.ts';
import { stateOfSlice } from './distance/slice-states.ts';
import { stateOf } from './doubt.ts';
import type { Counted } from './numbers.ts';

/**
 * What a floor took in its fastest trial is what can be had, in the same state of distance as the point's. A mixture is
 * bounded by the fastest of all, and by none of a floor that was not in the nearest state: it never had what the point
 * may have had for all of the time. A floor that backs no claim bounds nothing.
 */
export function lowerBounds(
  floors: FloorPoint[],
  system: string,
  target: MeasurementTarget,
  state: string | null,
): LowerBound[] {
  return floors.flatMap((floor) => {
    const bounds =
      floor.systems.includes(system) &&
      standsBeside(floor, target) &&
      floor.value_bytes === target.value_bytes &&
      stateOf(floor, ['p50']) !== 'invalid';
    if (!bounds) return [];
    const of_state = state !== null && floor.state === state;
    const nearest = floor.by_state.find((one) => one.state !== MIXTURE);
    if (!of_state && nearest?.trial_p50_us.length === 0) return [];
    const trials_us = [...floor.trial_p50_us, ...(of_state ? [] : (nearest?.trial_p50_us ?? []))];
    if (trials_us.length === 0) return [];
    const p50_us = Math.min(...trials_us.map((trial) => trial.p50_us));
    return [{ name: `its floor ${floor.label}`, p50_us, of_state }];
  });
}

/**
 * With a server that takes no time, over the same backend, in the state of the point. A mixture is bounded by what was
 * had in the nearest state. A calibration that was not in that state bounds nothing: cores that are nearer are faster.
 * Nor does it bound datagrams: its server is one of streams, whose messages take the kernel longer. Nor a system of
 * another checkout, whose load generator is another one, nor one over a network: a calibration is within one machine.
 */
export function generatorFloor(
  { calibrations }: Pick<Run, 'calibrations'>,
  system: {
    backend: string;
    /** The one machine that it is on (counter.ts). */
    host: string | null | undefined;
    protocol: WorkloadProtocol;
    checkout: SystemUnderTest['checkout'];
  },
  {
    target: { clients, value_bytes },
    pair,
    selection: { state },
  }: Pick<Counted, 'target' | 'pair' | 'selection'>,
): LowerBound[] {
  const calibration = calibrations.find(
    ({ backend, host }) => backend === system.backend && host === system.host,
  );
  const isAlike =
    clients === 1 &&
    value_bytes === calibration?.value_bytes &&
    !isOfDatagrams(system.protocol) &&
    system.checkout === null;
  if (!isAlike) return [];
  const name = "the load generator's own floor";
  if (pair === null || pair.states.length < 2) {
    return [{ name, p50_us: calibration.floor_us.p50, of_state: state !== null }];
  }
  const p50_us = floorOfState(calibration, pair, state ?? pair.states[0].name);
  return p50_us === null ? [] : [{ name, p50_us, of_state: state !== null }];
}

/** The generator's own floor in a state, in us; null where it hardly was in that, or was calibrated on other cores. */
export function floorOfState(
  { core, server_core, slices }: Calibration,
  { cores, states }: Pick<PairStates, 'cores' | 'states'>,
  state: string,
): number | null {
  if (cores.join() !== [core, server_core].sort((a, b) => a - b).join()) return null;
  const ofState_us = slices
    .filter(({ asked_us, before_ns, after_ns }) => {
      const found = stateOfSlice(states, before_ns, after_ns);
      return asked_us === null && typeof found === 'object' && found.name === state;
    })
    .map(({ p50_us }) => p50_us);
  return ofState_us.length < FEWEST_SLICES ? null : median(ofState_us);
}

/**
 * A calibration: the generator against a server whose time is known. What was injected is compared with what was seen.
 */
import { checkCounter } from '../../libos/index.ts';
import type { Calibration } from '../../results/formats/index.ts';
import { LoadError } from '../errors.ts';
import { type BothSides, runAgainstNullServer, VALUE_BYTES } from './against-null-server.ts';
import type { ClientOutcome, ClientSteps } from './client.ts';
import {
  CLOSED_PAUSES,
  DELAYED_US,
  delaysUs,
  FIRST_DELAY,
  OPEN_PAUSES,
  PAUSE_PERIOD_US,
  PAUSE_US,
} from './injections.ts';
import type { Injected } from './null-server.ts';
import { expectedEffect, type PausedLoad } from './pause-arithmetic.ts';
import type { Seen } from './samples.ts';

/** The content of calibration.json without the name of its format. */
export type CalibrationContent = Omit<Calibration, 'schema'>;

export interface CalibrateOptions extends BothSides {
  /** Measured time of each step. */
  durationS: number;
}

/** High enough that a pause delays many requests, low enough that the server catches up at once. */
const RATE_OPS = 5000;

/**
 * Null when a signal ended it. Throws CALIBRATION_FAILED when a step gave no sample, LibosError.
 * @param progress in shared memory; its phases are the client's
 */
export async function calibrate(
  options: CalibrateOptions,
  progress: Float64Array,
): Promise<CalibrationContent | null> {
  const { durationS, core, serverCore } = options;
  const counter = checkCounter(core, serverCore);
  const steps: ClientSteps = {
    durationS,
    pausesS: pausedSeconds(durationS),
    rateOps: RATE_OPS,
    core,
    serverCore,
    progress,
  };
  const client = new URL('./client.ts', import.meta.url);
  const ran = await runAgainstNullServer<ClientSteps, ClientOutcome>(options, client, steps);
  return ran === null ? null : { ...compare(options, ran.outcome, ran.injected), counter };
}

/** Whole periods, at least one. */
function pausedSeconds(durationS: number): number {
  const periodS = PAUSE_PERIOD_US / 1e6;
  return Math.max(1, Math.round(durationS / periodS)) * periodS;
}

function compare(
  options: CalibrateOptions,
  outcome: ClientOutcome,
  injected: Injected,
): Omit<CalibrationContent, 'counter'> {
  const [ofFloor, ...ofDelays] = outcome.delays;
  const floor = required(ofFloor, 'the floor').quantilesNs;
  const floorUs = { p50: floor.p50 / 1000, p999: floor.p999 / 1000 };
  const pausesUs = (injection: number) => injected.pausesNs[injection].map((ns) => ns / 1000);
  const common = { delayedUs: DELAYED_US, floorUs };
  return {
    backend: options.backend,
    value_bytes: VALUE_BYTES,
    core: options.core,
    server_core: options.serverCore,
    duration_s: options.durationS,
    floor_us: { p50: floorUs.p50, p99: floor.p99 / 1000 },
    delays: delaysUs.map((askedUs, i) => {
      const seen = required(ofDelays[i], `a delay of ${askedUs} us`);
      return describeDelay(askedUs, seen, floorUs.p50, injected.delayP50Ns[FIRST_DELAY + i] / 1000);
    }),
    slices: outcome.slices.map(({ step, beforeNs, afterNs, p50Ns }) => ({
      asked_us: step === 0 ? null : delaysUs[step - 1],
      before_ns: beforeNs,
      after_ns: afterNs,
      p50_us: p50Ns / 1000,
    })),
    pauses: [
      describePauses(outcome.closed, { ...common, rateOps: null, pausesUs: pausesUs(CLOSED_PAUSES) }),
      describePauses(outcome.open, { ...common, rateOps: RATE_OPS, pausesUs: pausesUs(OPEN_PAUSES) }),
    ],
    versions: { node: process.versions.node },
  };
}

function describeDelay(
  asked_us: number,
  { requests, quantilesNs }: Seen,
  floorP50Us: number,
  injected_us: number,
): Calibration['delays'][number] {
  const p50_us = quantilesNs.p50 / 1000;
  const measured_us = p50_us - floorP50Us;
  const error_us = measured_us - injected_us;
  const error_percent = asked_us === 0 ? null : (100 * error_us) / injected_us;
  return { asked_us, injected_us, requests, p50_us, measured_us, error_us, error_percent };
}

function describePauses(
  outcome: Seen | null,
  load: Omit<PausedLoad, 'requests'>,
): Calibration['pauses'][number] {
  const loop = load.rateOps === null ? 'closed' : 'open';
  const { requests, delayed, quantilesNs } = required(outcome, `the ${loop} loop with pauses`);
  const expected = expectedEffect({ ...load, requests });
  return {
    loop,
    rate_ops: load.rateOps,
    pause_us: PAUSE_US,
    period_us: PAUSE_PERIOD_US,
    pauses: load.pausesUs.length,
    requests,
    delayed_from_us: load.delayedUs,
    delayed: { seen: delayed, expected: expected.delayed },
    p999_us: { seen: quantilesNs.p999 / 1000, expected: expected.p999_us },
    max_us: { seen: quantilesNs.max / 1000, expected: expected.max_us },
  };
}

function required(seen: Seen | null, step: string): Seen {
  if (seen !== null) return seen;
  throw new LoadError('CALIBRATION_FAILED', `no reply was measured for ${step}: give a longer --duration-s`);
}

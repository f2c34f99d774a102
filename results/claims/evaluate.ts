/**
 * Holds claims against a run.
 *
 * A claim holds when the whole interval of the ratio keeps its bounds, and fails when the whole interval is beyond one
 * of them. Where the interval lies on both sides of a bound the run cannot tell, nor can it where the measurement is
 * missing or backs no claim: then the claim cannot be tested here, and the reason says what is in the way.
 */

import type { MeasurementTarget, Point, Summary } from '../formats/index.ts';
import { nameTarget } from '../sentences/doubts.ts';
import { differenceInterval, FEWEST_TRIALS, type Pairing } from '../summary/bootstrap.ts';
import { enoughForQuantile, formatRatioFinely, measureNames, trialValues } from '../summary/measure.ts';
import { formatCount } from '../text/format.ts';
import type { Claim, Claims } from './schema.ts';

export type Outcome = 'holds' | 'fails' | 'cannot be tested here';

/** What the outcome rests on; in the unit of the claim's measure, µs or requests per second. */
export interface Evidence {
  /** What carried the bytes: a claim of a network holds more easily without a wire. */
  system_device: string;
  over_device: string;
  /** Medians over the trials of both, their ratio, and its interval (bootstrap.ts). */
  system_value: number;
  over_value: number;
  ratio: number;
  interval: { low: number; high: number } | null;
  /** Trials that both have. */
  trials: number;
  /** Of points that are suspect. */
  doubts: string[];
}

/** One claim about one operation, held against one kind of point of the run. */
export interface Finding {
  paper: Claims['paper'];
  claim: Claim;
  operation: MeasurementTarget['operation'] | 'all';
  /** "GET", or what else tells the point from others of the run: "GET with 8 clients". */
  about: string;
  outcome: Outcome;
  /** A clause; null when the claim holds. */
  reason: string | null;
  evidence: Evidence | null;
}

type Judgement = Pick<Finding, 'outcome' | 'reason' | 'evidence'>;

const PAIRING: Pairing = 'paired';

/** A finding for each claim, operation and point that the claim speaks of; at least one for each claim. */
export function evaluateClaims(summary: Summary, claims: Claims[]): Finding[] {
  return claims.flatMap(({ paper, claims: ofPaper }) =>
    ofPaper.flatMap((claim) =>
      operationsOf(claim, summary).flatMap((operation) =>
        findings(summary, claim, operation).map((found) => ({ paper, claim, operation, ...found })),
      ),
    ),
  );
}

/** Those about systems that the run has, whatever became of them. */
export function aboutSystemsOf({ points }: Summary, findings: Finding[]): Finding[] {
  const systems = new Set(points.map(({ system }) => system));
  return findings.filter(({ claim }) => systems.has(claim.system) && systems.has(claim.over));
}

/** 1 when a claim fails, 0 when none does and one holds at least, 2 when none could be tested. */
export function exitCode(found: Finding[]): 0 | 1 | 2 {
  if (found.some(({ outcome }) => outcome === 'fails')) return 1;
  return found.some(({ outcome }) => outcome === 'holds') ? 0 : 2;
}

/** `all` stays itself where the run has neither system, and so no operation to name. */
function operationsOf(claim: Claim, { points }: Summary): Finding['operation'][] {
  if (claim.operations !== 'all') return claim.operations;
  const measured = points.filter(({ system }) => system === claim.system || system === claim.over);
  const operations = new Set(measured.map(({ operation }) => operation));
  return operations.size > 0 ? [...operations] : ['all'];
}

function findings(
  summary: Summary,
  claim: Claim,
  operation: Finding['operation'],
): (Judgement & Pick<Finding, 'about'>)[] {
  const absent = [claim.system, claim.over].filter(
    (name) => !summary.points.some(({ system }) => system === name),
  );
  const wanted = operation === 'all' ? 'every operation' : operation.toUpperCase();
  if (absent.length > 0) {
    return [{ about: wanted, ...untested(`this run has no system ${absent.join(' and no ')}`) }];
  }
  if (summary.open_loop) {
    const why = 'this run is of an open loop, whose latencies are not what the claim is about';
    return [{ about: wanted, ...untested(why) }];
  }
  if (summary.pipeline !== claim.pipeline) {
    const inFlight = `${formatCount(summary.pipeline)} requests in flight on each connection`;
    return [{ about: wanted, ...untested(`this run has ${inFlight}, the claim is about ${claim.pipeline}`) }];
  }
  const points = summary.points.filter(
    (point) => point.system === claim.system && point.operation === operation && speaksOf(claim, point),
  );
  if (points.length === 0) {
    return [{ about: wanted, ...untested(`this run has no ${nameWanted(claim, wanted)}`) }];
  }
  return points.map((point) => ({
    about: nameTarget(point, summary.points),
    ...judge(claim, point, counterpart(summary, claim, point)),
  }));
}

function speaksOf({ clients, value_bytes }: Claim, point: Point): boolean {
  return (
    point.clients >= (clients?.at_least ?? 1) &&
    point.clients <= (clients?.at_most ?? Number.POSITIVE_INFINITY) &&
    (value_bytes === undefined || point.value_bytes === value_bytes)
  );
}

/** "SET with at least 50 clients and values of 64 bytes" */
function nameWanted({ clients, value_bytes }: Claim, operation: string): string {
  const name = (bound: string, value: number): string =>
    `${bound} ${formatCount(value)} ${value === 1 ? 'client' : 'clients'}`;
  const conditions = [
    ...(clients?.at_least === undefined ? [] : [name('at least', clients.at_least)]),
    ...(clients?.at_most === undefined ? [] : [name('at most', clients.at_most)]),
    ...(value_bytes === undefined ? [] : [`values of ${formatCount(value_bytes)} bytes`]),
  ];
  return conditions.length === 0 ? operation : `${operation} with ${conditions.join(' and ')}`;
}

/** A summary has a point for every system and target. */
function counterpart({ points }: Summary, claim: Claim, point: Point): Point {
  return points.find(
    (other) =>
      other.system === claim.over &&
      other.operation === point.operation &&
      other.clients === point.clients &&
      other.value_bytes === point.value_bytes,
  )!;
}

function judge(claim: Claim, point: Point, over: Point): Judgement {
  const invalid = [point, over].find(({ verdict }) => verdict === 'invalid');
  if (invalid) return untested(`${invalid.system} is invalid: ${invalid.reasons[0].replace(/\.$/, '')}`);
  const [ofSystem, ofOver] = [point, over].map((one) => trialValues(one, claim.measure));
  const difference = differenceInterval(ofSystem!, ofOver!, PAIRING);
  if (!difference)
    return untested(`no trial of this run has the ${measureNames[claim.measure]} of both systems`);
  const { a, b, ratio, interval, trials } = difference;
  const evidence: Evidence = {
    system_device: point.device,
    over_device: over.device,
    system_value: a,
    over_value: b,
    ratio,
    interval,
    trials,
    doubts: [point, over].flatMap(({ system, reasons }) =>
      reasons.map((reason) => `${system} is suspect: ${reason}`),
    ),
  };
  const sparse = [point, over].find((one) => !enoughForQuantile(one, claim.measure));
  if (sparse) {
    return untested(`${sparse.system} has too few samples for a p99, which wants 1,000 a trial`, evidence);
  }
  if (!interval) {
    const counted =
      trials === 1 ? '1 trial that both systems have gives' : `${trials} trials that both systems have give`;
    return untested(`the ${counted} no interval; at least ${FEWEST_TRIALS} do`, evidence);
  }
  return { ...hold(claim, interval), evidence };
}

/** A bound that is kept or broken by the whole interval decides; one inside it does not. */
function hold(claim: Claim, { low, high }: { low: number; high: number }): Omit<Judgement, 'evidence'> {
  const { at_most = Number.POSITIVE_INFINITY, at_least = 0 } = claim;
  const range = `the interval ${formatRatioFinely(low)} to ${formatRatioFinely(high)}`;
  if (low > at_most) return { outcome: 'fails', reason: `${range} lies above ${at_most}` };
  if (high < at_least) return { outcome: 'fails', reason: `${range} lies below ${at_least}` };
  if (low >= at_least && high <= at_most) return { outcome: 'holds', reason: null };
  const bound = high > at_most ? at_most : at_least;
  return { outcome: 'cannot be tested here', reason: `${range} straddles ${bound}; more trials` };
}

function untested(reason: string, evidence: Evidence | null = null): Judgement {
  return { outcome: 'cannot be tested here', reason, evidence };
}

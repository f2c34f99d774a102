/**
 * Holds a relation of two systems, or of a system and a floor, against a run: what claims and goals have in common.
 *
 * It holds when the whole interval of the ratio keeps the bounds, and fails when the whole interval is beyond one of
 * them. Where the interval lies on both sides of a bound the run cannot tell, nor can it where the measurement is
 * missing or backs no claim: then it cannot be tested here, and the reason says what is in the way.
 */

import type { FloorPoint, MeasurementTarget, Point, Summary } from '../formats/index.ts';
import { sameTarget } from '../run/run-folder.ts';
import { nameTarget } from '../sentences/doubts.ts';
import { differenceWithinRun, FEWEST_TRIALS } from '../summary/bootstrap.ts';
import { enoughForQuantile, measureNames, trialValues, verdictOn } from '../summary/measure.ts';
import { formatCount, formatPercent, formatRatioFinely } from '../text/format.ts';
import type { Bounds, Relation, Selector } from './schema.ts';

export type RelationResult = 'holds' | 'fails' | 'cannot be tested here';

/** What the result rests on; in the unit of the relation's measure, µs or requests per second. */
export interface Evidence {
  /** What carried the bytes: a claim of a network holds more easily without a wire. Null for a floor. */
  system_device: string;
  over_device: string | null;
  /** Medians over the trials of both, their ratio, and its interval (bootstrap.ts). */
  system_value: number;
  over_value: number;
  ratio: number;
  interval: { low: number; high: number } | null;
  /** The state of distance that the cores of both were in; null where it is not known to be one for both. */
  state: string | null;
  /** Trials that both have. */
  trials: number;
  /** Why the measure is suspect, of both sides. */
  doubts: string[];
}

/** One relation about one operation, held against one pair of the run. */
export interface RelationFinding {
  operation: MeasurementTarget['operation'] | 'all';
  /** "GET", or what else tells the pair from others of the run: "GET with 8 clients", "GET, kv-dpdk over redis". */
  about: string;
  /** Their names, or what they are where no pair of them was found; null where the run lacks one of the two. */
  system: string | null;
  over: string | null;
  result: RelationResult;
  /** A clause; null when the relation holds. */
  reason: string | null;
  evidence: Evidence | null;
  /** What the noise of the run made of `within_noise_of`; null for a relation with bounds of its own. */
  noise: Required<Bounds> | null;
}

/** Within more noise than this everything would agree. */
const NOISE_MOST = 1.1;

type Judgement = Pick<RelationFinding, 'result' | 'reason' | 'evidence' | 'noise'>;
type Pair = [system: Point, over: Point | FloorPoint];

/** A finding for each operation and pair that the relation speaks of; at least one. */
export function evaluateRelation(summary: Summary, relation: Relation): RelationFinding[] {
  return operationsOf(relation, summary).flatMap((operation) => findings(summary, relation, operation));
}

/** `all` stays itself where the run has neither system, and so no operation to name. */
function operationsOf(relation: Relation, { points }: Summary): RelationFinding['operation'][] {
  if (relation.operations !== 'all') return relation.operations;
  const sides = [relation.system, relation.over];
  const measured = points.filter((point) => sides.some((selector) => selects(selector, point)));
  const operations = new Set(measured.map(({ operation }) => operation));
  return operations.size > 0 ? [...operations] : ['all'];
}

function findings(
  summary: Summary,
  relation: Relation,
  operation: RelationFinding['operation'],
): RelationFinding[] {
  const wanted = operation === 'all' ? 'every operation' : operation.toUpperCase();
  const absent = absentSides(summary, relation);
  if (absent.length > 0) {
    const reason = `this run has no ${absent.map((selector) => `system ${nameSelector(selector)}`).join(' and no ')}`;
    return [{ operation, about: wanted, system: null, over: null, ...untested(reason) }];
  }
  const names = { system: nameSelector(relation.system), over: nameSelector(relation.over) };
  const obstacle = obstacleOf(summary, relation);
  if (obstacle !== null) return [{ operation, about: wanted, ...names, ...untested(obstacle) }];
  const points = summary.points.filter(
    (point) => selects(relation.system, point) && point.operation === operation && speaksOf(relation, point),
  );
  const pairs = points.flatMap((point) =>
    counterparts(summary, relation, point).map((over): Pair => [point, over]),
  );
  if (pairs.length === 0) {
    const reason = `this run has no ${nameWanted(relation, wanted)}`;
    return [{ operation, about: wanted, ...names, ...untested(reason) }];
  }
  return pairs.map(([point, over]) => {
    const target = nameTarget(point, summary.points);
    const alike = pairs.filter(([other]) => nameTarget(other, summary.points) === target);
    const [system, reference] = [point.system, nameOf(over)];
    return {
      operation,
      about: alike.length > 1 ? `${target}, ${system} over ${reference}` : target,
      system,
      over: reference,
      ...judge(relation, point, over, summary),
    };
  });
}

function absentSides({ points, floors }: Summary, { system, over }: Relation): Selector[] {
  const has = (selector: Selector): boolean => points.some((point) => selects(selector, point));
  const hasOver = has(over) || floors.some(({ name }) => name === over);
  return [...(has(system) ? [] : [system]), ...(hasOver ? [] : [over])];
}

/** Why the whole run can say nothing of the relation; null where it may. */
function obstacleOf(summary: Summary, relation: Relation): string | null {
  const { points, pipeline } = summary;
  if (points.every(({ rate_ops }) => rate_ops !== null))
    return 'this run is of an open loop, whose latencies are not what the claim is about';
  if (relation.pipeline !== undefined && points.every((point) => point.pipeline !== relation.pipeline)) {
    const inFlight = `${formatCount(pipeline)} requests in flight on each connection`;
    return `this run has ${inFlight}, the claim is about ${relation.pipeline}`;
  }
  return null;
}

function selects(selector: Selector, { system, role, backend, group }: Point): boolean {
  if (typeof selector === 'string') return system === selector;
  return (
    role === selector.role &&
    (selector.backend === undefined || backend === selector.backend) &&
    (selector.group === undefined || group === selector.group)
  );
}

/** "kv-rdma", or "of role bypass over rdma in group echo" */
function nameSelector(selector: Selector): string {
  if (typeof selector === 'string') return selector;
  const { role, backend, group } = selector;
  const within = group === undefined || group === '' ? '' : ` in group ${group}`;
  return `of role ${role}${backend === undefined ? '' : ` over ${backend}`}${within}`;
}

function nameOf(side: Point | FloorPoint): string {
  return 'system' in side ? side.system : side.name;
}

function speaksOf({ clients, value_bytes, pipeline }: Relation, point: Point): boolean {
  return (
    point.rate_ops === null &&
    (pipeline === undefined || point.pipeline === pipeline) &&
    point.clients >= (clients?.at_least ?? 1) &&
    point.clients <= (clients?.at_most ?? Number.POSITIVE_INFINITY) &&
    (value_bytes === undefined || point.value_bytes === value_bytes)
  );
}

/** "SET with at least 50 clients and values of 64 bytes" */
function nameWanted({ clients, value_bytes }: Relation, operation: string): string {
  const name = (bound: string, value: number): string =>
    `${bound} ${formatCount(value)} ${value === 1 ? 'client' : 'clients'}`;
  const conditions = [
    ...(clients?.at_least === undefined ? [] : [name('at least', clients.at_least)]),
    ...(clients?.at_most === undefined ? [] : [name('at most', clients.at_most)]),
    ...(value_bytes === undefined ? [] : [`values of ${formatCount(value_bytes)} bytes`]),
  ];
  return conditions.length === 0 ? operation : `${operation} with ${conditions.join(' and ')}`;
}

/** What a point is held against at the same target. By role it is of the point's own group unless another is named. */
function counterparts({ points, floors }: Summary, { over }: Relation, point: Point): (Point | FloorPoint)[] {
  const selector = typeof over === 'string' ? over : { group: point.group, ...over };
  return [
    ...points.filter((other) => selects(selector, other) && sameTarget(other, point)),
    ...floors.filter((floor) => floor.name === over && sameTarget(floor, point)),
  ];
}

function judge(relation: Relation, point: Point, over: Point | FloorPoint, summary: Summary): Judgement {
  const times = summary.additions;
  const verdicts = [point, over].flatMap((side) => {
    const verdict = verdictOn(side, relation.measure);
    return verdict ? [{ name: `${measureNames[relation.measure]} of ${nameOf(side)}`, ...verdict }] : [];
  });
  const unlike = (['clients', 'pipeline', 'value_bytes', 'rate_ops'] as const).find(
    (key) => point[key] !== over[key],
  );
  if (unlike) return untested(`the workloads of ${nameOf(point)} and ${nameOf(over)} have another ${unlike}`);
  const invalid = verdicts.find(({ state }) => state === 'invalid');
  if (invalid) return untested(`the ${invalid.name} is invalid: ${invalid.reasons[0].replace(/\.$/, '')}`);
  const [ofSystem, ofOver] = [point, over].map((one) => trialValues(one, relation.measure));
  const difference = differenceWithinRun(ofSystem!, ofOver!, times);
  if (!difference)
    return untested(
      `no trial of this run has the ${measureNames[relation.measure]} of both systems${times.length > 0 ? ' at one time' : ''}`,
    );
  const { a, b, ratio, interval, trials } = difference;
  const evidence: Evidence = {
    system_device: point.device,
    over_device: 'device' in over ? over.device : null,
    system_value: a,
    over_value: b,
    ratio,
    interval,
    state: point.state === over.state ? point.state : null,
    trials,
    doubts: verdicts.flatMap(({ name, reasons }) =>
      reasons.map((reason) => `the ${name} is suspect: ${reason}`),
    ),
  };
  const sparse = [point, over].find((one) => !enoughForQuantile(one, relation.measure));
  if (sparse) {
    return untested(`${nameOf(sparse)} has too few samples for a p99, which wants 1,000 a trial`, evidence);
  }
  if (!interval) {
    const counted =
      trials === 1 ? '1 trial that both systems have gives' : `${trials} trials that both systems have give`;
    return untested(`the ${counted} no interval; at least ${FEWEST_TRIALS} do`, evidence);
  }
  if (relation.within_noise_of !== undefined) {
    const noise = noiseAt(summary, relation.within_noise_of, point, relation.measure);
    return typeof noise === 'string'
      ? untested(noise, evidence)
      : { ...agreement(noise, evidence), evidence, noise };
  }
  const held = holdInterval(relation, interval);
  if (held.result !== 'fails' || !isBetter(relation, interval)) return { ...held, evidence, noise: null };
  return { ...held, reason: `${held.reason}: better than claimed`, evidence, noise: null };
}

/** Beyond the bound where more throughput, or less latency, lies. */
function isBetter(
  { measure, at_most, at_least }: Relation,
  { low, high }: { low: number; high: number },
): boolean {
  if (measure === 'throughput') return at_most !== undefined && low > at_most;
  return at_least !== undefined && high < at_least;
}

/** A bound that is kept or broken by the whole interval decides; one inside it does not. */
export function holdInterval(
  { at_most = Number.POSITIVE_INFINITY, at_least = 0 }: Bounds,
  { low, high }: { low: number; high: number },
): Pick<Judgement, 'result' | 'reason'> {
  const range = `the interval ${formatRatioFinely(low)} to ${formatRatioFinely(high)}`;
  if (low > at_most) return { result: 'fails', reason: `${range} lies above ${at_most}` };
  if (high < at_least) return { result: 'fails', reason: `${range} lies below ${at_least}` };
  if (low >= at_least && high <= at_most) return { result: 'holds', reason: null };
  const bound = high > at_most ? at_most : at_least;
  return { result: 'cannot be tested here', reason: `${range} straddles ${bound}; more trials` };
}

function untested(reason: string, evidence: Evidence | null = null): Judgement {
  return { result: 'cannot be tested here', reason, evidence, noise: null };
}

/**
 * The noise as bounds of a ratio: how far a system may be from itself, by the interval of its repetition at the same
 * target, in either direction. A clause where it is not known.
 */
function noiseAt(
  { repeats, points, additions }: Summary,
  system: string,
  target: Point,
  measure: Relation['measure'],
): Required<Bounds> | string {
  const itself = points.find((point) => point.system === system && sameTarget(point, target));
  const again = repeats.find((point) => point.repeats === system && sameTarget(point, target));
  const noise =
    itself && again
      ? differenceWithinRun(trialValues(again, measure), trialValues(itself, measure), additions)
      : null;
  if (!noise?.interval)
    return `the noise is not known: ${system} was not measured twice in ${FEWEST_TRIALS} trials`;
  const { low, high } = noise.interval;
  const factor = Math.max(high, 1 / low, 1);
  if (factor > NOISE_MOST) {
    return `${system} differs from itself by up to ${formatPercent(factor - 1)}, and agreement says something up to ${formatPercent(NOISE_MOST - 1)} only; more trials, or a quieter machine`;
  }
  return { at_least: 1 / factor, at_most: factor };
}

/** Two agree where their ratio is no further from 1 than the noise is; where its whole interval is, they do not. */
function agreement(
  noise: Required<Bounds>,
  { ratio, interval }: Evidence,
): Pick<Judgement, 'result' | 'reason'> {
  if (ratio >= noise.at_least && ratio <= noise.at_most) return { result: 'holds', reason: null };
  const within = `${formatRatioFinely(noise.at_least)} to ${formatRatioFinely(noise.at_most)}`;
  if (interval && (interval.low > noise.at_most || interval.high < noise.at_least)) {
    const range = `${formatRatioFinely(interval.low)} to ${formatRatioFinely(interval.high)}`;
    return { result: 'fails', reason: `the interval ${range} lies outside the noise, ${within}` };
  }
  const reason = `the ratio ${formatRatioFinely(ratio)} lies outside the noise, ${within}, its interval does not; more trials`;
  return { result: 'cannot be tested here', reason };
}

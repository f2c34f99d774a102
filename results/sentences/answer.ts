/**
 * What a run comes to, for those who read nothing else: the question that it asks, the answer in at most three
 * sentences, and one on whether to believe it. Ratios have their intervals, in brackets.
 */
import type { Manifest, Point, Summary } from '../formats/index.ts';
import { figureKind } from '../run/main-axis.ts';
import { standsBeside } from '../run/run-folder.ts';
import { gbitPerS } from '../summary/bandwidth.ts';
import { differenceWithinRun, type Times } from '../summary/bootstrap.ts';
import { stateOf } from '../summary/doubt.ts';
import { trialValues } from '../summary/measure.ts';
import {
  formatCount,
  formatIntervalUs,
  formatNumber,
  formatPercent,
  formatRatio,
  formatSignificant,
  formatUs,
} from '../text/format.ts';
import { mixture, trialRange } from './caption.ts';
import { listed, marks, nameTarget, statisticNames } from './doubts.ts';
import { figureStatistics, figureSubjects } from './figure-words.ts';
import { axisTitle } from './load.ts';
import { splitInWords } from './split.ts';

const SENTENCES = 3;
/** Systems that a sentence names, and whole names of systems in the question. */
const NAMED = 4;

/** "How do Redis and kvserver compare in p50 latency of SET and GET, with 1 client?" */
export function question(manifest: Manifest, { points }: Summary): string {
  const { systems, plan } = manifest;
  const labels = systems.filter(({ repeats }) => repeats === null).map(({ label }) => label);
  const operations = listed([...new Set(points.map(({ operation }) => operation.toUpperCase()))]);
  const of = figureSubjects[figureKind(manifest)](operations);
  const where =
    plan.axes.length > 0
      ? `over ${listed(plan.axes.map((axis) => rangeOf(axis, manifest)))}`
      : clientsOf(points);
  if (labels.length === 1) return `What is the ${of} of ${labels[0]}, ${where}?`;
  const who = labels.length > NAMED ? `${labels.length} systems` : together(labels);
  return `How do ${who} compare in ${of}, ${where}?`;
}

/** "clients 1 to 64" */
function rangeOf(axis: Manifest['plan']['axes'][number], manifest: Manifest): string {
  const { values } = axis;
  const name = axisTitle(axis, manifest).replace(/ \(.*\)$/, '');
  return values.length > 1 ? `${name} ${show(values[0])} to ${show(values.at(-1)!)}` : name;
}

function show(value: string | number): string {
  return typeof value === 'number' ? formatNumber(value) : value;
}

function clientsOf(points: Point[]): string {
  const clients = [...new Set(points.map((point) => point.clients))];
  return `with ${listed(clients.map(formatCount))} ${clients.join() === '1' ? 'client' : 'clients'}`;
}

/** At most three sentences, the most wanted first: those about what the figure shows; never none. */
export function answer(manifest: Manifest, summary: Summary): string[] {
  const groups = [...Map.groupBy(summary.points, ({ group }) => group).values()];
  const isSweep = summary.axes.length > 0;
  const kind = figureKind(manifest);
  const comparisons = groups.map((points) => {
    const latencies = isSweep ? overSweep(points).slice(0, SENTENCES - 1) : atOnePoint(points);
    const isOfRates = kind === 'throughput' || kind === 'curve';
    const rates = isSweep || isOfRates ? mostRequests(points, summary.additions) : [];
    if (kind === 'bulk') return [...besideBulk(points), ...latencies];
    return isOfRates ? [...rates, ...latencies] : [...latencies, ...rates];
  });
  const [firsts, others] = [
    comparisons.flatMap(([one]) => one ?? []),
    comparisons.flatMap((of) => of.slice(1)),
  ];
  const splits = splitInWords(summary);
  const found = isSweep ? [...firsts, ...others, ...splits] : [...firsts, ...splits, ...others];
  if (found.length > 0) return found.slice(0, SENTENCES);
  const firstsOfGroups = groups.map(([first]) => first as Point);
  const unbelieved = firstsOfGroups.filter((point) => stateOf(point, ['p50']) === 'invalid');
  const single = alone(summary.points);
  const withoutFirst = unbelieved.map(
    ({ label }) => `Nothing is compared with ${label}, whose p50 is invalid.`,
  );
  return single.length > 0
    ? [...withoutFirst, ...single].slice(0, SENTENCES)
    : ['No p50 of this run can be believed, so that it answers nothing yet.'];
}

/** Those that a ratio can be told of. */
function isTold({ versus_first, verdicts }: Point): boolean {
  return versus_first !== null && verdicts.p50.state !== 'invalid';
}

/** A sentence for each operation, GET before all others. */
function atOnePoint(points: Point[]): string[] {
  const byTarget = [...Map.groupBy(points, (point) => nameTarget(point, points))];
  const isGet = ([, [point]]: [string, Point[]]): boolean => point?.operation === 'get';
  const ordered = [...byTarget.filter(isGet), ...byTarget.filter((one) => !isGet(one))];
  return ordered.flatMap(([target, same]) => {
    const [first] = same;
    const told = same.filter(isTold).toSorted((a, b) => ratioOf(a) - ratioOf(b));
    if (!first?.latency_us || stateOf(first, ['p50']) === 'invalid' || told.length === 0) return [];
    const each = told.slice(0, NAMED).map((point) => `${point.label} ${ratio(point)}`);
    const more = told.length > NAMED ? [`${told.length - NAMED} more`] : [];
    const base = `${first.label} (${formatUs(first.latency_us.p50)} µs)`;
    return [`${target}, p50 over that of ${base}: ${together([...each, ...more])}.`];
  });
}

/** A sentence for each system but the first, the one with the lowest first: where its ratio is lowest and highest. */
function overSweep(points: Point[]): string[] {
  const [first] = points as [Point, ...Point[]];
  const others = Map.groupBy(points, ({ system }) => system);
  const bases = (others.get(first.system) as Point[]).filter((base) => stateOf(base, ['p50']) !== 'invalid');
  others.delete(first.system);
  // Beyond what the first can take its latency is how long it was asked.
  const hasBase = (point: Point): boolean => bases.some((base) => standsBeside(base, point));
  const ordered = [...others.values()].map((of) =>
    of.filter((point) => isTold(point) && hasBase(point)).toSorted((a, b) => ratioOf(a) - ratioOf(b)),
  );
  const at = (point: Point): string => `${ratio(point)} ${placeOf(point, points)}`;
  return ordered
    .toSorted(([a], [b]) => (a ? ratioOf(a) : Infinity) - (b ? ratioOf(b) : Infinity))
    .flatMap((told) => {
      const [lowest, highest] = [told[0], told.at(-1)];
      if (!lowest || !highest) return [];
      const range = lowest === highest ? at(lowest) : `${at(lowest)} to ${at(highest)}`;
      return [`${lowest.label}, p50 over that of ${first.label}: ${range}.`];
    });
}

/** Its place in a sweep: "with 8 clients"; with its operation where there are several. */
function placeOf(point: Point, points: Point[]): string {
  const operation = point.operation.toUpperCase();
  const name = nameTarget(point, points);
  return points.every((other) => other.operation === point.operation)
    ? name.slice(operation.length + 1)
    : `for ${name}`;
}

/** The most requests a second that any system took, over the most of the first. */
function mostRequests(points: Point[], times: Times): string[] {
  const believed = points.filter(
    (point) => point.throughput_ops !== null && stateOf(point, ['throughput']) !== 'invalid',
  );
  const best = (of: Point[]): Point | undefined =>
    of.toSorted((a, b) => (b.throughput_ops ?? 0) - (a.throughput_ops ?? 0))[0];
  const first = best(believed.filter(({ system }) => system === points[0]?.system));
  const most = best(believed.filter(({ system }) => system !== points[0]?.system));
  if (!first || !most) return [];
  const difference = differenceWithinRun(
    trialValues(most, 'throughput'),
    trialValues(first, 'throughput'),
    times,
  );
  if (!difference) return [];
  const at = (point: Point): string =>
    `${formatCount(point.throughput_ops ?? 0)}/s ${placeOf(point, points)}`.trimEnd();
  return [
    `Most requests: ${most.label} ${at(most)}, ${formatted(difference)} times the most of ${first.label}, ${at(first)}.`,
  ];
}

/** The p99 without bulk, or beside the least of it, and beside the most; and the bandwidth of that. */
function besideBulk(points: Point[]): string[] {
  const believed = points.filter(({ latency_us, sample }) => latency_us !== null && sample !== 'run_mean');
  const bySystem = [
    ...Map.groupBy(believed, ({ system, operation }) => `${system} ${operation}`).values(),
  ].map((of) => of.toSorted((a, b) => (a.bulk?.connections ?? 0) - (b.bulk?.connections ?? 0)));
  const ends = bySystem.flatMap((of) => {
    const [least, most] = [of[0], of.at(-1)];
    return least && most && least !== most ? [{ least, most }] : [];
  });
  if (ends.length === 0) return [];
  const p99 = ({ latency_us, verdicts }: Point): string =>
    `${formatUs(latency_us?.p99 ?? Number.NaN)}${marks[verdicts.p99?.state ?? 'valid']}`;
  const shown = ends.slice(0, NAMED);
  const more = ends.length > NAMED ? [`${ends.length - NAMED} more`] : [];
  const streams = ({ bulk }: Point): string => {
    const many = bulk?.connections ?? 0;
    return many === 0 ? 'without bulk' : `beside ${formatCount(many)} ${many === 1 ? 'stream' : 'streams'}`;
  };
  const [{ least, most }] = shown;
  const latencies = shown.map((of) => `${of.most.label} ${p99(of.least)} and ${p99(of.most)} µs`);
  const rates = shown.flatMap((of) =>
    of.most.bulk ? [`${of.most.label} ${formatSignificant(gbitPerS(of.most.bulk.bytes_per_s))} Gbit/s`] : [],
  );
  return [
    `${most.operation.toUpperCase()}, p99 ${streams(least)} and ${streams(most)}: ${together([...latencies, ...more])}.`,
    `Bandwidth of the bulk ${streams(most)}: ${together([...rates, ...more])}.`,
  ];
}

/** Where nothing is compared: what each is. */
function alone(points: Point[]): string[] {
  return points.flatMap((point) => {
    const { latency_us, p50_interval_us, label } = point;
    if (!latency_us || stateOf(point, ['p50']) === 'invalid') return [];
    const range = p50_interval_us ? ` [${formatIntervalUs(p50_interval_us)}]` : '';
    return [`${label}, ${nameTarget(point, points)}: p50 ${formatUs(latency_us.p50)}${range} µs.`];
  });
}

function ratioOf({ versus_first }: Point): number {
  return versus_first?.ratio ?? Number.NaN;
}

/** "0.43 [0.41 to 0.45]", with the mark of a doubtful one, and with what it was measured otherwise. */
function ratio({ versus_first, verdicts, own_workload }: Point): string {
  const mark = verdicts.p50.state === 'suspect' ? ' (suspect)' : '';
  const own = own_workload.length > 0 ? ` (with its own ${listed(own_workload)})` : '';
  return `${versus_first ? formatted(versus_first) : ''}${mark}${own}`;
}

function formatted({
  ratio,
  interval,
}: Pick<NonNullable<Point['versus_first']>, 'ratio' | 'interval'>): string {
  const range = interval ? ` [${formatRatio(interval.low)} to ${formatRatio(interval.high)}]` : '';
  return `${formatRatio(ratio)}${range}`;
}

/** Labels may have commas. */
function together(parts: string[]): string {
  return parts.join('; ');
}

/** One sentence: how many of what the figure shows are valid, of how many trials, beside which noise. */
export function belief(manifest: Manifest, summary: Summary): string {
  const { points, repeats } = summary;
  // The first is what is compared.
  const [statistic] = figureStatistics(figureKind(manifest), points);
  const state = (one: Point): string => stateOf(one, [statistic]);
  const count = (of: string): number => points.filter((one) => state(one) === of).length;
  const [suspect, invalid] = [count('suspect'), count('invalid')];
  const doubtful = [
    ...(invalid > 0 ? [`${invalid} invalid`] : []),
    ...(suspect > 0 ? [`${suspect} suspect`] : []),
  ];
  const noise = Math.max(...repeats.map(({ versus_itself }) => Math.abs((versus_itself?.ratio ?? 1) - 1)));
  const told = repeats.some(({ versus_itself }) => versus_itself !== null);
  const isLook = manifest.quick || manifest.finished_at === null;
  const verdict =
    invalid === points.length
      ? 'Do not believe it'
      : invalid + suspect > 0 || isLook
        ? 'Believe it in part'
        : 'Believe it';
  const states = new Set(points.map(state));
  const name = statisticNames[statistic];
  const validity =
    states.size === 1
      ? `every ${name} is ${[...states].join()}`
      : `of ${points.length} ${name}s ${doubtful.join(' and ')}`;
  const parts = [
    `${validity}, over ${trialRange(points)}`,
    ...(manifest.quick ? ['a quick run'] : []),
    ...(manifest.finished_at === null ? ['the run did not finish'] : []),
    ...(told ? [`the same measured twice differs by ${formatPercent(noise)} at most`] : []),
    ...(summary.additions.length > 0 ? [`measured at ${summary.additions.length + 1} times`] : []),
    ...(manifest.machine.virtual ? ['a virtual machine'] : []),
    ...mixture(manifest.systems).map(
      (text) => `${text[0]?.toLowerCase()}${text.slice(1).replace(/\.$/, '')}`,
    ),
  ];
  return `${verdict}: ${parts.join('; ')}.`;
}

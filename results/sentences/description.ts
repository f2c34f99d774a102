/**
 * The figure in words, to be pasted under it: what was measured, on what, with what, how sure that is, and what is
 * doubtful. Complete sentences, made from the run's data alone.
 */
import {
  type ArrivalPattern,
  isMessageProtocol,
  type Manifest,
  type Summary,
  type SystemUnderTest,
  USUAL_KEY_BYTES,
} from '../formats/index.ts';
import { type FigureKind, figureKind, mainAxis } from '../run/main-axis.ts';
import {
  figuresAbout,
  findReference,
  measuredAlike,
  type PublishedFigure,
  type ReferenceWorkload,
} from '../run/reference.ts';
import { formatCount, formatNumber } from '../text/format.ts';
import { backendInWords } from './backends.ts';
import { FLOOR_MEANING, provenanceNames, trialRange } from './caption.ts';
import { distanceMethod } from './distance.ts';
import { areSaidByKind, doubtKinds, doubts, listed, statisticNames } from './doubts.ts';
import {
  bulkInWords,
  figureHasFloors,
  figureStatistics,
  figureSubjects,
  howToReadFigure,
} from './figure-words.ts';
import { leftOutInWords } from './left-out.ts';
import {
  arrivalsOf,
  clientsInWords,
  mixInWords,
  otherAxes,
  ownWorkloads,
  pipelinesInWords,
  ratesInWords,
  sizesInWords,
} from './load.ts';
import { allRates } from './rates.ts';
import { floorRows, isOfMeans } from './rows.ts';
import { splitInWords } from './split.ts';

/** A server's version line can be long; its first words carry the version. */
const LONGEST_VERSION = 24;

/** Two paragraphs: how to read the figure and where it comes from, and whether to believe what it shows. */
export function describeFigure(manifest: Manifest, summary: Summary): [string, string] {
  const sentences = [
    subject(manifest, summary),
    ...state(manifest),
    howToReadFigure(manifest, summary),
    ...floors(manifest, summary),
    ...published(manifest, summary),
    ...splitInWords(summary),
    workload(manifest),
    ...bulkInWords(summary),
    ...allRates(summary),
    ...distanceMethod(summary),
    ...setting(manifest),
    machine(manifest),
    software(manifest),
  ];
  return [sentences.join(' '), doubtful(manifest, summary).join(' ')];
}

function subject(manifest: Manifest, { title }: Summary): string {
  const { systems, plan } = manifest;
  const operations = distinct(plan.measurements.map(({ operation }) => operation.toUpperCase()));
  const labels = systems.filter(({ repeats }) => repeats === null).map(({ label }) => label);
  const what = figureSubjects[figureKind(manifest)](listed(operations));
  return `${title}: the ${what}, for ${labels.join('; ')}.`;
}

function state(manifest: Manifest): string[] {
  return [
    ...(manifest.quick
      ? [`This is a quick run, shorter than the experiment asks for${leftOut(manifest)}.`]
      : []),
    ...(manifest.finished_at ? [] : ['The run did not finish.']),
  ];
}

function leftOut({ plan }: Manifest): string {
  return plan.left_out ? `; it leaves out ${leftOutInWords(plan.left_out)}` : '';
}

/** "Dashed lines show floors, the p50 of 5 trials of the same exchange ...: raw frames under kvserver, DPDK, ..." */
function floors(manifest: Manifest, summary: Summary): string[] {
  const { floors, systems } = manifest;
  if (floors.length === 0 || !figureHasFloors(figureKind(manifest))) return [];
  const lines = mainAxis(manifest) ? 'Dotted' : 'Dashed';
  const labelOf = (name: string): string => systems.find((system) => system.name === name)?.label ?? name;
  const each = floors.map(({ name, label, systems: served, cores }) => {
    const means = summary.floors.some((floor) => floor.name === name && isOfMeans(floor));
    const what = means ? `${label} (means of runs, not single exchanges)` : label;
    return `${what} under ${listed(served.map(labelOf))}, ${nameCores(cores)}`;
  });
  const trials = trialRange(summary.floors);
  return [`${lines} lines show floors, the p50 of ${trials} of ${FLOOR_MEANING}: ${each.join('; ')}.`];
}

/** What the figure marks of what was published; null where it marks nothing of that kind. */
const marked: Record<FigureKind, PublishedFigure['measure'] | null> = {
  latency: 'latency_us',
  curve: null,
  throughput: 'throughput_ops',
  bandwidth: 'bandwidth_gbit_per_s',
  bulk: null,
};

function published(manifest: Manifest, { points, reference }: Summary): string[] {
  const { plan, systems } = manifest;
  // Of systems without a role nothing was published, however they are measured.
  if (!reference || plan.reference === null || points.every(({ role }) => role === null)) return [];
  const known = findReference(plan.reference);
  const about = known.figures.filter((figure) =>
    systems.some((system) => figuresAbout(known, system, system.protocol ?? plan.protocol).includes(figure)),
  );
  const alike = about.filter(({ workload }) => points.some((point) => measuredAlike(workload, point)));
  if (alike.length === 0) {
    const workloads = distinct(about.map(({ workload }) => workloadInWords(workload)));
    return [`No published value stands beside them: those of ${reference.name} are of ${listed(workloads)}.`];
  }
  const figures = alike.filter(({ measure }) => measure === marked[figureKind(manifest)]);
  const isMarked = points.some((point) =>
    [point.published_us, point.published_ops, point.published_gbit_per_s].some((value) => value !== null),
  );
  // Others stand in other charts.
  if (figures.length === 0 || !isMarked) return [];
  const origins = figures.map(({ figure, origin, measure, reading_error, note }) => {
    const how = origin === 'figure' ? 'read off' : 'from the';
    const error = `± ${formatNumber(reading_error)} ${publishedUnits[measure]}`;
    return `${how} ${figure} (${[error, ...(note ? [note] : [])].join('; ')})`;
  });
  return [`Black marks show published values: ${reference.name} (${reference.source}), ${listed(origins)}.`];
}

const publishedUnits: Record<PublishedFigure['measure'], string> = {
  latency_us: 'µs',
  latency_p99_us: 'µs',
  throughput_ops: 'requests/s',
  bandwidth_gbit_per_s: 'Gbit/s',
};

function workloadInWords({ clients, pipeline, value_bytes }: ReferenceWorkload): string {
  const many = `${formatCount(clients)} ${clients === 1 ? 'client' : 'clients'}`;
  return `a closed loop with ${many}, pipeline ${pipeline} and ${formatCount(value_bytes)}-byte values`;
}

function arrivalsInWords(pattern: ArrivalPattern): string {
  if (pattern === 'poisson') return 'Poisson';
  if (pattern === 'constant') return 'evenly spread';
  if (pattern.kind === 'pareto') return `gaps of Pareto's distribution, shape ${pattern.shape}`;
  const { on_ms, off_ms, times } = pattern;
  const average = times === 'fixed' ? '' : ' on average, exponential';
  return `bursts of ${on_ms} ms and ${off_ms} ms between them${average}`;
}

/** "32 bytes long", "lengths etc" */
function keyLengths(words: string): string {
  return /^\d+$/.test(words) ? `${words} bytes long` : `lengths ${words}`;
}

function workload({ plan, systems }: Manifest): string {
  const length = plan.requests
    ? `${formatCount(plan.requests)} requests`
    : `${plan.duration_s} s after ${plan.warmup_s} s of warm-up`;
  const drawn = plan.key_distribution === 'single' ? 'always the same one' : plan.key_distribution;
  const hasNoKeys = isMessageProtocol(plan.protocol) || plan.trace !== null;
  const lengths = plan.key_bytes === String(USUAL_KEY_BYTES) ? '' : `, ${keyLengths(plan.key_bytes)}`;
  const keys = hasNoKeys ? '' : ` and ${formatCount(plan.keys)} keys (${drawn}${lengths})`;
  const variants = Object.entries(plan.variants).map(([name, words]) => `${name}: ${words}`);
  const targets = plan.measurements;
  const rates = ratesInWords(targets);
  const loop =
    rates && plan.open_loop
      ? `an open loop of ${rates} (${arrivalsOf(plan, arrivalsInWords)}), with latencies from when each was due,`
      : 'a closed loop,';
  const others = otherAxes(plan.axes);
  const mix = mixInWords(plan);
  return [
    `The load was ${loop} with ${clientsInWords(targets)}, ${pipelinesInWords(targets)}, ${sizesInWords(targets, plan.protocol)}` +
      `${keys}, for ${length} per measurement.`,
    ...(mix ? [`Weights of the mix: ${mix}.`] : []),
    ...(variants.length > 0 ? [`Variants of the workload: ${variants.join('; ')}.`] : []),
    ...(others.length > 0 ? [`Varied, too: ${others.join('; ')}.`] : []),
    ...ownWorkloads(systems).map((own) => `${own} of its own.`),
  ].join(' ');
}

/** Client, cores and device, each of most systems first and then of those that differ; and what else must be known. */
function setting(manifest: Manifest): string[] {
  const { systems } = manifest;
  const client = bySystem(systems, ({ client }) => {
    const idles = client.idle === 'poll' ? 'polls' : 'sleeps';
    const which = client.program ? `is ${client.program} and ` : '';
    return `${which}${idles} through the ${backendInWords(manifest, client.backend)} backend`;
  });
  const cores = bySystem(systems, (system) => {
    return `the server ran ${nameCores(system.server_cores)} and the client ${nameCores(system.client_cores)}`;
  });
  const device = bySystem(systems, ({ device, provenance }) =>
    provenance ? `over ${device}, ${provenanceNames[provenance]}` : `over ${device}`,
  );
  return [
    `The client ${client}.`,
    `${cores[0].toUpperCase()}${cores.slice(1)}.`,
    `The bytes went ${device}.`,
    ...transportNotes(systems),
  ];
}

/** Each once, with those that it is about. */
function transportNotes(systems: SystemUnderTest[]): string[] {
  const noted = systems.filter(({ transport_note }) => transport_note);
  return [...Map.groupBy(noted, ({ transport_note }) => transport_note)].map(
    ([note, of]) => `${listed(of.map(({ label }) => label))}: ${note?.replace(/\.$/, '')}.`,
  );
}

/** "over loopback; for Ported Redis over net_memif" */
function bySystem(systems: SystemUnderTest[], describe: (system: SystemUnderTest) => string): string {
  const groups = [...Map.groupBy(systems, describe)].sort(([, a], [, b]) => b.length - a.length);
  return groups
    .map(([value, members], index) =>
      index === 0 ? value : `for ${listed(members.map((system) => system.label))} ${value}`,
    )
    .join('; ');
}

function nameCores(cores: number[]): string {
  if (cores.length === 0) return 'unpinned';
  return `on ${cores.length === 1 ? 'core' : 'cores'} ${cores.join(', ')}`;
}

/** Several are told by name, those that are alike together. */
function machine({ machine, hosts }: Manifest): string {
  if (hosts.length < 2) return `The machine was ${machineInWords(machine)}.`;
  const alike = Map.groupBy(hosts, ({ before }) => machineInWords(before.machine));
  const each = [...alike].map(
    ([words, of]) => `${listed(of.map(({ name }) => name))}, ${of.length > 1 ? 'each ' : ''}${words}`,
  );
  return `The hosts were: ${each.join('; ')}.`;
}

function machineInWords(machine: Manifest['machine']): string {
  const kind = machine.virtual
    ? `a virtual machine (${machine.hypervisor ?? 'hypervisor unknown'})`
    : 'bare metal';
  return (
    `${kind}: ${machine.cpu}, ${machine.cores} cores, ` +
    `${formatCount(Math.round(machine.memory_bytes / 2 ** 30))} GiB, ` +
    `governor ${machine.governor ?? 'unknown'}, ${machine.os}, kernel ${machine.kernel}`
  );
}

function software(manifest: Manifest): string {
  const names = distinct(['node', 'bypassbench', ...manifest.systems.map((system) => system.name)]);
  const versions = names
    .filter((name) => Object.hasOwn(manifest.versions, name))
    .map((name) => ({ name, version: manifest.versions[name] }));
  const each = [...Map.groupBy(versions, ({ version }) => version)].map(([version, of]) =>
    nameVersion(
      of.map(({ name }) => name),
      version,
    ),
  );
  const commit = manifest.git.commit?.slice(0, 12) ?? 'unknown';
  const changes = manifest.git.dirty ? ' with uncommitted changes' : '';
  return (
    `The software was ${listed(each)}, of commit ${commit}${changes}; ` +
    `it ran on ${manifest.started_at.slice(0, 10)}.`
  );
}

/** "node v24.21.0"; of a line that names what it is of, its first words: "Redis server v=7.0.15 …". */
function nameVersion(names: string[], version: string): string {
  const isNamed = names.some((name) => version.toLowerCase().includes(name.toLowerCase()));
  const short = shortened(version);
  return isNamed ? short : `${listed(names)} ${short}`;
}

function shortened(version: string): string {
  if (version.length <= LONGEST_VERSION) return version;
  const lastSpace = version.lastIndexOf(' ', LONGEST_VERSION);
  return `${version.slice(0, lastSpace > 0 ? lastSpace : LONGEST_VERSION)} …`;
}

function doubtful(manifest: Manifest, summary: Summary): string[] {
  const { points, floors } = summary;
  const kind = figureKind(manifest);
  const statistics = figureStatistics(kind, points);
  const measured = [...points, ...(figureHasFloors(kind) ? floorRows(floors) : [])];
  const found = doubts(measured, statistics);
  if (found.length === 0) {
    return [`Every ${listed(statistics.map((name) => statisticNames[name]))} shown is valid.`];
  }
  if (areSaidByKind(summary, found)) {
    return doubtKinds(measured, statistics).map(({ heading, reason }) => `${heading}. ${reason}`);
  }
  const alike = Map.groupBy(found, ({ state, about, reasons }) => JSON.stringify([state, about, reasons]));
  return [...alike.values()].map((same) => {
    const { state, about, reasons } = same[0];
    const names = same.map(({ label, targets }) => `${label}, ${targets}`).join('; ');
    return `The ${about} is ${state} of ${names}. ${reasons.join(' ')}`;
  });
}

function distinct<T>(values: T[]): T[] {
  return [...new Set(values)];
}

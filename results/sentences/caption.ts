/** What a figure must say about where its numbers come from, in sentences made from the run's data alone. */
import type { Manifest, Point, Provenance, Summary, SystemUnderTest } from '../formats/index.ts';
import { formatCount, formatPercent } from '../text/format.ts';
import { isOfMeans } from './rows.ts';

/** A server's version line can be long; its first words carry the version. */
const LONGEST_VERSION = 24;

/** What a floor is, as part of a sentence. */
export const FLOOR_MEANING = 'the same exchange with nothing of the system but its device';

/** The caption, one sentence an element, most important first. */
export function captionSentences(manifest: Manifest, summary: Summary): string[] {
  return [
    ...runState(manifest),
    howToRead(summary),
    ...floors(manifest, summary),
    ...provenanceSentences(manifest),
  ];
}

/** Where the numbers of a run come from, for any figure of it: workload, client, cores, devices, machine, software. */
export function provenanceSentences(manifest: Manifest): string[] {
  const { systems } = manifest;
  return [
    workload(manifest),
    bySystem('Client', systems, ({ client }) => {
      const waits = client.wait === 'poll' ? 'polls' : 'blocks';
      return `${waits} through the ${client.backend} backend`;
    }),
    bySystem('Cores', systems, (system) => {
      return `server ${nameCores(system.server_cores)}, client ${nameCores(system.client_cores)}`;
    }),
    bySystem('Device', systems, ({ device, provenance }) =>
      provenance ? `${device}, ${provenanceNames[provenance]}` : device,
    ),
    ...systems.flatMap(({ label, transport_note }) =>
      transport_note ? [`${label}: ${transport_note.replace(/\.$/, '')}.`] : [],
    ),
    machine(manifest),
    software(manifest),
  ];
}

export function runState(manifest: Manifest): string[] {
  const states = [];
  if (manifest.quick) states.push('Quick run: shorter than the experiment asks for.');
  if (!manifest.finished_at) states.push('The run did not finish.');
  return states;
}

function howToRead({ points }: Summary): string {
  const bars = `Bars: p50 of ${trialRange(points)}, merged by count`;
  const confidence = intervalConfidence(points);
  if (!confidence) return `${bars}; no interval with fewer than two trials.`;
  return `${bars}; whiskers: interval over the trials, ${confidence} confidence.`;
}

/** "Dashed line: p50 of 5 trials of the same exchange ...: raw frames under kvserver, DPDK, on cores 0, 1." */
function floors({ floors, systems }: Manifest, summary: Summary): string[] {
  if (floors.length === 0) return [];
  const labelOf = (name: string): string => systems.find((system) => system.name === name)?.label ?? name;
  const each = floors.map(({ name, label, systems: served, cores }) => {
    const means = summary.floors.some((floor) => floor.name === name && isOfMeans(floor));
    const what = means ? `${label} (means of runs, not single exchanges)` : label;
    return `${what} under ${served.map(labelOf).join(' and ')}, ${nameCores(cores)}`;
  });
  const trials = trialRange(summary.floors);
  return [`Dashed line, floor: p50 of ${trials} of ${FLOOR_MEANING}: ${each.join('; ')}.`];
}

/** "5 trials", "3 to 5 trials". */
export function trialRange(measured: { trials: number }[]): string {
  const trials = measured.map((one) => one.trials);
  const [fewest, most] = [Math.min(...trials), Math.max(...trials)];
  const range = fewest === most ? `${most}` : `${fewest} to ${most}`;
  return `${range} ${most === 1 ? 'trial' : 'trials'}`;
}

/** "93.8 %", or "at least 75 %" where points have unlike numbers of trials; null where none has an interval. */
export function intervalConfidence(points: Point[]): string | null {
  const confidences = points.flatMap((point) => point.p50_interval_us?.confidence ?? []);
  if (confidences.length === 0) return null;
  const least = Math.min(...confidences);
  return `${Math.max(...confidences) > least ? 'at least ' : ''}${formatPercent(least)}`;
}

const arrivalNames: Record<'poisson' | 'constant', string> = {
  poisson: 'Poisson',
  constant: 'evenly spread',
};

function workload({ plan }: Manifest): string {
  const length = plan.requests
    ? `${formatCount(plan.requests)} requests`
    : `${plan.duration_s} s after ${plan.warmup_s} s of warm-up`;
  const keys = plan.key_distribution === 'uniform' ? 'uniform' : 'always the same one';
  const sizes = distinct(plan.measurements.map((target) => `${formatCount(target.value_bytes)}-byte`));
  const clients = distinct(plan.measurements.map((target) => formatCount(target.clients)));
  const loop = plan.open_loop
    ? `Open loop of ${formatCount(plan.open_loop.rate_ops)} requests per second (${arrivalNames[plan.open_loop.arrivals]}), ` +
      'latencies from when each was due'
    : 'Closed loop';
  return (
    `${loop}, ${clients.join(' / ')} ${clients.join() === '1' ? 'client' : 'clients'}, ` +
    `pipeline ${plan.pipeline}, ${sizes.join(' / ')} values, ${formatCount(plan.keys)} keys (${keys}), ` +
    `${length} per measurement.`
  );
}

function nameCores(cores: number[]): string {
  return cores.length === 0 ? 'not pinned' : `on ${cores.join(', ')}`;
}

/** What holds for most systems, then the others by label: "Device: loopback; Ported Redis: net_memif." */
function bySystem(
  property: string,
  systems: SystemUnderTest[],
  describe: (system: SystemUnderTest) => string,
): string {
  const groups = [...Map.groupBy(systems, describe)].sort(([, a], [, b]) => b.length - a.length);
  const parts = groups.map(([value, members], index) =>
    index === 0 ? value : `${members.map((system) => system.label).join(' and ')}: ${value}`,
  );
  return `${property}: ${parts.join('; ')}.`;
}

export const provenanceNames: Record<Provenance, string> = {
  real_device: 'a real device',
  software_device: 'a software device',
  shared_memory: 'a shared-memory link',
};

/** A figure that sets unlike links side by side says so; nothing where all are alike. */
export function mixture(systems: SystemUnderTest[]): string[] {
  const kinds = distinct(systems.flatMap(({ provenance }) => provenance ?? []));
  if (kinds.length < 2) return [];
  return [
    `Unlike links side by side, ${kinds.map((kind) => provenanceNames[kind]).join(' and ')}: differences between them are not ` +
      "the servers' alone.",
  ];
}

function machine({ machine }: Manifest): string {
  const parts = [
    machine.cpu,
    `${machine.cores} cores`,
    `${formatCount(Math.round(machine.memory_bytes / 2 ** 30))} GiB`,
    machine.governor ? `governor ${machine.governor}` : 'governor unknown',
    machine.virtual ? `virtual machine (${machine.hypervisor ?? 'hypervisor unknown'})` : 'bare metal',
    machine.os,
    machine.kernel,
  ];
  return `Machine: ${parts.join(', ')}.`;
}

function software(manifest: Manifest): string {
  const names = distinct(['node', 'bypassbench', ...manifest.systems.map((system) => system.name)]);
  const versions = names
    .filter((name) => Object.hasOwn(manifest.versions, name))
    .map((name) => nameVersion(name, manifest.versions[name]));
  const commit = manifest.git.commit?.slice(0, 12) ?? 'unknown';
  const changes = manifest.git.dirty ? ' with uncommitted changes' : '';
  return `Software: ${distinct(versions).join(', ')}; commit ${commit}${changes}; ${manifest.started_at.slice(0, 10)}.`;
}

/** "node v24.21.0", and "Redis server v=7.0.15 …" rather than "redis Redis server v=7.0.15 sha=...". */
function nameVersion(name: string, version: string): string {
  const named = version.toLowerCase().includes(name.toLowerCase()) ? version : `${name} ${version}`;
  if (named.length <= LONGEST_VERSION) return named;
  const lastSpace = named.lastIndexOf(' ', LONGEST_VERSION);
  return `${named.slice(0, lastSpace > 0 ? lastSpace : LONGEST_VERSION)} …`;
}

function distinct<T>(values: T[]): T[] {
  return [...new Set(values)];
}

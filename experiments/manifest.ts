/** manifest.json of a run: what it is going to do, where, and with what. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import path from 'node:path';
import {
  MANIFEST_FILE,
  type Manifest,
  manifestFormat,
  type RunHost,
  type RunPlace,
  replaceFile,
  type SystemUnderTest,
  TRACE_VERSION,
  USUAL_KEY_BYTES,
} from '../results/formats/index.ts';
import { repeatOf } from './config/checks.ts';
import { placementOf, thisMachine } from './config/placement.ts';
import { protocolOf, protocolsOf } from './config/protocol.ts';
import type { Experiment, System, WorkloadConfig } from './config/schema.ts';
import { withoutAxes } from './config/swept.ts';
import type { Placement } from './lab/where.ts';
import { describeBackends } from './machine/backends.ts';
import { redisBuildOf } from './machine/built.ts';
import { type Checkouts, commandPath, gitState, ownCheckout } from './machine/checkout.ts';
import { softwareVersions, versionOf } from './machine/machine.ts';
import { clientCoresOf, corePairOf } from './trial/core-pair.ts';

interface Described {
  experiment: Experiment;
  checkouts: Checkouts;
  quick: boolean;
  command: string[];
  /** As they are before the first trial; the first system's server runs on the first of them. */
  hosts: [RunHost, ...RunHost[]];
  /** By system, of those whose server is elsewhere: what its version command printed there, where it did. */
  versionsThere: ReadonlyMap<string, string | null>;
}

/** As it is when the run begins, with no end yet, before the distances of its cores are known. */
export async function unfinishedManifest({
  experiment,
  checkouts,
  quick,
  command,
  hosts,
  versionsThere,
}: Described): Promise<Manifest> {
  return {
    schema: manifestFormat.schema,
    experiment: experiment.experiment,
    title: experiment.title,
    quick,
    command,
    started_at: new Date().toISOString(),
    finished_at: null,
    config: writtenConfig(experiment, checkouts),
    plan: planOf(experiment),
    machine: hosts[0].before.machine,
    hosts,
    distances: [],
    versions: {
      ...(await systemVersions(experiment, checkouts, versionsThere)),
      ...(await softwareVersions()),
      ...(await traceDigests(experiment)),
    },
    git: await gitState(ownCheckout),
    systems: systemsOf(experiment, checkouts),
    backends: await describeBackends(
      experiment.systems.flatMap(({ backend, client }) => [backend, client.backend]),
    ),
    floors: experiment.floors.map(({ name, label, cores }) => ({
      name,
      label,
      systems: experiment.systems.filter(({ floor }) => floor.includes(name)).map((system) => system.name),
      cores,
    })),
  };
}

/** The same with one block more than it had, of these places. */
export function withAddedBlock(manifest: Manifest, places: RunPlace[]): Manifest {
  const { plan } = manifest;
  return {
    ...manifest,
    plan: {
      ...plan,
      trials: plan.trials + 1,
      added_trials: plan.added_trials + 1,
      added_blocks: [...plan.added_blocks, places],
    },
  };
}

export async function writeManifest(runFolder: string, manifest: Manifest): Promise<void> {
  await replaceFile(path.join(runFolder, MANIFEST_FILE), manifestFormat.write(manifest));
}

function planOf(experiment: Experiment): Manifest['plan'] {
  const { axes, points, leftOut, workload, trials, seed, stages, distance, reference } = experiment;
  const { pipeline, open_loop, keys, key_distribution, warmup_s, duration_s } = workload;
  return {
    trials,
    added_trials: 0,
    added_blocks: [],
    additions: [],
    distance,
    axes,
    left_out: leftOut,
    measurements: points.flatMap(({ at, workload }) =>
      workload.operations.map((operation) => ({
        operation,
        at,
        clients: workload.clients,
        value_bytes: workload.value_bytes,
        pipeline: workload.pipeline,
        rate_ops: workload.open_loop?.rate_ops ?? null,
        ...(workload.bulk && workload.bulk.clients > 0 && { bulk_clients: workload.bulk.clients }),
      })),
    ),
    protocol: protocolsOf(workload)[0],
    mix: workload.variant === undefined ? (workload.mix ?? null) : null,
    variants: variantsInWords(experiment),
    pipeline,
    open_loop: open_loop ?? null,
    trace: workload.trace === undefined ? null : traceOf(workload.trace, workload.trace_speed),
    keys,
    key_distribution,
    key_bytes: String(workload.key_bytes ?? USUAL_KEY_BYTES),
    seed,
    warmup_s,
    duration_s,
    requests: null,
    stages: stages ? { every: stages.every, duration_s: stages.duration_s } : null,
    figure: experiment.figure ?? null,
    reference: reference === 'none' ? null : reference,
  };
}

/** By its name, since a folder means nothing on another machine. */
function traceOf(file: string, speed = 1): Manifest['plan']['trace'] {
  return { file: path.basename(file), speed };
}

/** A run that goes on, or is repeated, replays the same. */
async function traceDigests({ points }: Experiment): Promise<Record<string, string>> {
  const files = new Set(points.flatMap(({ workload }) => workload.trace ?? []));
  const digests = [...files].map(async (file) => {
    const sum = createHash('sha256');
    for await (const bytes of createReadStream(file)) sum.update(bytes);
    return [`${TRACE_VERSION}${path.basename(file)}`, sum.digest('hex')] as const;
  });
  return Object.fromEntries(await Promise.all(digests));
}

/** "read 50, update 50, keys zipf 0.99" of each variant that is measured. */
function variantsInWords({ points }: Experiment): Record<string, string> {
  const measured = points.flatMap(({ workload }) => {
    const { variant, mix = {}, key_distribution, zipf_exponent } = workload;
    if (variant === undefined) return [];
    const weights = Object.entries(mix).map(([operation, weight]) => `${operation} ${weight}`);
    const ranked = ['zipf', 'latest'].includes(key_distribution) ? ` ${zipf_exponent}` : '';
    return [[variant, [...weights, `keys ${key_distribution}${ranked}`].join(', ')]];
  });
  return Object.fromEntries(measured);
}

function ownWorkload({ workload: { open_loop, ...own } }: System): SystemUnderTest['workload'] {
  return { ...own, ...open_loop };
}

function ownProtocol(workload: WorkloadConfig, system: System): Pick<SystemUnderTest, 'protocol'> {
  const protocol = protocolOf(workload, system);
  return protocol === protocolsOf(workload)[0] ? {} : { protocol };
}

function systemsOf(experiment: Experiment, checkouts: Checkouts): Manifest['systems'] {
  const { systems, repeat, workload } = experiment;
  return systems.map((system) => {
    const {
      name,
      label,
      role,
      group,
      backend,
      device,
      provenance,
      transport_note,
      within,
      client,
      server_cores,
    } = system;
    const checkout = checkouts.get(name);
    const placement = placementOf(experiment, system);
    const pair = corePairOf(system, checkout, placement);
    return {
      name,
      label,
      repeats: repeat && name === repeatOf(repeat) ? repeat : null,
      ...ownProtocol(workload, system),
      role,
      group,
      backend,
      device,
      provenance,
      checkout: checkout?.git ?? null,
      redis_build: redisBuildOf(system, checkout?.folder ?? ownCheckout),
      transport_note,
      workload: ownWorkload(system),
      within,
      client: {
        backend: client.backend,
        idle: client.idle,
        ...(client.program && { program: client.program }),
      },
      server_cores,
      client_cores: clientCoresOf(system),
      place: placeOf(placement),
      distance_unknown: typeof pair === 'string' ? pair : null,
    };
  });
}

/** By names; nothing where nobody says where systems run. */
function placeOf({ server, generators }: Placement): SystemUnderTest['place'] {
  if (server.host === thisMachine) return null;
  return { server: server.host.name, generators: generators.map(({ host }) => host.name) };
}

/**
 * As it is written, without the points that follow from it. A checkout's folder means nothing on another machine: its
 * commit stands in its place, of a trace its name, and of a host what others may know of it.
 */
function writtenConfig(
  { axes, points: _, leftOut: __, unmeasured: ___, ...whole }: Experiment,
  checkouts: Checkouts,
): Manifest['config'] {
  const experiment = withoutAxes(whole, axes);
  const systems = experiment.systems.map((system) => {
    const checkout = checkouts.get(system.name);
    return checkout ? { ...system, checkout: checkout.git.commit ?? 'not a clone' } : system;
  });
  const { trace } = experiment.workload;
  const { hosts } = experiment;
  const workload = { ...experiment.workload, ...(trace && { trace: path.basename(trace) }) };
  return { ...experiment, ...(hosts && { hosts: withoutReach(hosts) }), workload, systems };
}

/** Without how they are reached: a run folder is made to be given to others. */
function withoutReach(hosts: NonNullable<Experiment['hosts']>): NonNullable<Experiment['hosts']> {
  const kept = Object.entries(hosts).map(([name, { ssh: _, srun: __, folder: ___, ...host }]) => [
    name,
    host,
  ]);
  return Object.fromEntries(kept);
}

async function systemVersions(
  { systems }: Experiment,
  checkouts: Checkouts,
  versionsThere: ReadonlyMap<string, string | null>,
): Promise<Record<string, string>> {
  const versions: Record<string, string> = {};
  for (const { name, version } of systems) {
    const [program = '', ...args] = version ?? [];
    const here = async (): Promise<string | null> =>
      version ? versionOf([commandPath(program, checkouts.get(name)), ...args]) : null;
    const there = versionsThere.get(name);
    const line = there === undefined ? await here() : there;
    if (line !== null) versions[name] = line;
  }
  return versions;
}

/** The command line of the load generator for one measurement of one system. */
import { arrivalsText } from '../../results/formats/index.ts';
import type { HostValues } from '../config/host-placeholders.ts';
import { fillPlaceholders, moduleWords, optionWords, type SystemValues } from '../config/placeholders.ts';
import { protocolOf } from '../config/protocol.ts';
import type { System, WorkloadConfig } from '../config/schema.ts';
import { clientCoresOf } from './core-pair.ts';
import type { WorkloadOperation } from './measurement.ts';
import type { Address } from './readiness.ts';

export interface LoadRequest {
  workload: WorkloadConfig;
  /** Of the experiment. */
  seed: number;
  system: Pick<System, 'client' | 'options' | 'serves'>;
  operation: WorkloadOperation;
  /** The block that it is measured in, from 1. */
  trial: number;
  /** Of the ready server. */
  address: Address;
  /** Which of several load generators it is, from 1; null of one alone. */
  generator: { place: number; of: number } | null;
  /** Whether all keys must be written before the measurement. */
  populate: boolean;
  /** The {dir} of the trial, and its {stamps} and {pauses}. */
  files: Pick<SystemValues, 'dir' | 'stamps' | 'pauses'>;
  /** What its placeholders of its host stand for. */
  ofHost: HostValues;
  /** One window of so many is stamped; null for none, and then so is `serverStamps`. */
  stampsEvery: number | null;
  /** The file that the server's stamps go to; null where it has none. */
  serverStamps: string | null;
  /** The server's one core, where the distance of the cores is to be measured; else null. */
  serverCore: number | null;
  /** Its process, whose cost is counted; null for a load generator that does not know of it. */
  serverPid: number | null;
  /** The file in which its loop says how long it was busy; null where it has none, or for such a load generator. */
  serverBusyTime: string | null;
  duration_s: number;
  /** For what it measures. */
  out: string;
}

/** What follows `bypassbench load`. */
export function loadArguments(request: LoadRequest): string[] {
  const { workload, seed, system, trial, address, generator, populate, files, out } = request;
  const { client } = system;
  const { serverCore, serverPid, serverBusyTime } = request;
  const flags: Record<string, string | number> = {
    target: `${address.host}:${address.port}`,
    backend: client.backend,
    // What a load does unless it is told: a checkout of before calls it otherwise.
    ...(client.idle !== 'poll' && { idle: client.idle }),
    ...(client.more_cores ? { cores: clientCoresOf(system).join() } : { core: client.core }),
    ...(serverCore !== null && { 'server-core': serverCore }),
    ...(serverPid !== null && { 'server-pid': serverPid }),
    ...(serverBusyTime !== null && { 'server-busy-time': serverBusyTime }),
    ...requestFlags(request),
    connections: workload.clients,
    pipeline: workload.pipeline,
    ...(workload.trace === undefined && sizeFlags(workload)),
    ...bulkFlags(workload),
    ...scheduleFlags(workload),
    'warmup-s': workload.warmup_s,
    'duration-s': request.duration_s,
    // All systems draw from the same sequence of keys in the same trial, and from others in the next.
    seed: seed + trial,
    out,
  };
  const values = {
    host: address.host,
    port: String(address.port),
    core: String(client.core),
    ...files,
    ...request.ofHost,
  };
  return [
    ...Object.entries(flags).flatMap(([name, value]) => [`--${name}`, inDigits(value)]),
    ...moduleWords(client.backend),
    ...optionWords({ ...system.options, ...client.options }).map((word) => fillPlaceholders(word, values)),
    ...Object.entries(workload.commands).flatMap(([name, text]) => ['--command', `${name}=${text}`]),
    ...(populate ? ['--populate'] : []),
    ...(generator === null ? [] : ['--generator', `${generator.place}/${generator.of}`]),
    ...(request.stampsEvery === null ? [] : ['--stamps-every', String(request.stampsEvery)]),
    ...(request.serverStamps === null ? [] : ['--server-stamps', request.serverStamps]),
  ];
}

/** What follows `bypassbench meter PROGRAM`, of a system that another program measures. */
export function meterArguments(request: LoadRequest): string[] {
  const { workload, operation, address, serverCore } = request;
  const flags: Record<string, string | number> = {
    target: `${address.host}:${address.port}`,
    core: request.system.client.core,
    ...(serverCore !== null && { 'server-core': serverCore }),
    operation,
    connections: workload.clients,
    pipeline: workload.pipeline,
    keys: workload.keys,
    'key-distribution': workload.key_distribution,
    'value-bytes': workload.value_bytes,
    'warmup-s': workload.warmup_s,
    'duration-s': request.duration_s,
    seed: request.seed + request.trial,
    out: request.out,
  };
  return [
    ...Object.entries(flags).flatMap(([name, value]) => [`--${name}`, String(value)]),
    ...(request.populate ? ['--populate'] : []),
  ];
}

/** Of what is sent, but for its length. */
function requestFlags({ workload, system, operation }: LoadRequest): Record<string, string | number> {
  const protocol = protocolOf(workload, system);
  // An older load generator has no protocols.
  if (protocol !== 'resp') return { protocol };
  if (workload.trace !== undefined)
    return { trace: workload.trace, 'trace-speed': workload.trace_speed ?? 1 };
  return {
    operation,
    ...(operation === 'mix' && { mix: weights(workload) }),
    keys: workload.keys,
    ...keyFlags(workload),
  };
}

function sizeFlags({ value_bytes, value_sizes }: WorkloadConfig): Record<string, string | number> {
  return value_sizes === undefined ? { 'value-bytes': value_bytes } : { 'value-sizes': value_sizes };
}

/** Of an open loop, but for a trace, which says them itself. */
function scheduleFlags({ open_loop }: WorkloadConfig): Record<string, string | number> {
  if (!open_loop || open_loop.arrivals === null) return {};
  return { rate: open_loop.rate_ops, arrivals: arrivalsText(open_loop.arrivals) };
}

function keyFlags({
  key_distribution,
  zipf_exponent,
  hotspot,
  key_bytes,
}: WorkloadConfig): Record<string, string | number> {
  return {
    'key-distribution': key_distribution,
    ...(['zipf', 'latest'].includes(key_distribution) && { 'zipf-exponent': zipf_exponent }),
    ...(key_distribution === 'hotspot' && { hotspot }),
    ...(key_bytes !== undefined && { 'key-bytes': key_bytes }),
  };
}

function bulkFlags({ bulk }: WorkloadConfig): Record<string, string | number> {
  if (!bulk || bulk.clients === 0) return {};
  const { clients, value_bytes, operation } = bulk;
  return { 'bulk-connections': clients, 'bulk-bytes': value_bytes, 'bulk-operation': operation };
}

/** As `--mix` takes them. */
function weights({ mix = {} }: WorkloadConfig): string {
  return Object.entries(mix)
    .map(([operation, weight]) => `${operation}=${inDigits(weight)}`)
    .join();
}

/** Command lines take no exponent, as JavaScript writes one for 1e-7. */
function inDigits(value: string | number): string {
  const text = String(value);
  if (typeof value === 'string' || !text.includes('e')) return text;
  return value.toLocaleString('en-US', { useGrouping: false, maximumFractionDigits: 20 });
}

/** The text of INFO: sections of "field:value" lines, with the fields of Redis that have a meaning here. */
import { release } from 'node:os';
import type { ServerState } from './table.ts';
import { REDIS_VERSION } from './version.ts';

type Fields = Record<string, string | number>;

interface Section {
  name: string;
  fields(server: ServerState): Fields;
  /** Shown only when it, or all, is asked for. */
  onDemand?: boolean;
}

const SECTIONS: Section[] = [
  { name: 'Server', fields: serverFields },
  { name: 'Clients', fields: clientFields },
  { name: 'Memory', fields: memoryFields },
  { name: 'Persistence', fields: persistenceFields },
  { name: 'Stats', fields: statsFields },
  { name: 'Backend', fields: backendFields },
  { name: 'Replication', fields: replicationFields },
  { name: 'CPU', fields: cpuFields },
  { name: 'Commandstats', fields: commandFields, onDemand: true },
  { name: 'Errorstats', fields: errorFields },
  { name: 'Cluster', fields: () => ({ cluster_enabled: 0 }) },
  { name: 'Keyspace', fields: keyspaceFields },
];

/** The sections of these names in lower case, "default", "all" and "everything" among them. */
export function infoText(names: string[], server: ServerState): string {
  const wanted = names.length === 0 ? ['default'] : names;
  const everything = wanted.includes('all') || wanted.includes('everything');
  const parts: string[] = [];
  for (const { name, fields, onDemand } of SECTIONS) {
    const byDefault = wanted.includes('default') && !onDemand;
    if (!everything && !byDefault && !wanted.includes(name.toLowerCase())) continue;
    const lines = Object.entries(fields(server)).map(([field, value]) => `${field}:${value}\r\n`);
    parts.push(`# ${name}\r\n${lines.join('')}`);
  }
  return parts.join('\r\n');
}

function serverFields(server: ServerState): Fields {
  const { configuration, clock, startedMs, runId } = server;
  const uptimeS = Math.floor((clock.nowMs - startedMs) / 1000);
  return {
    redis_version: REDIS_VERSION,
    redis_mode: 'standalone',
    os: `Linux ${release()} ${process.arch}`,
    arch_bits: 64,
    process_id: process.pid,
    run_id: runId,
    tcp_port: configuration.port,
    server_time_usec: clock.nowMs * 1000,
    uptime_in_seconds: uptimeS,
    uptime_in_days: Math.floor(uptimeS / 86400),
    hz: 10,
    executable: process.execPath,
    config_file: '',
    bypassbench_frontend: configuration.frontend,
    bypassbench_backend: configuration.backend,
    node_version: process.versions.node,
  };
}

function clientFields(server: ServerState): Fields {
  return {
    connected_clients: server.clients.size,
    maxclients: server.configuration.maxClients,
    blocked_clients: server.blocked.count + server.pause.waiting,
    tracking_clients: server.tracking.count,
  };
}

/** `used_memory` is what keys, values and clients take; the whole process has `used_memory_rss`. */
function memoryFields(server: ServerState): Fields {
  const { rss, heapUsed, external } = process.memoryUsage();
  let datasetBytes = 0;
  let overheadBytes = 0;
  let reservedBytes = 0;
  for (const [, keyspace] of server.databases()) {
    datasetBytes += keyspace.datasetBytes;
    overheadBytes += keyspace.overheadBytes;
    reservedBytes += keyspace.reservedBytes;
  }
  const { bytesMax, policyName } = server.memory;
  const clientBytes = server.memory.clientBytes();
  const usedBytes = datasetBytes + overheadBytes + clientBytes;
  return {
    used_memory: usedBytes,
    used_memory_human: human(usedBytes),
    used_memory_rss: rss,
    used_memory_rss_human: human(rss),
    used_memory_overhead: usedBytes - datasetBytes,
    used_memory_dataset: datasetBytes,
    mem_clients_normal: clientBytes,
    maxmemory: bytesMax,
    maxmemory_human: human(bytesMax),
    maxmemory_policy: policyName,
    mem_not_counted_for_evict: 0,
    // Of keys and strings, with what is set aside for more.
    allocator_active: reservedBytes,
    mem_allocator: 'v8',
    lazyfree_pending_objects: 0,
    lazyfreed_objects: 0,
    bypassbench_heap_used: heapUsed,
    bypassbench_external: external,
  };
}

/** Nothing is saved and nothing is loaded: clients wait for loading:0. */
function persistenceFields(): Fields {
  return {
    loading: 0,
    async_loading: 0,
    rdb_bgsave_in_progress: 0,
    aof_enabled: 0,
    aof_rewrite_in_progress: 0,
  };
}

function replicationFields(server: ServerState): Fields {
  return { role: 'master', connected_slaves: 0, master_replid: server.runId, master_repl_offset: 0 };
}

function cpuFields(): Fields {
  const ofProcess = process.cpuUsage();
  const ofThread = process.threadCpuUsage();
  return {
    used_cpu_sys: seconds(ofProcess.system),
    used_cpu_user: seconds(ofProcess.user),
    used_cpu_sys_children: seconds(0),
    used_cpu_user_children: seconds(0),
    used_cpu_sys_main_thread: seconds(ofThread.system),
    used_cpu_user_main_thread: seconds(ofThread.user),
  };
}

function seconds(microseconds: number): string {
  return (microseconds / 1e6).toFixed(6);
}

function human(bytes: number): string {
  const units = ['B', 'K', 'M', 'G', 'T'];
  let unit = 0;
  for (; bytes >= 1024 && unit < units.length - 1; unit++) bytes /= 1024;
  return `${unit === 0 ? bytes : bytes.toFixed(2)}${units[unit]}`;
}

function statsFields(server: ServerState): Fields {
  const { stats } = server;
  const tracked = server.tracking.totals;
  return {
    total_connections_received: stats.connections,
    total_commands_processed: stats.commands,
    total_net_input_bytes: stats.inputBytes,
    rejected_connections: stats.rejectedConnections,
    expired_keys: stats.expired,
    evicted_keys: stats.evicted,
    evicted_clients: 0,
    keyspace_hits: stats.hits,
    keyspace_misses: stats.misses,
    client_output_buffer_limit_disconnections: stats.outputLimitDisconnections,
    tracking_total_keys: tracked.keys,
    tracking_total_items: tracked.items,
    tracking_total_prefixes: tracked.prefixes,
    total_error_replies: stats.errorReplies,
  };
}

/** What the libOS' backend counts: none over the kernel. */
function backendFields(server: ServerState): Fields {
  const counted = Object.entries(server.networkCounters());
  return Object.fromEntries(counted.map(([name, value]) => [`backend_${name}`, value]));
}

function commandFields(server: ServerState): Fields {
  const fields: Fields = {};
  for (const command of server.commands.commands) {
    for (const { fullName, calls, rejected, failed } of [command, ...(command.subcommands?.commands ?? [])]) {
      if (calls + rejected === 0) continue;
      fields[`cmdstat_${fullName}`] = `calls=${calls},rejected_calls=${rejected},failed_calls=${failed}`;
    }
  }
  return fields;
}

function errorFields(server: ServerState): Fields {
  const fields: Fields = {};
  for (const [code, count] of server.stats.errorCodes) fields[`errorstat_${code}`] = `count=${count}`;
  return fields;
}

function keyspaceFields(server: ServerState): Fields {
  const fields: Fields = {};
  for (const [index, keyspace] of server.databases()) {
    if (keyspace.size === 0) continue;
    const averageMs = Math.floor(keyspace.meanTimeToLiveMs());
    fields[`db${index}`] = `keys=${keyspace.size},expires=${keyspace.volatileCount},avg_ttl=${averageMs}`;
  }
  return fields;
}

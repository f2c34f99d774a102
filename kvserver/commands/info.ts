/** The text of INFO: sections of "field:value" lines, with the fields of Redis that have a meaning here. */
import { release } from 'node:os';
import type { ServerState } from './table.ts';
import { REDIS_VERSION } from './version.ts';

type Fields = Record<string, string | number>;

const SECTIONS: Record<string, (server: ServerState) => Fields> = {
  server: serverFields,
  clients: clientFields,
  memory: memoryFields,
  stats: statsFields,
  commandstats: commandFields,
  keyspace: keyspaceFields,
};

/** Shown only when asked for. */
const NOT_BY_DEFAULT = ['commandstats'];

/** The sections of these names in lower case, "default", "all" and "everything" among them. */
export function infoText(names: string[], server: ServerState): string {
  const wanted = names.length === 0 ? ['default'] : names;
  const everything = wanted.includes('all') || wanted.includes('everything');
  const parts: string[] = [];
  for (const [section, fields] of Object.entries(SECTIONS)) {
    const byDefault = wanted.includes('default') && !NOT_BY_DEFAULT.includes(section);
    if (!everything && !byDefault && !wanted.includes(section)) continue;
    const title = section[0].toUpperCase() + section.slice(1);
    const lines = Object.entries(fields(server)).map(([field, value]) => `${field}:${value}\r\n`);
    parts.push(`# ${title}\r\n${lines.join('')}`);
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
    executable: process.execPath,
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
  };
}

function memoryFields(server: ServerState): Fields {
  const { rss, heapUsed, external } = process.memoryUsage();
  let datasetBytes = 0;
  let reservedBytes = 0;
  for (const [, keyspace] of server.databases()) {
    datasetBytes += keyspace.usedBytes;
    reservedBytes += keyspace.reservedBytes;
  }
  return {
    used_memory: heapUsed + external,
    used_memory_human: human(heapUsed + external),
    used_memory_rss: rss,
    used_memory_rss_human: human(rss),
    used_memory_dataset: datasetBytes,
    bypassbench_keyspace_reserved: reservedBytes,
    maxmemory: 0,
    maxmemory_human: human(0),
    maxmemory_policy: 'noeviction',
  };
}

function human(bytes: number): string {
  const units = ['B', 'K', 'M', 'G', 'T'];
  let unit = 0;
  for (; bytes >= 1024 && unit < units.length - 1; unit++) bytes /= 1024;
  return `${unit === 0 ? bytes : bytes.toFixed(2)}${units[unit]}`;
}

function statsFields(server: ServerState): Fields {
  const { stats } = server;
  return {
    total_connections_received: stats.connections,
    total_commands_processed: stats.commands,
    total_net_input_bytes: stats.inputBytes,
    rejected_connections: stats.rejectedConnections,
    expired_keys: stats.expired,
    evicted_keys: 0,
    keyspace_hits: stats.hits,
    keyspace_misses: stats.misses,
    client_output_buffer_limit_disconnections: stats.outputLimitDisconnections,
    total_error_replies: stats.errorReplies,
  };
}

function commandFields(server: ServerState): Fields {
  const fields: Fields = {};
  for (const command of server.commands.commands) {
    for (const counted of [command, ...(command.subcommands?.commands ?? [])]) {
      if (counted.calls > 0) fields[`cmdstat_${counted.fullName}`] = `calls=${counted.calls}`;
    }
  }
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

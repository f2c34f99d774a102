/** Whether this machine lets a process have the files that an experiment's connections are. */
import { readFileSync } from 'node:fs';
import { findBackend } from '../../libos/index.ts';
import { ExperimentError } from '../errors.ts';
import type { ConfiguredExperiment } from './schema.ts';
import { workloadOf } from './swept.ts';

/** What a server and the load generator have open beside their connections, with room to spare. */
const FILES_BESIDE = 100;

/** What a child of this process may raise its own limit to: the hard one. Infinity where there is none. */
export function openFilesLimit(): number {
  const [, hard] = /^Max open files\s+\S+\s+(\S+)/m.exec(readFileSync('/proc/self/limits', 'utf8')) ?? [];
  return hard === undefined || hard === 'unlimited' ? Number.POSITIVE_INFINITY : Number(hard);
}

/** Throws OPEN_FILES_LIMIT. */
export function checkOpenFiles({ points }: Pick<ConfiguredExperiment, 'points'>, limit: number): void {
  const wanted = points.flatMap(({ workload, systems }) =>
    systems
      .filter(({ backend, client }) => hasFiles(backend) || hasFiles(client.backend))
      .map((system) => ({ name: system.name, clients: workloadOf(workload, system).clients })),
  );
  const [most] = wanted.toSorted((a, b) => b.clients - a.clients);
  if (most === undefined || most.clients + FILES_BESIDE <= limit) return;
  const needed = most.clients + FILES_BESIDE;
  throw new ExperimentError(
    'OPEN_FILES_LIMIT',
    `${most.clients} clients of ${most.name} are as many open files of the server and of the load generator, and a process ` +
      `may have ${limit} here: raise that to ${needed} (as root: ulimit -Hn ${needed}; for good: nofile in ` +
      'limits.conf), or take fewer clients with --set',
  );
}

/** Whether a connection over it is an open file: of a server that is no libOS it is. */
function hasFiles(backend: string): boolean {
  return findBackend(backend)?.capabilities.connectionsAreFiles ?? true;
}

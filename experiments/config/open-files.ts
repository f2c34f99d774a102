/** Whether this machine lets a process have the files that an experiment's connections are. */
import { findBackend } from '../../libos/index.ts';
import { openFilesProblem } from '../../results/formats/index.ts';
import { ExperimentError } from '../errors.ts';
import { protocolOf } from './protocol.ts';
import type { ConfiguredExperiment, ConfiguredSystem, WorkloadConfig } from './schema.ts';
import { workloadOf } from './swept.ts';

/** `limit` is what a process may have. Throws OPEN_FILES_LIMIT. */
export function checkOpenFiles({ points }: Pick<ConfiguredExperiment, 'points'>, limit: number): void {
  const wanted = points.flatMap(({ workload, systems }) =>
    systems
      .filter(({ backend, client }) => hasFiles(backend) || hasFiles(client.backend))
      .map((system) => ({ name: system.name, files: filesOf(workloadOf(workload, system), system) })),
  );
  const [most] = wanted.toSorted((a, b) => b.files - a.files);
  const problem = most === undefined ? null : openFilesProblem(most.files, limit);
  if (problem === null) return;
  throw new ExperimentError('OPEN_FILES_LIMIT', `clients of ${most.name}: ${problem.message}`);
}

/** Of a load generator. Through a relay answers come back on another socket. */
function filesOf(workload: WorkloadConfig, system: ConfiguredSystem): number {
  const each = protocolOf(workload, system) === 'relay' ? 2 : 1;
  return each * workload.clients + (workload.bulk?.clients ?? 0);
}

/** Whether a connection over it is an open file: of a server that is no libOS it is. */
function hasFiles(backend: string): boolean {
  return findBackend(backend)?.capabilities.connectionsAreFiles ?? true;
}

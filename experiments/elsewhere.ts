/** Systems on other hosts than this machine: they are read and checked, and not run yet. */
import { listed } from '../results/index.ts';
import { isHere, placementOf } from './config/placement.ts';
import type { ConfiguredExperiment } from './config/schema.ts';
import { ExperimentError } from './errors.ts';

/** Throws PLACE_ELSEWHERE, before anything starts. */
export function refuseElsewhere(configured: ConfiguredExperiment): void {
  const elsewhere = configured.systems
    .map((system) => ({ system, placement: placementOf(configured, system) }))
    .filter(({ placement }) => !isHere(placement));
  if (elsewhere.length === 0) return;
  const systems = elsewhere.map(({ system }) => system.name);
  const hosts = elsewhere.flatMap(({ placement: { server, generators } }) =>
    [server, ...generators].map(({ host }) => host).filter(({ launcher }) => launcher !== 'local'),
  );
  const names = [...new Set(hosts.map(({ name }) => name))];
  throw new ExperimentError(
    'PLACE_ELSEWHERE',
    `${listed(systems)}: ${systems.length === 1 ? 'runs' : 'run'} on ${names.length === 1 ? 'host' : 'hosts'} ` +
      `${listed(names)}, and what starts servers and load generators on other machines is not there yet. ` +
      "'bypassbench config EXPERIMENT --lab FILE' shows what would run where, 'bypassbench lab check EXPERIMENT --lab FILE' " +
      'what is lacking there; what can be measured now is on hosts of ' +
      '`launcher: local`, which is this machine, or without `place`',
  );
}

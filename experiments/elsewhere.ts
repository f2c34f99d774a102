/** What of systems on other hosts than this machine cannot be run. */

import { THREADS_MAX } from '../results/formats/index.ts';
import { moduleWords } from './config/placeholders.ts';
import { coresTaken, isHere, placementOf } from './config/placement.ts';
import type { ConfiguredExperiment, ConfiguredSystem } from './config/schema.ts';
import { ExperimentError } from './errors.ts';

/** Throws PLACE_ELSEWHERE, before anything starts. */
export function refuseElsewhere(configured: ConfiguredExperiment): void {
  const reasons = configured.systems
    .filter((system) => !isHere(placementOf(configured, system)))
    .flatMap((system) => {
      const why = whyNot(configured, system);
      return why === null ? [] : [`${system.name}: ${why}`];
    });
  if (reasons.length > 0) throw new ExperimentError('PLACE_ELSEWHERE', reasons.join('\n'));
}

/** A clause with the remedy; null where it can be run. */
function whyNot(configured: ConfiguredExperiment, system: ConfiguredSystem): string | null {
  const { generators } = placementOf(configured, system);
  const names = generators.map(({ host }) => host.name).join(', ');
  if (generators.length > 1 && system.client.program) {
    return `${names} are to generate its load with ${system.client.program}, which does not wait for a moment to begin: name one (\`place.generators\`)`;
  }
  if (generators.length > 1 && configured.points.some(({ workload }) => workload.trace !== undefined)) {
    return `${names} are to replay one trace, which is not divided among hosts: name one (\`place.generators\`)`;
  }
  const threads = generators.length * coresTaken(system).client;
  if (threads > THREADS_MAX) {
    return `${names} have ${threads} threads together, and ${THREADS_MAX} can be told apart by what they write: name fewer (\`place.generators\`)`;
  }
  if (system.checkout !== undefined) {
    return 'its `checkout` is on this machine alone: have that commit on the hosts (lab setup), or leave the system out with --only';
  }
  if ([system.backend, system.client.backend].some((backend) => moduleWords(backend).length > 0)) {
    return 'its backend is a module of this machine: leave the system out with --only';
  }
  return null;
}

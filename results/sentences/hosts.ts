/** In the caption: which machines changed during the run. */
import { type Manifest, THIS_MACHINE } from '../formats/index.ts';
import { changesOf } from '../summary/host-changes.ts';
import { listed } from './doubts.ts';

/** "Changed during the run: governor of server0."; nothing where all stayed as they were. */
export function changedHosts({ hosts }: Pick<Manifest, 'hosts'>): string[] {
  const changed = hosts.flatMap((host) => {
    const [first, ...others] = changesOf(host);
    if (first === undefined) return [];
    const where = host.name === THIS_MACHINE ? '' : ` (${host.name})`;
    return [`${first.setting}${others.length > 0 ? ` and ${others.length} more` : ''}${where}`];
  });
  return changed.length === 0 ? [] : [`Changed during the run: ${listed(changed)}.`];
}

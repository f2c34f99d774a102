/** `ssh: node0` for `ssh: { host: node0 }`, and the same of `srun`, so that what is laid upon them can be a part. */
import { entriesOf, type Placed, withEntry } from '../written/placed.ts';

const shortened = { ssh: 'host', srun: 'node' };

/** A file, or an experiment, with its hosts written out. */
export function withoutShortForms(root: Placed): Placed {
  const hosts = entriesOf(root).get('hosts');
  if (!(hosts?.value instanceof Map)) return root;
  const written = [...hosts.value].map(([name, host]): [string, Placed] => [name, writtenOut(host)]);
  return withEntry(root, 'hosts', { ...hosts, value: new Map(written) });
}

function writtenOut(host: Placed): Placed {
  return Object.entries(shortened).reduce((result, [key, inner]) => {
    const said = entriesOf(result).get(key);
    if (typeof said?.value !== 'string') return result;
    return withEntry(result, key, { place: said.place, value: new Map([[inner, said]]) });
  }, host);
}

/** The hosts of an experiment: its own, or those of a lab file. */
import { withoutShortForms } from '../lab/short-forms.ts';
import { entriesOf, merge, type Placed, type PlacedProblem, withEntry, withKeys } from '../written/placed.ts';
import { checkKeys } from './library.ts';

const labKeys = ['lab', 'hosts', 'place'];

/**
 * The experiment as its author wrote it, on the hosts of a lab. These take the place of hosts of its own, and with them
 * of its `place`, whose names are of those; else what it says of the place is above what the lab says.
 */
export function onHosts(experiment: Placed, lab: Placed | null, problems: PlacedProblem[]): Placed {
  const written = withoutShortForms(experiment);
  if (lab === null) return written;
  checkKeys(lab, labKeys, problems);
  const said = entriesOf(lab);
  const [hosts, place] = [said.get('hosts'), said.get('place')];
  for (const key of ['lab', 'hosts']) {
    if (!said.has(key)) problems.push({ place: lab.place, message: `\`${key}\` is missing` });
  }
  const own = entriesOf(written).has('hosts')
    ? withKeys(written, (key) => key !== 'hosts' && key !== 'place')
    : written;
  const onThem = hosts ? withEntry(own, 'hosts', hosts) : own;
  if (!place) return onThem;
  const above = entriesOf(own).get('place');
  return withEntry(onThem, 'place', above ? merge(place, above) : place);
}

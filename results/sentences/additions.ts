/** What of a run was measured at another time than the rest, and how it is compared. */
import { type Addition, pointName, type Summary } from '../formats/index.ts';
import { listed } from './doubts.ts';

/** "Added at 2026-11-30 12:40 UTC: kv-dpdk; redis was measured again with it. ..."; nothing of a run of one time. */
export function additionSentences({ additions }: Pick<Summary, 'additions'>): string[] {
  return additions.map((addition) => {
    const { started_at, anchor, places } = addition;
    const what = places.length === 0 ? 'nothing that was not there' : listed(namesOf(places));
    const when = new Date(started_at).toISOString().slice(0, 16).replace('T', ' ');
    const how =
      anchor === null
        ? 'nothing was measured again with it, so it is compared with nothing of another time'
        : `${anchor} was measured again with it, and with others of another time it is compared by way of that alone`;
    return `Added at ${when} UTC: ${what}; ${how}.`;
  });
}

/** At how many points, where there are several of a system. */
function namesOf(places: Addition['places']): string[] {
  return [...Map.groupBy(places, ({ subject }) => subject)].map(([subject, of]) => {
    const points = of.map(({ at }) => pointName(at)).filter((name) => name !== '');
    if (points.length === 0) return subject;
    return `${subject} at ${points.length > 2 ? `${points.length} points` : points.join(' and ')}`;
  });
}

/** What of a run was measured at another time than the rest, and how it is compared. */
import { type Addition, pointName, type Summary } from '../formats/index.ts';
import { listed } from './doubts.ts';

/** "Added at 2026-11-30 12:40 UTC: kv-dpdk; redis was measured again with it. ..."; nothing of a run of one time. */
export function additionSentences({ additions }: Pick<Summary, 'additions'>): string[] {
  return additions.map((addition) => {
    const { started_at, anchor, places } = addition;
    const what = listed(places.map(nameOf));
    const when = new Date(started_at).toISOString().slice(0, 16).replace('T', ' ');
    const how =
      anchor === null
        ? 'nothing was measured again with it, so it is compared with nothing of another time'
        : `${anchor} was measured again with it, and with others of another time it is compared by way of that alone`;
    return `Added at ${when} UTC: ${what}; ${how}.`;
  });
}

function nameOf({ subject, at }: Addition['places'][number]): string {
  const point = pointName(at);
  return point === '' ? subject : `${subject} at ${point}`;
}

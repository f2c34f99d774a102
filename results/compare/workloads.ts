/** Where two points of two runs were asked for different work: then no difference of theirs is one of the systems. */
import type { Manifest } from '../formats/index.ts';
import { arrivalsOf } from '../sentences/load.ts';
import type { SummaryRow } from '../sentences/rows.ts';
import { formatCount } from '../text/format.ts';

/** One thing that was asked otherwise, e.g. `pipeline`, `1`, `16`. */
export interface WorkloadDifference {
  what: string;
  first: string;
  second: string;
}

/** A run's plan and systems, as its manifest has them. */
export type Asked = Pick<Manifest, 'plan' | 'systems'>;

type Side = [asked: Asked, row: SummaryRow];

/** In the order of how much each changes. Of a floor, which has no keys and no client of its own, what it does have. */
export function workloadDifferences(first: Side, second: Side): WorkloadDifference[] {
  const [a, b] = [workloadOf(...first), workloadOf(...second)];
  return [...a].flatMap(([what, value]) => {
    const other = b.get(what);
    return other === undefined || other === value ? [] : [{ what, first: value, second: other }];
  });
}

function workloadOf(
  { plan, systems }: Asked,
  { system, operation, clients, value_bytes, pipeline, rate_ops }: SummaryRow,
): Map<string, string> {
  const workload = new Map([
    ['loop', rate_ops === null ? 'closed' : `open (${arrivalsOf(plan) ?? 'unknown'})`],
    ['rate', rate_ops === null ? 'none' : `${formatCount(rate_ops)}/s`],
    ['pipeline', formatCount(pipeline)],
    ['clients', formatCount(clients)],
    ['value size', `${formatCount(value_bytes)} bytes`],
  ]);
  const of = systems.find(({ name }) => name === system);
  if (of) {
    if (operation === 'mix') workload.set('mix', JSON.stringify(plan.mix));
    if (plan.trace === null) {
      workload.set('keys', formatCount(of.workload.keys ?? plan.keys));
      workload.set('key distribution', of.workload.key_distribution ?? plan.key_distribution);
      workload.set('key size', plan.key_bytes);
    }
    workload.set('idle mode', of.client.idle);
    workload.set("client's backend", of.client.backend);
  }
  return workload;
}

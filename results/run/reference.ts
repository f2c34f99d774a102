/**
 * Published values that measured ones are set beside: reference/NAME.json, by figures of the publication. A value is
 * keyed by the role of its system (and, of a bypass, by its backend) and by operation. It stands beside points of the
 * same workload, and beside no others.
 */
import { ResultsError } from '../errors.ts';
import type { Role, SystemUnderTest } from '../formats/index.ts';
import hotos19 from './reference/hotos19.json' with { type: 'json' };
import sosp21 from './reference/sosp21.json' with { type: 'json' };

/** What decides whether a value was measured as another was, but for the operation. */
export interface ReferenceWorkload {
  clients: number;
  value_bytes: number;
  /** Requests in flight on each connection. */
  pipeline: number;
  /** Requests per second of an open loop; null for a closed one. */
  rate_ops: number | null;
}

/** Its values by operation stand beside these keys, in the unit of the figure's measure. */
export interface PublishedSystem {
  /** As the publication calls it. */
  system: string;
  role?: Role;
  /** Of a bypass. */
  backend?: string;
  /** In the place of a role: the backend whose device it is by itself. */
  floor?: string;
  /** What tells it from another of its role; nothing here stands for it. */
  server?: string;
}

export interface PublishedFigure {
  /** By its number, where that could be checked, and its subject. */
  figure: string;
  /** Whether its numbers are printed in the text, or read off the figure. */
  origin: 'text' | 'figure';
  /** A latency that is neither a quantile nor said to be one is the mean, or not said which. */
  measure: 'latency_us' | 'latency_p99_us' | 'throughput_ops' | 'bandwidth_gbit_per_s';
  /**
   * In the unit of the measure, up and down: about a hundredth of the axis, which is what an eye tells on a printed
   * column; of a number that the text prints, half of its last digit.
   */
  reading_error: number;
  /** What the load generator speaks to such a server. */
  protocol: string;
  /** The group of systems that it is about, where others are not; without it all that no other figure is about. */
  group?: string;
  /** Groups that it is not about, beside those of other figures. */
  except_groups?: string[];
  /** As the publication measured; what it does not say is what this project takes it to be. */
  workload: ReferenceWorkload;
  values: (PublishedSystem & { [operation: string]: number | string | undefined })[];
  /** What else its reader must know, such as what the text says otherwise: both stand, and neither is judged. */
  note?: string;
}

export interface Reference {
  /** Where and on what the values were measured, in a few words. */
  name: string;
  source: string;
  figures: PublishedFigure[];
  /** The parts of the split as the publication's text rounds them, between 0 and 1. */
  rounded_shares?: { interface: number; data_path: number; kernel: number };
}

const references: Record<string, Reference> = {
  hotos19: hotos19 as Reference,
  sosp21: sosp21 as Reference,
};

/** What `reference:` of an experiment can name. */
export const referenceNames: readonly string[] = Object.keys(references);

/** Throws ResultsError where no file has that name. */
export function findReference(name: string): Reference {
  if (Object.hasOwn(references, name)) return references[name];
  throw new ResultsError(
    'REFERENCE_UNKNOWN',
    `plan.reference in manifest.json: no published values are named '${name}', there are ${referenceNames.join(', ')}; ` +
      'report without them (--no-reference)',
  );
}

/** What was published of a point; null for what was not. */
export interface Published {
  published_us: number | null;
  published_ops: number | null;
  published_gbit_per_s: number | null;
}

export const nothingPublished: Published = {
  published_us: null,
  published_ops: null,
  published_gbit_per_s: null,
};

type Asked = ReferenceWorkload & { operation: string };
type Of = Pick<SystemUnderTest, 'role' | 'backend' | 'group'>;

/** `protocol`: what the load generator spoke. */
export function publishedOf(reference: Reference, system: Of, point: Asked, protocol = 'resp'): Published {
  const publishedAs = (measure: PublishedFigure['measure']): number | null => {
    const fitting = figuresAbout(reference, system, protocol).filter(
      (figure) => figure.measure === measure && measuredAlike(figure.workload, point),
    );
    const values = fitting.flatMap(({ values }) => values.filter((value) => standsFor(value, system)));
    const [value] = values.map((one) => one[point.operation]).filter((one) => typeof one === 'number');
    return value ?? null;
  };
  return {
    published_us: publishedAs('latency_us'),
    published_ops: publishedAs('throughput_ops'),
    published_gbit_per_s: publishedAs('bandwidth_gbit_per_s'),
  };
}

/** The figures that are about systems of such a group which speak so. */
export function figuresAbout(
  { figures }: Reference,
  { group }: Pick<Of, 'group'>,
  protocol: string,
): PublishedFigure[] {
  const groups = figures.flatMap((figure) => figure.group ?? []);
  return figures.filter(
    (figure) =>
      figure.protocol === protocol &&
      (figure.group === undefined
        ? !groups.includes(group) && !figure.except_groups?.includes(group)
        : figure.group === group),
  );
}

function standsFor({ role, backend, server }: PublishedSystem, system: Of): boolean {
  if (role === undefined || role !== system.role || server !== undefined) return false;
  return role !== 'bypass' || backend === system.backend;
}

export function measuredAlike(a: ReferenceWorkload, b: ReferenceWorkload): boolean {
  return (
    a.clients === b.clients &&
    a.value_bytes === b.value_bytes &&
    a.pipeline === b.pipeline &&
    a.rate_ops === b.rate_ops
  );
}

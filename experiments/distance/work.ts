/** What a fixed piece of work took on a core, from readings one behind the other: whether others used the core too. */
import { median } from 'simple-statistics';
import { companyLimit } from '../../results/index.ts';

export interface CoreWork {
  core: number;
  /** Work that takes longer had company; null where the readings show no such limit (results: company.ts). */
  limit_ns: number | null;
  /** Medians of the work that had none, and that had; all of it had none without a limit. */
  alone_ns: number;
  shared_ns: number | null;
  /** Of the readings. */
  shared_share: number;
}

/** Of at least one reading that did not fail. */
export function workOn(core: number, work_ns: readonly (number | null)[]): CoreWork {
  const known_ns = work_ns.filter((ns) => ns !== null);
  const limit_ns = companyLimit(known_ns);
  if (limit_ns === null) {
    return { core, limit_ns, alone_ns: median(known_ns), shared_ns: null, shared_share: 0 };
  }
  const shared_ns = known_ns.filter((ns) => ns > limit_ns);
  return {
    core,
    limit_ns,
    alone_ns: median(known_ns.filter((ns) => ns <= limit_ns)),
    shared_ns: median(shared_ns),
    shared_share: shared_ns.length / known_ns.length,
  };
}

/** To a tenth, so that lines and tables have it alike. */
export function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}

/** A line. */
export function describeWork({ core, alone_ns, shared_ns, shared_share }: CoreWork): string {
  if (shared_ns === null) {
    return `core ${core}: alone, or shared all of the time; a fixed piece of work takes ${alone_ns.toFixed(0)} ns`;
  }
  return (
    `core ${core}: alone ${percent(1 - shared_share)} of the time, a fixed piece of work takes ${alone_ns.toFixed(0)} ns; ` +
    `shared with somebody ${percent(shared_share)}, ${shared_ns.toFixed(0)} ns`
  );
}

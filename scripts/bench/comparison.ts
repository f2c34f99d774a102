/**
 * Trials of several systems side by side: each trial runs every system once, in shuffled order, so that a
 * machine that drifts drifts for all; a system is compared with the reference of the same trial.
 */
import Table from 'cli-table3';
import { median } from 'simple-statistics';

export interface Goal {
  /** Ratio to the reference that is aimed at. */
  ratio: number;
  better: 'lower' | 'higher';
}

export class Comparison<System extends string> {
  readonly #reference: System;
  readonly #unit: string;
  readonly #values = new Map<string, Map<System, number[]>>();

  constructor(reference: System, unit: string) {
    this.#reference = reference;
    this.#unit = unit;
  }

  /** Notes one trial's number of a system for what is measured ('GET p50'). */
  add(measure: string, system: System, value: number): void {
    const bySystem = this.#values.get(measure) ?? new Map<System, number[]>();
    bySystem.set(system, [...(bySystem.get(system) ?? []), value]);
    this.#values.set(measure, bySystem);
  }

  /** The table of medians and of ratios trial by trial, with their range, beside the goals. */
  table(goals: Record<string, Goal>): string {
    const head = [
      'measure',
      'system',
      this.#unit,
      `ratio to ${this.#reference}: median [min, max]`,
      'goal',
      '',
    ];
    const table = new Table({ head, style: { head: [], border: [] } });
    for (const [measure, bySystem] of this.#values) {
      const reference = bySystem.get(this.#reference)!;
      for (const [system, values] of bySystem) {
        const row = [measure, system, spread(values)];
        if (system === this.#reference) {
          table.push([...row, '1', '', '']);
          continue;
        }
        const ratios = values.map((value, trial) => value / reference[trial]);
        table.push([...row, spread(ratios), ...verdict(ratios, goals[`${system} ${measure}`])]);
      }
    }
    return table.toString();
  }
}

function verdict(ratios: number[], goal: Goal | undefined): [string, string] {
  if (!goal) return ['', ''];
  const met = goal.better === 'lower' ? median(ratios) <= goal.ratio : median(ratios) >= goal.ratio;
  return [`${goal.better === 'lower' ? 'at most' : 'at least'} ${goal.ratio}`, met ? 'met' : 'MISSED'];
}

function spread(values: number[]): string {
  const [middle, low, high] = [median(values), Math.min(...values), Math.max(...values)].map(significant);
  return `${middle} [${low}, ${high}]`;
}

/** Three significant digits, without an exponent. */
function significant(value: number): string {
  return Number(value.toPrecision(3)).toLocaleString('en-US', { maximumFractionDigits: 6 });
}

export function shuffled<T>(items: readonly T[]): T[] {
  return items
    .map((item) => ({ item, at: Math.random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ item }) => item);
}

/** What a benchmark says while it runs; its table goes to standard output. */
export function progress(line: string): void {
  console.error(line);
}

/** Runs the parts of a benchmark that the command line names, or all. */
export async function runParts(parts: Record<string, () => Promise<void>>): Promise<void> {
  const wanted = process.argv.slice(2);
  for (const name of wanted.length > 0 ? wanted : Object.keys(parts)) {
    if (!Object.hasOwn(parts, name))
      throw new Error(`there is no part '${name}': ${Object.keys(parts).join(', ')}`);
    await parts[name]();
  }
}

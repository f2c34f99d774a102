/** Series of readings as machines give them, for tests: the same for a seed. */
import { normalSource, uniformSource } from '../test-sources.ts';

export interface SeriesOptions {
  /** Distances of each state, ns. */
  states_ns: [low: number, high: number][];
  /** How often each comes, relative to the others; as often as each other where left out. */
  weights?: number[];
  readings: number;
  /** Time between readings, and the shortest and longest stay in a state. */
  every_s?: number;
  stay_s?: [shortest: number, longest: number];
  /** Share of readings that an interrupt made longer, by up to ten times. */
  disturbed?: number;
  seed: number;
}

/**
 * Cores that stay in a state for a time, then go to another one. Each stay has a distance of its own within its state,
 * as the host picks other cores of the same kind; readings vary around it by 2 %.
 */
export function series(options: SeriesOptions): number[] {
  const { states_ns, weights = states_ns.map(() => 1), readings, every_s = 0.075 } = options;
  const { stay_s = [0.5, 5], disturbed = 0.01, seed } = options;
  const uniform = uniformSource(seed);
  const normal = normalSource(seed + 1);
  let state = -1;
  let distance_ns = 0;
  let leaves_s = 0;
  return Array.from({ length: readings }, (_, index) => {
    if (index * every_s >= leaves_s) {
      state = nextState(weights, state, uniform);
      const [low_ns, high_ns] = states_ns[state];
      distance_ns = low_ns * (high_ns / low_ns) ** (0.2 + 0.6 * uniform());
      leaves_s = index * every_s + stay_s[0] + (stay_s[1] - stay_s[0]) * uniform();
    }
    const longer = uniform() < disturbed ? 10 ** uniform() : 1;
    return distance_ns * Math.exp(0.02 * normal()) * longer;
  });
}

/** One of the others, by weight. */
function nextState(weights: number[], state: number, uniform: () => number): number {
  if (weights.length === 1) return 0;
  const others = weights.map((weight, index) => (index === state ? 0 : weight));
  let left = uniform() * others.reduce((sum, weight) => sum + weight, 0);
  for (const [index, weight] of others.entries()) {
    left -= weight;
    if (weight > 0 && left <= 0) return index;
  }
  return others.findLastIndex((weight) => weight > 0);
}

/** From one distance to another, slowly and all the way. */
export function drift(from_ns: number, to_ns: number, readings: number, seed: number): number[] {
  const normal = normalSource(seed);
  return Array.from(
    { length: readings },
    (_, index) => from_ns * (to_ns / from_ns) ** (index / (readings - 1)) * Math.exp(0.03 * normal()),
  );
}

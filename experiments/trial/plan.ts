/**
 * Which trial runs when. Trials run in blocks; each block holds every system and every floor once, so that a
 * machine that gets slower in the course of the run does so for all of them alike, and the order within a block
 * is shuffled, so that no system always follows the same other one.
 */
import type { Experiment, Floor, System } from '../config/schema.ts';

interface Turn {
  /** 1 to the number of trials: the block. */
  trial: number;
  /** Place in the whole run, from 1. */
  order: number;
}
export type SystemTrial = Turn & { kind: 'system'; subject: System };
export type FloorTrial = Turn & { kind: 'floor'; subject: Floor };
export type PlannedTrial = SystemTrial | FloorTrial;

/** The trials in the order in which they run; the same seed gives the same order. */
export function planTrials(
  experiment: Pick<Experiment, 'systems' | 'floors' | 'trials' | 'order' | 'seed'>,
): PlannedTrial[] {
  const random = mulberry32(experiment.seed);
  const listed = [
    ...experiment.systems.map((subject) => ({ kind: 'system' as const, subject })),
    ...experiment.floors.map((subject) => ({ kind: 'floor' as const, subject })),
  ];
  const planned: PlannedTrial[] = [];
  for (let trial = 1; trial <= experiment.trials; trial++) {
    const block = experiment.order === 'shuffled' ? shuffled(listed, random) : listed;
    for (const one of block) planned.push({ ...one, trial, order: planned.length + 1 });
  }
  return planned;
}

/** The Fisher-Yates shuffle: every order is equally likely. */
function shuffled<T>(values: readonly T[], random: () => number): T[] {
  const result = [...values];
  for (let last = result.length - 1; last > 0; last--) {
    const chosen = Math.floor(random() * (last + 1));
    [result[last], result[chosen]] = [result[chosen], result[last]];
  }
  return result;
}

/** Tommy Ettinger's Mulberry32: numbers in [0, 1) from 32 bits of state; enough to shuffle a few systems. */
function mulberry32(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

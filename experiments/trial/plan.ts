/**
 * Which trial runs when. Trials run in blocks; each block holds every system and every floor once, so that a
 * machine that gets slower in the course of the run does so for all of them alike, and the order within a
 * block is shuffled, so that no system always follows the same other one.
 */
import { hash } from 'node:crypto';
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
  const listed = [
    ...experiment.systems.map((subject) => ({ kind: 'system' as const, subject })),
    ...experiment.floors.map((subject) => ({ kind: 'floor' as const, subject })),
  ];
  const planned: PlannedTrial[] = [];
  for (let trial = 1; trial <= experiment.trials; trial++) {
    const block = experiment.order === 'shuffled' ? shuffled(listed, experiment.seed, trial) : listed;
    for (const one of block) planned.push({ ...one, trial, order: planned.length + 1 });
  }
  return planned;
}

/**
 * By the hashes of seed, block and name: every order is equally likely, and one more system leaves that of
 * the others.
 */
function shuffled<T extends { subject: { name: string } }>(block: T[], seed: number, trial: number): T[] {
  return block
    .map((one) => ({ one, place: hash('sha256', `${seed} ${trial} ${one.subject.name}`) }))
    .sort((a, b) => (a.place < b.place ? -1 : 1))
    .map(({ one }) => one);
}

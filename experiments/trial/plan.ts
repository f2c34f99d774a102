/**
 * Which trial runs when. Trials run in blocks; each block holds every system and every floor once, so that a
 * machine that gets slower in the course of the run does so for all of them alike, and the order within a
 * block is shuffled, so that no system always follows the same other one. A block that is added behind the planned
 * ones may hold some of them only.
 */
import { hash } from 'node:crypto';
import type { Experiment, Floor, System } from '../config/schema.ts';

interface Turn {
  /** The block, from 1. */
  trial: number;
  /** Place in the whole run, from 1. */
  order: number;
}
export type SystemTrial = Turn & { kind: 'system'; subject: System };
export type FloorTrial = Turn & { kind: 'floor'; subject: Floor };
export type PlannedTrial = SystemTrial | FloorTrial;

type BlockParts = Pick<Experiment, 'systems' | 'floors' | 'order' | 'seed'>;

/** The trials in the order in which they run; the same seed gives the same order. */
export function planTrials(experiment: BlockParts & Pick<Experiment, 'trials'>): PlannedTrial[] {
  const { systems, floors, trials } = experiment;
  const size = systems.length + floors.length;
  return Array.from({ length: trials }, (_, index) => planBlock(experiment, index + 1, index * size)).flat();
}

/** The trials of one block, behind so many others; the block may be one of those that the experiment does not plan. */
export function planBlock(
  { systems, floors, order, seed }: BlockParts,
  trial: number,
  trialsBefore: number,
): PlannedTrial[] {
  const listed = [
    ...systems.map((subject) => ({ kind: 'system' as const, subject })),
    ...floors.map((subject) => ({ kind: 'floor' as const, subject })),
  ];
  const block = order === 'shuffled' ? shuffled(listed, seed, trial) : listed;
  return block.map((one, index) => ({ ...one, trial, order: trialsBefore + index + 1 }));
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

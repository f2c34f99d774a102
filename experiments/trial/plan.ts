/**
 * Which trial runs when. Trials run in blocks; each block holds every system and every floor once at each point of a
 * sweep, so that a machine that gets slower in the course of the run does so for all of them alike, and the order
 * within a block is shuffled, so that nothing always follows the same other one. A block that is added behind the
 * planned ones may hold some of them only.
 */
import { hash } from 'node:crypto';
import { type PointAt, pointName, type RunPlace, sameAt } from '../../results/formats/index.ts';
import type { Experiment, Floor, System, WorkloadConfig } from '../config/schema.ts';
import { workloadOf } from '../config/swept.ts';

interface Turn {
  at: PointAt;
  /** Number of the point, from 1; null without a sweep. */
  point: number | null;
  /** What is asked of it there. */
  workload: WorkloadConfig;
  /** The block, from 1. */
  trial: number;
  /** Place in the whole run, from 1. */
  order: number;
}
export type SystemTrial = Turn & { kind: 'system'; subject: System };
export type FloorTrial = Turn & { kind: 'floor'; subject: Floor };
export type PlannedTrial = SystemTrial | FloorTrial;

type BlockParts = Pick<Experiment, 'axes' | 'points' | 'order' | 'seed'>;

/** The trials in the order in which they run; the same seed gives the same order. */
export function planTrials(experiment: BlockParts & Pick<Experiment, 'trials'>): PlannedTrial[] {
  const plan: PlannedTrial[] = [];
  for (let trial = 1; trial <= experiment.trials; trial++) {
    plan.push(...planBlock(experiment, trial, plan.length));
  }
  return plan;
}

/**
 * The trials of one block, behind so many others; the block may be one of those that the experiment does not plan, and
 * of some places `only`.
 */
export function planBlock(
  { axes, points, order, seed }: BlockParts,
  trial: number,
  trialsBefore: number,
  only?: readonly RunPlace[],
): PlannedTrial[] {
  const listed = points.flatMap(({ at, workload, systems, floors }, index) => {
    const here = { at, point: axes.length > 0 ? index + 1 : null };
    return [
      ...systems.map((subject) => ({
        kind: 'system' as const,
        ...here,
        workload: workloadOf(workload, subject),
        subject,
      })),
      ...floors.map((subject) => ({ kind: 'floor' as const, ...here, workload, subject })),
    ];
  });
  const some = listed.filter((one) => only?.some((place) => isAt(place, placeOf(one))) ?? true);
  const block = order === 'shuffled' ? shuffled(some, seed, trial) : some;
  return block.map((one, index) => ({ ...one, trial, order: trialsBefore + index + 1 }));
}

export function placeOf({ subject, at }: Pick<PlannedTrial, 'subject' | 'at'>): RunPlace {
  return { subject: subject.name, at };
}

/** Whether two places are one. */
export function isAt(a: RunPlace, b: RunPlace): boolean {
  return a.subject === b.subject && sameAt(a.at, b.at);
}

/** `redis`, or `redis at clients=4`. */
export function placeName({ subject, at }: RunPlace): string {
  const point = pointName(at);
  return point === '' ? subject : `${subject} at ${point}`;
}

/**
 * By the hashes of seed, block, name and point: every order is equally likely, and one more system leaves that of
 * the others.
 */
function shuffled<T extends Pick<PlannedTrial, 'subject' | 'at'>>(
  block: T[],
  seed: number,
  trial: number,
): T[] {
  return block
    .map((one) => ({ one, place: hash('sha256', `${seed} ${trial} ${placeName(placeOf(one))}`) }))
    .sort((a, b) => (a.place < b.place ? -1 : 1))
    .map(({ one }) => one);
}

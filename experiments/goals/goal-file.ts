/**
 * Goal files: what this project is to reach, each goal held against a named reference in the same run. They are of two
 * kinds: an experiment with `goals:`, or programs that each print one number, for what no experiment can say.
 */
import { readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import type { Goal } from '../../results/index.ts';
import { readExperiment } from '../config/config.ts';
import type { ConfiguredExperiment } from '../config/schema.ts';
import { splitWords, WordsError } from '../config/words.ts';
import { runDuration_s } from '../duration.ts';
import { ExperimentError } from '../errors.ts';
import { suggestion } from '../written/nearest.ts';
import { entriesOf, located, plain, problemLines } from '../written/placed.ts';
import { schemaProblems } from '../written/problems.ts';
import { readYaml } from '../written/yaml-source.ts';

const words = z
  .string()
  .min(1)
  .transform((text, context) => {
    try {
      return splitWords(text);
    } catch (error) {
      if (!(error instanceof WordsError)) throw error;
      context.addIssue({ code: 'custom', message: error.message });
      return z.NEVER;
    }
  });

const programGoal = z
  .strictObject({
    goal: z.string().min(1).describe('What it is about, as the table names it.'),
    program: words.describe(
      'Command line that prints {"value": NUMBER, "unit": TEXT} on stdout, run in the folder of this checkout.',
    ),
    over: words
      .optional()
      .describe('Command line of the reference; without it the number itself has the bound.'),
    seconds: z.number().positive().describe('What one start of each takes, for the estimate.'),
    at_most: z.number().positive().optional(),
    at_least: z.number().positive().optional(),
  })
  .refine(({ at_most, at_least }) => at_most !== undefined || at_least !== undefined, {
    error: 'has no bound: give at_most, at_least or both',
  });

const programsFile = z.strictObject({
  title: z.string().min(1),
  trials: z.int().min(1).max(1000).describe('How often each program is started, in turn with its reference.'),
  programs: z.array(programGoal).min(1),
});

export type ProgramGoal = z.infer<typeof programGoal>;

interface Common {
  /** Of the file, without its suffix. */
  name: string;
  title: string;
  /** What all of it takes, in seconds. */
  seconds: number;
}
export type GoalFile =
  | (Common & { kind: 'experiment'; file: string; experiment: ConfiguredExperiment; goals: readonly Goal[] })
  | (Common & { kind: 'programs'; trials: number; programs: readonly ProgramGoal[] });

export interface GoalOptions {
  /** KEY=VALUE for the experiments. */
  set: readonly string[];
  /** Takes the place of every `checkout`. */
  against: string | null;
  /** A lab file: the hosts that the systems of experiments run on. Absent: this machine. */
  lab?: string | undefined;
}

/** The goal files that ship, by name. */
export function shippedGoals(): Map<string, string> {
  const files = readdirSync(import.meta.dirname).filter((name) => name.endsWith('.yaml'));
  return new Map(
    files.sort().map((file) => [path.basename(file, '.yaml'), path.join(import.meta.dirname, file)]),
  );
}

/**
 * The files that are named: `latency` is that file, `not-slower` every file whose name begins with `not-slower-`, and a
 * name with a suffix a file anywhere. All that ship where none is named. Throws GOAL_UNKNOWN.
 */
export function findGoals(names: readonly string[]): string[] {
  const shipped = shippedGoals();
  if (names.length === 0) return [...shipped.values()];
  return names.flatMap((wanted) => {
    if (wanted.endsWith('.yaml')) return [wanted];
    const found = [...shipped].filter(([name]) => name === wanted || name.startsWith(`${wanted}-`));
    if (found.length > 0) return found.map(([, file]) => file);
    throw new ExperimentError(
      'GOAL_UNKNOWN',
      `no goals are named '${wanted}'${suggestion(wanted, [...shipped.keys()])}`,
    );
  });
}

/** Throws CONFIG_NOT_FOUND or CONFIG_INVALID, with a line for each problem. */
export async function readGoals(file: string, { set, against, lab }: GoalOptions): Promise<GoalFile> {
  const name = path.basename(file, '.yaml');
  const text = await readFile(file, 'utf8').catch((error: Error) => {
    throw new ExperimentError('CONFIG_NOT_FOUND', `goals ${file} cannot be read: ${error.message}`);
  });
  const source = readYaml(path.relative('', file), text, 0);
  if (source.problems.length === 0 && entriesOf(source.root).has('programs')) {
    const data = plain(source.root);
    const parsed = programsFile.safeParse(data);
    if (!parsed.success) {
      const problems = schemaProblems(parsed.error, data, z.toJSONSchema(programsFile, { io: 'input' }));
      throw invalid(problemLines(located(source.root, problems)));
    }
    if (lab !== undefined) {
      throw invalid([
        `${path.relative('', file)}: its programs measure this machine: --lab is for goals of an experiment, leave this file out`,
      ]);
    }
    const { title, trials, programs } = parsed.data;
    const seconds = programs.reduce((sum, one) => sum + one.seconds * (one.over ? 2 : 1), 0) * trials;
    return { kind: 'programs', name, title, seconds, trials, programs };
  }
  const written = await readExperiment(file, { quick: false, set, lab, only: null });
  const { goals } = written;
  if (goals === undefined) {
    throw invalid([`${path.relative('', file)}: has neither \`goals\` (of an experiment) nor \`programs\``]);
  }
  const systems = written.systems.map((system) =>
    system.checkout === undefined || against === null ? system : { ...system, checkout: against },
  );
  const experiment = { ...written, systems };
  const seconds = runDuration_s(experiment);
  return { kind: 'experiment', name, title: experiment.title, seconds, file, experiment, goals };
}

function invalid(lines: string[]): ExperimentError {
  return new ExperimentError('CONFIG_INVALID', lines.join('\n'));
}

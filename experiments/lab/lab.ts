/** Lab files: the machines of a laboratory, which any experiment takes (`--lab`). */
import { readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { ExperimentError } from '../errors.ts';
import { ownCheckout } from '../machine/checkout.ts';
import { nearest } from '../written/nearest.ts';
import { located, type Placed, plain, problemLines, problemsInWords } from '../written/placed.ts';
import { type Problem, schemaProblems } from '../written/problems.ts';
import { readYaml, shown, whyUnreadable } from '../written/yaml-source.ts';
import { type LabHost, labHosts } from './host.ts';
import { hostProblems } from './host-checks.ts';
import { labFile, labJsonSchema, type Where } from './schema.ts';
import { withoutShortForms } from './short-forms.ts';
import { whereProblems } from './where.ts';

export type { LabHost, LabNetwork, RdmaDevice, SshTarget } from './host.ts';

export interface Lab {
  name: string;
  /** In the order in which they were written. */
  hosts: readonly LabHost[];
  /** Where systems run that do not say it themselves; null: nobody said. */
  place: Where | null;
}

/** Those that ship, with addresses to put one's own in the place of. */
const labsFolder = path.join(ownCheckout, 'experiments', 'labs');

/** The lab of a file, or of the name of one that ships. Throws LAB_NOT_FOUND; LAB_INVALID with all that is wrong. */
export async function readLab(file: string): Promise<Lab> {
  const root = await readLabFile(file, 0);
  const data = plain(root);
  const parsed = labFile.safeParse(data);
  if (!parsed.success) throw invalid(root, schemaProblems(parsed.error, data, labJsonSchema()));
  const { lab, hosts, place } = parsed.data;
  const wrong = hostProblems(hosts).map(({ path, message }) => ({ path: ['hosts', ...path], message }));
  if (wrong.length > 0) throw invalid(root, wrong);
  const all = labHosts(hosts);
  // Either side may be said by an experiment.
  const misplaced =
    place?.server !== undefined && place.generators !== undefined ? whereProblems(place, all) : [];
  if (misplaced.length > 0) {
    throw invalid(
      root,
      misplaced.map(({ path, message }) => ({ path: ['place', ...path], message })),
    );
  }
  return { name: lab, hosts: all, place: place ?? null };
}

/**
 * What a lab file says, with its short forms written out, and not checked. `ordinal` is its turn in messages. Throws
 * LAB_NOT_FOUND; LAB_INVALID where it is not YAML, or no mapping.
 */
export async function readLabFile(named: string, ordinal: number): Promise<Placed> {
  const file = findLab(named);
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new ExperimentError('LAB_NOT_FOUND', `lab file ${file} ${whyUnreadable(error)}: ${NAME_ONE}`, {
      cause: error,
    });
  });
  const { root, problems } = readYaml(shown(file), text, ordinal);
  if (problems.length > 0) throw inWords(problemLines(problems));
  if (root.value instanceof Map) return withoutShortForms(root);
  const what = root.value === null ? 'is empty: it' : 'it';
  throw inWords([`${root.place.at}: ${what} must be a mapping (key: value) with lab, hosts and place`]);
}

const NAME_ONE = 'name a lab file, or one of experiments/labs';

/** The file of a lab that ships, or `named` itself where it is a path. */
function findLab(named: string): string {
  const shipped = shippedLabs();
  const file = shipped.get(named);
  if (file !== undefined) return file;
  if (/[/.]/.test(named)) return named;
  const names = [...shipped.keys()];
  const meant = nearest(named, names);
  throw new ExperimentError(
    'LAB_NOT_FOUND',
    `no lab that ships is named '${named}'${meant === null ? '' : `: did you mean '${meant}'?`}; there are ` +
      `${names.join(', ')}; any other is named by its file`,
  );
}

/** Their files by name. */
export function shippedLabs(): Map<string, string> {
  const files = readdirSync(labsFolder).filter((name) => name.endsWith('.yaml'));
  return new Map(files.sort().map((name) => [path.basename(name, '.yaml'), path.join(labsFolder, name)]));
}

function invalid(root: Placed, problems: readonly Problem[]): ExperimentError {
  return inWords(problemLines(located(root, problems)));
}

function inWords(lines: readonly string[]): ExperimentError {
  return new ExperimentError('LAB_INVALID', problemsInWords('the lab', lines));
}

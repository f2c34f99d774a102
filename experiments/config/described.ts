/** What the entries of the library are, in words and in what they need. */
import { backends, findBackend } from '../../libos/index.ts';
import { ExperimentError } from '../errors.ts';
import { located, type Placed, type PlacedProblem, plain, problemLines } from '../written/placed.ts';
import { schemaProblems, valueAt } from '../written/problems.ts';
import { configJsonSchema } from './authored.ts';
import type { Library, LibraryEntry, Parameter } from './library.ts';
import { type NeededProgram, neededPrograms } from './programs.ts';
import { resolveNamed } from './resolve.ts';
import { type ConfiguredSystem, configSchema } from './schema.ts';

export interface Described {
  name: string;
  kind: 'system' | 'floor' | 'template';
  about: string;
  /** Of a template, a line each. */
  parameters: string[];
  programs: NeededProgram[];
  /** What of `bypassbench doctor` must work for it; null: nothing. */
  device: string | null;
}

/** The part of a resolved system or floor that is looked at here. */
interface Resolved {
  label?: string;
  requires?: ConfiguredSystem['requires'];
  start?: string[];
  command?: string[];
  client?: { backend?: string };
  options?: Record<string, string>;
}

/** All entries, systems first; CONFIG_INVALID with all that is wrong in any of them. */
export function describeLibrary(library: Library): Described[] {
  const problems = [...library.problems];
  const descriptions = (['systems', 'floors'] as const).flatMap((kind) =>
    [...library[kind].values()].map((entry) =>
      entry.parameters.size > 0 ? template(entry) : described(entry, kind, library, problems),
    ),
  );
  if (problems.length > 0) throw new ExperimentError('CONFIG_INVALID', problemLines(problems).join('\n'));
  return descriptions;
}

function template({ name, about, parameters }: LibraryEntry): Described {
  const lines = [...parameters].map(([key, parameter]) => `${key}: ${parameterText(parameter)}`);
  return { name, kind: 'template', about: about ?? '', parameters: lines, programs: [], device: null };
}

function parameterText({ about, default: preset, choices }: Parameter): string {
  const values = choices ? [...choices.keys()].join(', ') : '';
  const otherwise = preset ? `else ${String(plain(preset)) || "''"}` : '';
  return [about, values, otherwise].filter(Boolean).join('; ');
}

function described(
  entry: LibraryEntry,
  kind: 'systems' | 'floors',
  library: Library,
  problems: PlacedProblem[],
): Described {
  const { name, about } = entry;
  const { root, problems: found } = resolveNamed(kind, { place: entry.body.place, value: name }, library);
  problems.push(...found, ...wrongValues(root, kind));
  const resolved = plain(root) as Resolved;
  const program = (resolved.start ?? resolved.command)?.[0];
  return {
    name,
    kind: kind === 'systems' ? 'system' : 'floor',
    about: resolved.label ?? about ?? '',
    parameters: [],
    programs: program === undefined ? [] : neededPrograms(resolved.requires ?? [], program),
    device: deviceOf(resolved),
  };
}

/** What the schema finds; what is missing may be in the experiment that names the entry. */
function wrongValues(root: Placed, kind: 'systems' | 'floors'): PlacedProblem[] {
  const data = { [kind]: [plain(root)] };
  const parsed = configSchema.pick({ [kind]: true } as { [key in typeof kind]: true }).safeParse(data);
  if (parsed.success) return [];
  const written = { ...root, value: new Map([[kind, { ...root, value: [root] }]]) };
  const found = schemaProblems(parsed.error, data, configJsonSchema());
  return located(
    written,
    found.filter(({ path }) => valueAt(data, path) !== undefined),
  );
}

/** As `bypassbench doctor` names it. */
function deviceOf({ client, options = {}, command }: Resolved): string | null {
  // A floor has no client: its command names the backend.
  const backend = client?.backend ?? command?.find((word) => backends.includes(word));
  return backend === undefined ? null : (findBackend(backend)?.needs(options) ?? null);
}

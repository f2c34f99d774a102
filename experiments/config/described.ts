/** What the entries of the library are, in words and in what they need. */
import { ExperimentError } from '../errors.ts';
import type { Library, LibraryEntry, Parameter } from './library.ts';
import { plain, problemLines } from './placed.ts';
import { isOnPath, type NeededProgram, neededPrograms } from './programs.ts';
import { resolveNamed } from './resolve.ts';

export interface Described {
  name: string;
  kind: 'system' | 'floor' | 'template';
  about: string;
  /** Of a template, a line each. */
  parameters: string[];
  programs: (NeededProgram & { isHere: boolean })[];
  /** What of `bypassbench doctor` must work for it; null: nothing. */
  device: string | null;
}

/** The part of a resolved system or floor that is looked at here. */
interface Resolved {
  label?: string;
  requires?: { binary: string; package: string }[];
  start?: string[];
  command?: string[];
  client?: { backend?: string };
  options?: { device?: string; provider?: string };
}

/** All entries, systems first; CONFIG_INVALID where one is wrong. */
export function describeLibrary(library: Library): Described[] {
  const lines = problemLines(library.problems);
  if (lines.length > 0) throw new ExperimentError('CONFIG_INVALID', lines.join('\n'));
  return (['systems', 'floors'] as const).flatMap((kind) =>
    [...library[kind].values()].map((entry) =>
      entry.parameters.size > 0 ? template(entry) : described(entry, kind, library),
    ),
  );
}

function template({ name, about, parameters }: LibraryEntry): Described {
  const lines = [...parameters].map(([key, parameter]) => `${key}: ${parameterText(parameter)}`);
  return { name, kind: 'template', about: about ?? '', parameters: lines, programs: [], device: null };
}

function parameterText({ about, default: preset, choices }: Parameter): string {
  const values = choices ? [...choices.keys()].join(', ') : '';
  const otherwise = preset ? `else ${String(plain(preset))}` : '';
  return [about, values, otherwise].filter(Boolean).join('; ');
}

function described(entry: LibraryEntry, kind: 'systems' | 'floors', library: Library): Described {
  const { name, about } = entry;
  const { root, problems } = resolveNamed(kind, { place: entry.body.place, value: name }, library);
  if (problems.length > 0) throw new ExperimentError('CONFIG_INVALID', problemLines(problems).join('\n'));
  const resolved = plain(root) as Resolved;
  const program = (resolved.start ?? resolved.command)?.[0];
  const programs = program === undefined ? [] : neededPrograms(resolved.requires ?? [], program);
  return {
    name,
    kind: kind === 'systems' ? 'system' : 'floor',
    about: resolved.label ?? about ?? '',
    parameters: [],
    programs: programs.map((needed) => ({ ...needed, isHere: isOnPath(needed.binary) })),
    device: deviceOf(resolved),
  };
}

/** As `bypassbench doctor` names it. */
function deviceOf({ client, options = {}, command }: Resolved): string | null {
  const backend = client?.backend ?? command?.find((word) => word === 'dpdk' || word === 'rdma');
  if (backend === 'dpdk') return options.device ?? 'memif';
  if (backend === 'rdma') return `provider ${options.provider ?? 'shm'}`;
  return null;
}

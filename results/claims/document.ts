/** Reads claims files. What is wrong in one is reported with its line, all of a file's faults at once. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Document, isMap, isNode, isScalar, LineCounter, parseDocument } from 'yaml';
import type { z } from 'zod';
import { ResultsError } from '../errors.ts';
import { roles } from '../formats/index.ts';
import { type Claims, claimsSchema } from './schema.ts';

type Path = readonly PropertyKey[];

/** Where the claims of papers are kept; they are read as data, whoever uses them. */
const shippedFolder = join(import.meta.dirname, 'shipped');

/** The claims files that come with bypassbench, by name. */
export async function shippedClaims(): Promise<string[]> {
  const names = await readdir(shippedFolder);
  return names
    .filter((name) => name.endsWith('.yaml'))
    .sort()
    .map((name) => join(shippedFolder, name));
}

/** Throws ResultsError: CLAIMS_UNREADABLE, or CLAIMS_INVALID with a line for each fault. */
export async function readClaims(file: string): Promise<Claims> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    throw new ResultsError(
      'CLAIMS_UNREADABLE',
      `${file} cannot be read (${(error as Error).message}); name a claims file, such as results/claims/shipped/hotos19.yaml`,
      { cause: error },
    );
  }
  return parseClaims(file, text);
}

/** `file` is the name that messages show. */
export function parseClaims(file: string, text: string): Claims {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const place = (offset: number): string => {
    const { line, col } = lines.linePos(offset);
    return `${file}:${line}:${col}`;
  };
  if (document.errors.length > 0) {
    throw invalid(document.errors.map((error) => `${place(error.pos[0])}: not valid YAML: ${error.message}`));
  }
  const parsed = claimsSchema.safeParse(dataOf(document, file), { reportInput: true });
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map((issue) => ({
    offset: offsetOf(document, placeOf(issue)),
    text: `${pathText(issue.path)}${remedy(issue)}`,
  }));
  problems.sort((a, b) => a.offset - b.offset);
  throw invalid(problems.map(({ offset, text }) => `${place(offset)}: ${text}`));
}

/** The YAML library finds an alias without its anchor only now, and does not say where it stands. */
function dataOf(document: Document, file: string): unknown {
  try {
    return document.toJS();
  } catch (error) {
    throw invalid([`${file}: not valid YAML: ${(error as Error).message}`]);
  }
}

function invalid(lines: string[]): ResultsError {
  const message =
    lines.length === 1 ? lines[0] : `the claims file has ${lines.length} problems:\n  ${lines.join('\n  ')}`;
  return new ResultsError('CLAIMS_INVALID', message);
}

/** What is wrong and what would be right, for the author of the file. */
function remedy(issue: z.core.$ZodIssue): string {
  if (issue.code === 'invalid_type' && issue.input === undefined) {
    return `is missing: it must be ${typeWords[issue.expected] ?? issue.expected}`;
  }
  if (issue.code === 'invalid_type') return `must be ${typeWords[issue.expected] ?? issue.expected}`;
  if (issue.code === 'invalid_value') return `must be one of: ${issue.values.join(', ')}`;
  if (issue.code === 'invalid_union') return `must be ${alternatives(issue)}`;
  if (issue.code === 'invalid_key') return issue.issues[0].message;
  return issue.message;
}

/** Plain words for the types that zod expects. */
const typeWords: Record<string, string> = {
  object: 'a mapping (key: value)',
  record: 'a mapping (key: value)',
  array: 'a list',
  string: 'text',
  number: 'a number',
  int: 'a whole number',
};

/** There are three unions: the systems, `operations`, and the values in `published_ratio`. */
function alternatives({ path }: z.core.$ZodIssue): string {
  switch (path.at(-1)) {
    case 'system':
    case 'over':
      return `the name of a system, or { role, backend, group } with a role of: ${roles.join(', ')}`;
    case 'operations':
      return "'all', or a list of operations, such as get, set, mix";
    default:
      return 'a number greater than zero, or a list of two such numbers';
  }
}

/** An unknown key stands where it is written, not where its parent begins. */
function placeOf(issue: z.core.$ZodIssue): Path {
  return issue.code === 'unrecognized_keys' ? [...issue.path, issue.keys[0]] : issue.path;
}

/** Where the key or the list's element at `path` stands; for a missing one, where its parent stands. */
function offsetOf(document: Document, path: Path): number {
  if (path.length === 0) return startOf(document.contents) ?? 0;
  const parent = path.length === 1 ? document.contents : document.getIn(path.slice(0, -1), true);
  const pair = isMap(parent)
    ? parent.items.find(({ key }) => isScalar(key) && key.value === path.at(-1))
    : undefined;
  const start = startOf(pair ? pair.key : document.getIn(path, true));
  return start ?? offsetOf(document, path.slice(0, -1));
}

function startOf(node: unknown): number | undefined {
  return isNode(node) ? node.range?.[0] : undefined;
}

/** `claims[0].at_most: `, or nothing for the whole file. */
function pathText(path: Path): string {
  const steps = path.map((step, index) =>
    typeof step === 'number' ? `[${step}]` : `${index > 0 ? '.' : ''}${String(step)}`,
  );
  return steps.length === 0 ? '' : `${steps.join('')}: `;
}

/**
 * A config file's text as a YAML document that knows its lines, and the sentences about what is wrong in it:
 *
 *     experiments/x.yaml:12:5: systems[0].ready.by: 'resp_pong' is not allowed: did you mean 'resp_ping'?
 */
import { type Document, isMap, isNode, isScalar, LineCounter, parseDocument } from 'yaml';
import type { z } from 'zod';
import { nearest, suggestion } from './nearest.ts';
import { configJsonSchema } from './schema.ts';

type Path = readonly PropertyKey[];

/** What is wrong at one place of the config. */
export interface Problem {
  path: Path;
  message: string;
}

/** Plain words for the types that zod expects. */
const typeWords: Record<string, string> = {
  object: 'a mapping (key: value)',
  record: 'a mapping (key: value)',
  array: 'a list',
  tuple: 'a list',
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
};

export class ConfigDocument {
  readonly #file: string;
  readonly #lines = new LineCounter();
  readonly #document: Document;

  /** `file` is the name that messages show. */
  constructor(file: string, text: string) {
    this.#file = file;
    this.#document = parseDocument(text, { lineCounter: this.#lines, prettyErrors: false });
  }

  /** The values, as plain data; only meaningful when there are no syntax problems. */
  get data(): unknown {
    return this.#document.toJS();
  }

  /** One line for each fault that keeps the file from being YAML. */
  syntaxProblems(): string[] {
    return this.#document.errors.map(
      (error) => `${this.#place(error.pos[0])}: not valid YAML: ${error.message}`,
    );
  }

  /** A line for each problem, in the order of the file: file, line, column, path in the config, what is wrong. */
  describe(problems: readonly Problem[]): string[] {
    return problems
      .map(({ path, message }) => ({ offset: this.#offsetOf(path), where: pathText(path), message }))
      .sort((a, b) => a.offset - b.offset)
      .map(
        ({ offset, where, message }) =>
          `${this.#place(offset)}: ${where === '' ? '' : `${where}: `}${message}`,
      );
  }

  /** The problems that zod found, in words for the author of the file. */
  problemsOf(error: z.ZodError): Problem[] {
    const meant = new Set(error.issues.flatMap(keysMeant));
    return error.issues
      .filter(({ path }) => !(meant.has(pathText(path)) && this.#valueAt(path) === undefined))
      .flatMap((issue) => this.#problemsOfIssue(issue));
  }

  #problemsOfIssue(issue: z.core.$ZodIssue): Problem[] {
    const { path } = issue;
    const value = this.#valueAt(path);
    switch (issue.code) {
      case 'unrecognized_keys':
        return issue.keys.map((key) => ({
          path: [...path, key],
          message: `unknown key '${key}'${suggestion(key, keysAllowedAt(path))}`,
        }));
      case 'invalid_type': {
        const expected = typeWords[issue.expected] ?? issue.expected;
        return [
          {
            path,
            message: value === undefined ? `is missing: it must be ${expected}` : mustBe(expected, value),
          },
        ];
      }
      case 'invalid_value':
        return [{ path, message: notAllowed(value, issue.values.map(String)) }];
      case 'invalid_union':
        return [{ path, message: notAllowed(value, 'options' in issue ? issue.options!.map(String) : []) }];
      case 'too_small':
      case 'too_big':
        return [{ path, message: outOfRange(issue, value) }];
      default:
        return [{ path, message: issue.message }];
    }
  }

  #valueAt(path: Path): unknown {
    let value: unknown = this.data;
    for (const step of path) value = (value as Record<PropertyKey, unknown> | null | undefined)?.[step];
    return value;
  }

  /** Where the key (or the list's element) at `path` stands; for a missing one, where its parent stands. */
  #offsetOf(path: Path): number {
    if (path.length === 0) return this.#startOf(this.#document.contents) ?? 0;
    const parent = this.#document.getIn(path.slice(0, -1), true);
    const last = path.at(-1);
    const pair = isMap(parent)
      ? parent.items.find((item) => isScalar(item.key) && item.key.value === last)
      : undefined;
    const start = this.#startOf(pair ? pair.key : this.#document.getIn(path, true));
    return start ?? this.#offsetOf(path.slice(0, -1));
  }

  #startOf(node: unknown): number | undefined {
    return isNode(node) ? node.range?.[0] : undefined;
  }

  #place(offset: number): string {
    const { line, col } = this.#lines.linePos(offset);
    return `${this.#file}:${line}:${col}`;
  }
}

/** `systems[0].ready.by` */
function pathText(path: Path): string {
  return path
    .map((step, index) => (typeof step === 'number' ? `[${step}]` : `${index > 0 ? '.' : ''}${String(step)}`))
    .join('');
}

/** The keys that somebody mistyped: a key missing for that reason is not a problem of its own. */
function keysMeant(issue: z.core.$ZodIssue): string[] {
  if (issue.code !== 'unrecognized_keys') return [];
  const allowed = keysAllowedAt(issue.path);
  return issue.keys.map((key) => pathText([...issue.path, nearest(key, allowed) ?? key]));
}

function show(value: unknown): string {
  return typeof value === 'string' ? `'${value}'` : JSON.stringify(value);
}

function mustBe(expected: string, value: unknown): string {
  return `must be ${expected} (it is ${show(value)})`;
}

function notAllowed(value: unknown, allowed: string[]): string {
  if (value === undefined) return `is missing; allowed: ${allowed.join(', ')}`;
  return `${show(value)} is not allowed${suggestion(String(value), allowed)}`;
}

function outOfRange(issue: z.core.$ZodIssueTooSmall | z.core.$ZodIssueTooBig, value: unknown): string {
  if (issue.origin === 'string') return 'must not be empty';
  if (issue.origin === 'array') return 'must have at least one element';
  return issue.code === 'too_small'
    ? mustBe(`at least ${issue.minimum}`, value)
    : mustBe(`at most ${issue.maximum}`, value);
}

/** The keys that the schema knows at `path`, of all alternatives where it has several. */
function keysAllowedAt(path: Path): string[] {
  let alternatives = [configJsonSchema()];
  for (const step of path) {
    alternatives = alternatives.flatMap((schema) => {
      const next = typeof step === 'number' ? schema.items : schema.properties?.[String(step)];
      return isSchema(next) ? (next.oneOf ?? next.anyOf ?? [next]).filter(isSchema) : [];
    });
  }
  return [...new Set(alternatives.flatMap((schema) => Object.keys(schema.properties ?? {})))];
}

function isSchema(value: unknown): value is z.core.JSONSchema.JSONSchema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * What zod finds wrong in a config, in words for its author:
 *
 *     experiments/x.yaml:12:5: systems[0].ready.by: 'resp_pong' is not allowed: did you mean 'resp_ping'?
 */
import type { z } from 'zod';
import { nearest, suggestion } from './nearest.ts';

type Path = readonly PropertyKey[];

/** What is wrong at one place of a resolved config. */
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

/** The problems that zod found in `data`; `schema` is the JSON Schema of what its author may write. */
export function schemaProblems(
  error: z.ZodError,
  data: unknown,
  schema: z.core.JSONSchema.JSONSchema,
): Problem[] {
  const meant = new Set(error.issues.flatMap((issue) => keysMeant(issue, schema)));
  return error.issues
    .filter(({ path }) => !(meant.has(path.join('.')) && valueAt(data, path) === undefined))
    .flatMap((issue) => problemsOf(issue, valueAt(data, issue.path), schema));
}

function problemsOf(
  issue: z.core.$ZodIssue,
  value: unknown,
  schema: z.core.JSONSchema.JSONSchema,
): Problem[] {
  const { path } = issue;
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => ({
        path: [...path, key],
        message: unknownKey(key, keysAllowedAt(schema, path)),
      }));
    case 'invalid_type': {
      const expected = typeWords[issue.expected] ?? issue.expected;
      return [{ path, message: mustBe(expected, value) }];
    }
    case 'invalid_value':
      return [{ path, message: notAllowed(value, issue.values.map(String)) }];
    case 'invalid_union': {
      // Of an alternative that the value itself fits, what is wrong lies inside it.
      const inside = issue.errors.find(
        (errors) => errors.length > 0 && errors.every((one) => one.path.length > 0),
      );
      if (!inside) return [{ path, message: unionMessage(issue, value) }];
      return inside.flatMap((one) =>
        problemsOf({ ...one, path: [...path, ...one.path] }, valueAt(value, one.path), schema),
      );
    }
    case 'invalid_key':
      return [{ path, message: issue.issues[0].message }];
    case 'too_small':
    case 'too_big':
      return [{ path, message: outOfRange(issue, value) }];
    default:
      return [{ path, message: issue.message }];
  }
}

/** What keys are called now that had another name. */
const formerKeys: Readonly<Record<string, string>> = { wait: 'idle' };

export function unknownKey(key: string, allowed: readonly string[]): string {
  const now = Object.hasOwn(formerKeys, key) ? formerKeys[key] : undefined;
  if (now !== undefined && allowed.includes(now)) return `unknown key '${key}': it is called ${now} now`;
  return `unknown key '${key}'${suggestion(key, allowed)}`;
}

/** What stands at `path`; undefined where nothing does. */
export function valueAt(data: unknown, path: Path): unknown {
  let value = data;
  for (const step of path) value = (value as Record<PropertyKey, unknown> | null | undefined)?.[step];
  return value;
}

/** The keys that somebody mistyped: a key missing for that reason is not a problem of its own. */
function keysMeant(issue: z.core.$ZodIssue, schema: z.core.JSONSchema.JSONSchema): string[] {
  if (issue.code !== 'unrecognized_keys') return [];
  const allowed = keysAllowedAt(schema, issue.path);
  return issue.keys.map((key) => [...issue.path, nearest(key, allowed) ?? key].join('.'));
}

function show(value: unknown): string {
  if (typeof value === 'string') return `'${value}'`;
  // JSON has no word for a number that is none.
  return typeof value === 'number' ? String(value) : JSON.stringify(value);
}

export function mustBe(expected: string, value: unknown): string {
  if (value === undefined) return `is missing: it must be ${expected}`;
  return `must be ${expected} (it is ${show(value)})`;
}

export function notAllowed(value: unknown, allowed: readonly string[]): string {
  if (value === undefined) return `is missing; allowed: ${allowed.join(', ')}`;
  return `${show(value)} is not allowed${suggestion(String(value), allowed)}`;
}

/** Of one kind of several by a key (`ready.by`), or of one type of several. */
function unionMessage(issue: z.core.$ZodIssueInvalidUnion, value: unknown): string {
  if ('options' in issue && issue.options) return notAllowed(value, issue.options.map(String));
  const allowed = issue.errors.flat().flatMap((inner) => {
    if (inner.code === 'invalid_value') return inner.values.map(String);
    return 'expected' in inner ? [typeWords[inner.expected as string] ?? String(inner.expected)] : [];
  });
  return mustBe(allowed.join(' or '), value);
}

function outOfRange(issue: z.core.$ZodIssueTooSmall | z.core.$ZodIssueTooBig, value: unknown): string {
  if (issue.origin === 'string') return 'must not be empty';
  if (issue.origin === 'array') return 'must have at least one element';
  return issue.code === 'too_small'
    ? mustBe(`at least ${issue.minimum}`, value)
    : mustBe(`at most ${issue.maximum}`, value);
}

/** The keys that a JSON Schema knows at `path`, of all alternatives where it has several. */
export function keysAllowedAt(schema: z.core.JSONSchema.JSONSchema, path: Path): string[] {
  const alternatives = schemasAt(schema, path);
  return [...new Set(alternatives.flatMap((alternative) => Object.keys(alternative.properties ?? {})))];
}

function schemasAt(schema: z.core.JSONSchema.JSONSchema, path: Path): z.core.JSONSchema.JSONSchema[] {
  let alternatives = alternativesOf(schema);
  for (const step of path) {
    alternatives = alternatives.flatMap((alternative) => {
      const named = typeof step === 'number' ? alternative.items : alternative.properties?.[String(step)];
      return alternativesOf(named ?? alternative.additionalProperties);
    });
  }
  return alternatives;
}

/** What a JSON Schema lets stand as one value below `path`, in as many steps as it takes: `open_loop.rate_ops`. */
export function scalarKeysAt(schema: z.core.JSONSchema.JSONSchema, path: Path): string[] {
  return keysAllowedAt(schema, path).flatMap((key) => {
    const below = scalarKeysAt(schema, [...path, key]).map((inner) => `${key}.${inner}`);
    return schemasAt(schema, [...path, key]).some(isScalar) ? [key, ...below] : below;
  });
}

function isScalar({ type, properties, items, additionalProperties }: z.core.JSONSchema.JSONSchema): boolean {
  return type !== 'object' && type !== 'array' && !properties && !items && !additionalProperties;
}

function alternativesOf(schema: unknown): z.core.JSONSchema.JSONSchema[] {
  if (!isSchema(schema)) return [];
  const inner = schema.oneOf ?? schema.anyOf;
  return inner ? inner.flatMap(alternativesOf) : [schema];
}

function isSchema(value: unknown): value is z.core.JSONSchema.JSONSchema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

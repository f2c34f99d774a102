/**
 * How a file format is written and read: by the schema of its newest version. Older versions are turned into
 * that one.
 */
import { z } from 'zod';

export type FormatErrorCode = 'NOT_JSON' | 'SCHEMA_UNKNOWN' | 'INVALID';

/**
 * What is wrong with the content of a file. The message is half a sentence: the caller knows the file and the
 * remedy.
 */
export class FormatError extends Error {
  readonly code: FormatErrorCode;

  constructor(code: FormatErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'FormatError';
    this.code = code;
  }
}

type JsonObject = Record<string, unknown>;
/**
 * Turns a file of an older version into one of the newest. It may rely on nothing: the result is checked, not
 * the input.
 */
export type Upgrade = (older: JsonObject) => JsonObject;

interface FormatOptions {
  /** By the `schema` string of an older version. */
  older?: Record<string, Upgrade>;
  /** Spaces of indentation; 0 puts everything on one line. */
  indent?: number;
}

/** One format: `schema` is the string that its files carry, and `T` what they hold. */
export class Format<T extends { schema: string }> {
  readonly schema: T['schema'];
  readonly #type: z.ZodType<T>;
  readonly #older: Record<string, Upgrade>;
  readonly #indent: number;

  constructor(schema: T['schema'], type: z.ZodType<T>, { older = {}, indent = 2 }: FormatOptions = {}) {
    this.schema = schema;
    this.#type = type;
    this.#older = older;
    this.#indent = indent;
  }

  /** The text of a file. Throws INVALID, naming the field, for what its own reader would refuse. */
  write(value: T): string {
    return `${JSON.stringify(this.#check(value), null, this.#indent)}\n`;
  }

  /** What the text of a file holds, as the newest version has it. Throws FormatError. */
  read(text: string): T {
    let json: unknown;
    try {
      json = JSON.parse(text);
    } catch (error) {
      throw new FormatError('NOT_JSON', `is not JSON (${(error as Error).message})`, { cause: error });
    }
    return this.#check(this.#upgrade(json));
  }

  #upgrade(json: unknown): unknown {
    const found = (json as { schema?: unknown } | null)?.schema;
    if (typeof found !== 'string' || found === this.schema) return json;
    if (Object.hasOwn(this.#older, found)) {
      return { ...this.#older[found](json as JsonObject), schema: this.schema };
    }
    const known = [this.schema, ...Object.keys(this.#older)].map((name) => `"${name}"`).join(' and ');
    throw new FormatError(
      'SCHEMA_UNKNOWN',
      `schema ${JSON.stringify(found)} is not one that this version reads, ${known}`,
    );
  }

  #check(value: unknown): T {
    const parsed = this.#type.safeParse(value);
    if (parsed.success) return parsed.data;
    const issue = parsed.error.issues[0];
    const field = z.core.toDotPath(issue.path);
    throw new FormatError('INVALID', `${field ? `${field}: ` : ''}${issue.message}`);
  }
}

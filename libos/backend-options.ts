/**
 * The options of a backend: strings by name, typed on a command line as KEY=VALUE, any number of times. Each
 * backend says which keys there are, and reads their values with an OptionReader.
 */
import { parseIpv4 } from './endpoint.ts';
import { LibosError } from './errors.ts';

export type BackendOptions = Readonly<Record<string, string>>;

/**
 * `before` with the option that `text` says. Throws INVALID_ARGUMENT when it is not KEY=VALUE, or when the
 * key was given before: one of the two would silently not hold.
 */
export function withBackendOption(text: string, before: BackendOptions = {}): BackendOptions {
  const [, key, value] = /^([a-z][a-z0-9_]*)=(.*)$/s.exec(text) ?? [];
  if (key === undefined) {
    throw refusal(`'${text}' is not KEY=VALUE with a key of small letters, digits and _, such as mtu=9000`);
  }
  if (Object.hasOwn(before, key)) {
    throw refusal(`${key} is given twice, as '${before[key]}' and as '${value}': give it once`);
  }
  return { ...before, [key]: value };
}

function refusal(detail: string): LibosError {
  return new LibosError('INVALID_ARGUMENT', '--backend-option', -1, detail);
}

/** Reads options, and refuses what it cannot use in words that say what to type. */
export class OptionReader {
  readonly #backend: string;
  readonly #given: BackendOptions;

  constructor(backend: string, given: BackendOptions) {
    this.#backend = backend;
    this.#given = given;
  }

  has(name: string): boolean {
    return Object.hasOwn(this.#given, name);
  }

  /** Throws for a name that is none of `known`, which are all that there are. */
  checkKnown(known: readonly string[]): void {
    const unknown = Object.keys(this.#given).find((name) => !known.includes(name));
    if (unknown !== undefined) {
      throw this.#invalid(`there is no option '${unknown}'; there is ${known.join(', ')}`);
    }
  }

  /**
   * Throws for a name that does not exist, or that does not go with the `chosen` one of the option `by`:
   * `names` has all of them, each with the choices that take it.
   */
  checkNames<Choice extends string>(
    names: Readonly<Record<string, readonly Choice[]>>,
    by: string,
    chosen: Choice,
  ): void {
    this.checkKnown(Object.keys(names));
    for (const name of Object.keys(this.#given)) {
      const takers = names[name];
      if (!takers.includes(chosen)) {
        throw this.#invalid(
          `the option ${name} goes with ${by}=${takers.join(' or ')}, not with ${by}=${chosen}: leave it out`,
        );
      }
    }
  }

  text(name: string, fallback: string): string {
    return this.has(name) ? this.#given[name] : fallback;
  }

  required(name: string, what: string): string {
    const text = this.text(name, '');
    if (text === '') throw this.#invalid(`the option ${name} is missing: give ${what}`);
    return text;
  }

  /** `fallback` null: the option must be given. */
  choice<T extends string>(name: string, allowed: readonly T[], fallback: T | null): T {
    if (fallback !== null && !this.has(name)) return fallback;
    const text = this.required(name, `${name}=${allowed.join(` or ${name}=`)}`);
    if (!allowed.includes(text as T)) this.refuse(name, `it must be ${allowed.join(', ')}`);
    return text as T;
  }

  integer(name: string, lowest: number, highest: number, fallback: number): number {
    if (!this.has(name)) return fallback;
    const value = /^\d{1,15}$/.test(this.#given[name]) ? Number(this.#given[name]) : -1;
    if (value < lowest || value > highest)
      this.refuse(name, `it must be an integer from ${lowest} to ${highest}`);
    return value;
  }

  address(name: string): number {
    return this.parseAddress(name, this.#given[name]);
  }

  parseAddress(name: string, text: string): number {
    try {
      return parseIpv4(text, this.#backend, -1);
    } catch {
      return this.refuse(name, `'${text}' is not an IPv4 address such as 10.99.0.1`);
    }
  }

  refuse(name: string, why: string): never {
    throw this.#invalid(`${name}=${this.#given[name]}: ${why}`);
  }

  #invalid(detail: string): LibosError {
    return new LibosError('INVALID_ARGUMENT', this.#backend, -1, detail);
  }
}

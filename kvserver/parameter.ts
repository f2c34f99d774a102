/** A parameter of CONFIG, and one that is a whole number. */
import { latin1Bytes } from './resp/bytes.ts';
import { parseInt64 } from './resp/numbers.ts';

/** What CONFIG GET and CONFIG SET see of it. */
export interface ConfigParameter {
  get(): string;
  /** Sets the value; returns an error text if that is refused. Absent for what cannot be changed. */
  set?(value: string): string | null;
}

export const NO_INTEGER = "argument couldn't be parsed into an integer";

/** A whole number that is a property of an object. */
export function integerParameter<Name extends string>(
  owner: { [Key in Name]: number },
  name: Name,
  min: number,
  max: number,
): ConfigParameter {
  return {
    get: () => String(owner[name]),
    set: (text) => {
      const given = parseInt64(latin1Bytes(text), 0, text.length);
      if (given === null) return NO_INTEGER;
      if (given < min || given > max) return `argument must be between ${min} and ${max} inclusive`;
      (owner as Record<string, number>)[name] = Number(given);
      return null;
    },
  };
}

/**
 * Numbers on command lines: the one place where a text becomes a number. Digits and a point are taken, and nothing else
 * that JavaScript would take for a number: no exponent, no hexadecimal, no infinity, no text with a number before it.
 */
import { InvalidArgumentError } from 'commander';

/** Null where it is no whole number in this range. */
export function wholeNumberIn(text: string, lowest: number, highest: number): number | null {
  return within(/^-?\d+$/.test(text) ? Number(text) : Number.NaN, lowest, highest);
}

/** Null where it is no number in this range. */
export function numberIn(text: string, lowest: number, highest: number): number | null {
  return within(/^-?(\d+(\.\d*)?|\.\d+)$/.test(text) ? Number(text) : Number.NaN, lowest, highest);
}

/** "1 to 1,000,000". */
export function rangeInWords(lowest: number, highest: number): string {
  return [lowest, highest].map((limit) => limit.toLocaleString('en-US')).join(' to ');
}

/** A parser of an option, for commander, which names the option where it refuses. */
export function wholeNumber(lowest: number, highest: number): (text: string) => number {
  return (text) => {
    const value = wholeNumberIn(text, lowest, highest);
    if (value !== null) return value;
    throw new InvalidArgumentError(`It must be a whole number from ${rangeInWords(lowest, highest)}.`);
  };
}

/** The same of a number with a point. */
export function decimal(lowest: number, highest: number): (text: string) => number {
  return (text) => {
    const value = numberIn(text, lowest, highest);
    if (value !== null) return value;
    throw new InvalidArgumentError(
      `It must be a number from ${rangeInWords(lowest, highest)}, such as 1.5, without an exponent.`,
    );
  };
}

function within(value: number, lowest: number, highest: number): number | null {
  return value >= lowest && value <= highest ? value : null;
}

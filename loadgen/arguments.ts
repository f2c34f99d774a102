/** Parsers of numbers on a command line, for commander. A refusal says what the number must be. */
import { InvalidArgumentError } from 'commander';

export function integer(text: string): number {
  const value = /^-?\d+$/.test(text) ? Number(text) : Number.NaN;
  if (!Number.isSafeInteger(value)) throw new InvalidArgumentError('It must be an integer.');
  return value;
}

export function atLeast(lowest: number): (text: string) => number {
  return (text) => {
    const value = integer(text);
    if (value < lowest) throw new InvalidArgumentError(`It must be at least ${lowest}.`);
    return value;
  };
}

export function seconds(text: string): number {
  const value = /^(\d+|\d*\.\d+)$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= 0 && value < 1e6)) throw new InvalidArgumentError('It must be a number of seconds.');
  return value;
}

export function perSecond(text: string): number {
  const value = /^(\d+|\d*\.\d+)$/.test(text) ? Number(text) : Number.NaN;
  if (!(value > 0 && value <= 1e9))
    throw new InvalidArgumentError('It must be more than 0 and at most 1e9 a second.');
  return value;
}

export function share(text: string): number {
  const value = /^(0|1|0?\.\d+|1\.0+|0\.0+)$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isNaN(value)) throw new InvalidArgumentError('It must be a number from 0 to 1.');
  return value;
}

/** Weights of the operations of a mix, as a command line has them. */
import { InvalidArgumentError } from 'commander';
import { numberIn, rangeInWords } from '../../libos/index.ts';
import { MIX, operationNamePattern, WEIGHT_MAX } from '../../results/formats/lists.ts';
import type { Mix, WeightedOperation } from './operations.ts';

/** As result.json has them. */
export function weightsByName(mix: Mix): Record<string, number> {
  return Object.fromEntries(mix.map(({ name, weight }) => [name, weight]));
}

/** 'get=95,set=5': operations with their weights, of which one at least is more than 0. */
export function parseWeights(text: string): Mix {
  const refuse = (why: string): never => {
    throw new InvalidArgumentError(`${why} Give weights of operations, such as get=95,set=5.`);
  };
  const mix: WeightedOperation[] = [];
  for (const word of text.split(',')) {
    const [name = '', given = '', ...rest] = word.split('=');
    if (!operationNamePattern.test(name) || name === MIX || rest.length > 0) {
      refuse(`'${word}' is no operation with a weight.`);
    }
    if (mix.some((other) => other.name === name)) refuse(`'${name}' is there twice.`);
    const weight = numberIn(given, 0, WEIGHT_MAX);
    mix.push({
      name,
      weight: weight ?? refuse(`The weight of ${name} must be a number from ${rangeInWords(0, WEIGHT_MAX)}.`),
    });
  }
  if (mix.every(({ weight }) => weight === 0)) refuse('All weights are 0.');
  return mix;
}

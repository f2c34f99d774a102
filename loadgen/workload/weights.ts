/** Weights of the operations of a mix, as a command line has them. */
import { InvalidArgumentError } from 'commander';
import { numberIn, rangeInWords } from '../../libos/index.ts';
import { requestOperations } from '../../results/formats/lists.ts';
import type { Weights } from './workload.ts';

const WEIGHT_MAX = 1_000_000;
const names: readonly string[] = requestOperations;

/** As result.json has them. */
export function weightsByName(weights: Weights): Record<string, number> {
  return Object.fromEntries(names.map((name, operation) => [name, weights[operation]]));
}

/** 'get=95,set=5': operations with their weights, of which one at least is more than 0. */
export function parseWeights(text: string): Weights {
  const refuse = (why: string): never => {
    throw new InvalidArgumentError(
      `${why} Give weights of ${requestOperations.join(' and ')}, such as get=95,set=5.`,
    );
  };
  const weights = requestOperations.map(() => 0);
  const named = new Set<string>();
  for (const word of text.split(',')) {
    const [name = '', given = '', ...rest] = word.split('=');
    const operation = names.indexOf(name);
    if (operation < 0 || rest.length > 0) refuse(`'${word}' is no operation with a weight.`);
    if (named.has(name)) refuse(`'${name}' is there twice.`);
    named.add(name);
    const weight = numberIn(given, 0, WEIGHT_MAX);
    weights[operation] =
      weight ?? refuse(`The weight of ${name} must be a number from ${rangeInWords(0, WEIGHT_MAX)}.`);
  }
  if (weights.every((weight) => weight === 0)) refuse('All weights are 0.');
  return weights;
}

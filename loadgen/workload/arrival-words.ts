/** How requests are spread, as a command line has it: `pareto:shape=1.5`. */
import { InvalidArgumentError } from 'commander';
import { numberIn, rangeInWords } from '../../libos/index.ts';
import {
  type ArrivalPattern,
  BURST_MS_RANGE,
  burstTimes,
  PARETO_SHAPE_RANGE,
} from '../../results/formats/arrival-patterns.ts';

const EXAMPLES = 'constant, poisson, onoff:on_ms=10,off_ms=90,times=fixed, pareto:shape=1.5';

/** Throws InvalidArgumentError, which says what is wrong. */
export function parseArrivals(text: string): ArrivalPattern {
  const [kind, given = '', ...rest] = text.split(':');
  if (rest.length > 0) refuse(`'${text}' has two colons.`);
  if (kind === 'constant' || kind === 'poisson') {
    if (text !== kind) refuse(`${kind} has no parameters.`);
    return kind;
  }
  if (kind === 'onoff') {
    const parameters = new Parameters(kind, given, ['on_ms', 'off_ms', 'times']);
    return {
      kind,
      on_ms: parameters.number('on_ms', BURST_MS_RANGE),
      off_ms: parameters.number('off_ms', BURST_MS_RANGE),
      times: parameters.word('times', burstTimes),
    };
  }
  if (kind === 'pareto') {
    return { kind, shape: new Parameters(kind, given, ['shape']).number('shape', PARETO_SHAPE_RANGE) };
  }
  return refuse(`'${kind}' is no pattern of arrivals.`);
}

function refuse(why: string): never {
  throw new InvalidArgumentError(`${why} Give one of these: ${EXAMPLES}.`);
}

/** `name=value,name=value`: each of the names once. */
class Parameters {
  readonly #kind: string;
  readonly #values = new Map<string, string>();

  constructor(kind: string, text: string, names: readonly string[]) {
    this.#kind = kind;
    for (const word of text === '' ? [] : text.split(',')) {
      const [name, value = '', ...rest] = word.split('=');
      if (!names.includes(name) || rest.length > 0) refuse(`'${word}' is no parameter of ${kind}.`);
      if (this.#values.has(name)) refuse(`'${name}' is there twice.`);
      this.#values.set(name, value);
    }
    const missing = names.find((name) => !this.#values.has(name));
    if (missing !== undefined) refuse(`${kind} lacks ${missing}.`);
  }

  number(name: string, [lowest, highest]: readonly [number, number]): number {
    return (
      numberIn(this.#values.get(name) as string, lowest, highest) ??
      refuse(`${name} of ${this.#kind} must be a number from ${rangeInWords(lowest, highest)}.`)
    );
  }

  word<W extends string>(name: string, words: readonly W[]): W {
    const given = this.#values.get(name);
    return (
      words.find((word) => word === given) ?? refuse(`${name} of ${this.#kind} is ${words.join(' or ')}.`)
    );
  }
}

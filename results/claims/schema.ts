/**
 * What a claims file may say: what a paper claims of one system relative to another, as data that a run can be held
 * against. results/claims/shipped/*.yaml are examples.
 *
 * Only ratios are claimed. Another machine has other microseconds, and they say nothing of the paper.
 */
import { z } from 'zod';
import { operationName, roles } from '../formats/index.ts';
import { measures } from '../summary/measure.ts';

export const CLAIMS_SCHEMA_VERSION = 'bypassbench.claims/1';

const text = z.string().min(1, 'must not be empty');
const count = z.int('must be a whole number').positive('must be greater than zero');
const ratio = z.number('must be a number').positive('must be greater than zero');
const published = z.union([ratio, z.tuple([ratio, ratio])]);

/** An object whose author hears of an unknown key which ones there are. */
function strict<Shape extends z.ZodRawShape>(shape: Shape): z.ZodObject<Shape, z.core.$strict> {
  return z.strictObject(shape, {
    error: (issue) =>
      issue.code === 'unrecognized_keys'
        ? `unknown key ${issue.keys.map((key) => `'${key}'`).join(', ')}; allowed: ${Object.keys(shape).join(', ')}`
        : undefined,
  });
}

/** A system by its name, or by its place in the paper's comparison, so that a new server or backend can take it. */
const selector = z.union([
  text,
  strict({
    role: z.enum(roles),
    backend: text.optional(),
    /** Left out: any, and for `over` that of the system. Empty: the systems of an experiment that has one family. */
    group: z.string().optional(),
  }),
]);

/** How much of one system another is: what a claim of a paper and a goal of this project have in common. */
const relationShape = {
  /** Whose ratio is meant: `measure` of `system` over `measure` of `over`, which may also name a floor. */
  measure: z.enum(measures),
  system: selector,
  over: selector,
  /** Each of them is a relation of its own. `all`: whatever operations the run measured. */
  operations: z.union([z.literal('all'), z.array(operationName).min(1, 'must name at least one operation')]),
  /** Of which points it speaks. Left out, of any number of clients, and of values of any size. */
  clients: strict({ at_least: count.optional(), at_most: count.optional() }).optional(),
  value_bytes: count.optional(),
  /** The tolerance: what the ratio must not be above, or below. */
  at_most: ratio.optional(),
  at_least: ratio.optional(),
};

const hasBound = ({ at_most, at_least }: Bounds): boolean => at_most !== undefined || at_least !== undefined;
const NO_BOUND = { error: 'has no bound: give at_most, at_least or both' };

const claimSchema = strict({
  /** Names the claim in what is printed; once in a file. */
  id: z
    .string()
    .regex(
      /^[a-z0-9][a-z0-9-]*$/,
      'must be lower-case letters, digits and dashes, starting with a letter or digit',
    ),
  /** The claim as a sentence. */
  statement: text,
  /** Where it stands: figure, section, page. */
  source: text,
  /** The experiment that ships and is about it: over others it says something where they happen to test it. */
  experiment: text.optional(),
  /** What it is about and no experiment has, in a few words: then it is not tested at all. */
  waits_for: text.optional(),
  ...relationShape,
  /** Requests in flight on each connection. */
  pipeline: count.default(1),
  /** The ratio as published, by operation: a number, or the two ends of a range. */
  published_ratio: z.record(operationName, published).optional(),
  /** What a reader must know: how the tolerance was chosen, what is uncertain about the source. */
  note: text.optional(),
}).refine(hasBound, NO_BOUND);

/** A goal of this project: the same relation, of the systems of the experiment that it stands in. */
export const goalSchema = strict({
  ...relationShape,
  /** In the place of bounds: no further from 1 than this system, which the experiment repeats, is from itself. */
  within_noise_of: text.optional(),
}).superRefine(({ within_noise_of, ...bounds }, context) => {
  if (hasBound(bounds) !== (within_noise_of !== undefined)) return;
  const message = hasBound(bounds)
    ? 'has bounds, and within_noise_of, which takes their place: give one of them'
    : 'has no bound: give at_most, at_least or both, or within_noise_of';
  context.addIssue({ code: 'custom', message });
});

export const claimsSchema = strict({
  schema: z.literal(CLAIMS_SCHEMA_VERSION),
  paper: strict({
    title: text,
    authors: z.array(text).min(1, 'must name at least one author'),
    venue: text,
    url: z.url('must be a URL').optional(),
  }),
  claims: z.array(claimSchema).min(1, 'must have at least one claim'),
}).superRefine(({ claims }, context) => {
  for (const [index, { id }] of claims.entries()) {
    if (claims.findIndex((other) => other.id === id) < index) {
      context.addIssue({
        code: 'custom',
        path: ['claims', index, 'id'],
        message: `'${id}' is the id of a claim above: choose another`,
      });
    }
  }
});

export type Claims = z.infer<typeof claimsSchema>;
export type Claim = Claims['claims'][number];
export type Goal = z.infer<typeof goalSchema>;
export type Selector = z.infer<typeof selector>;
export interface Bounds {
  at_most?: number | undefined;
  at_least?: number | undefined;
}
/** `pipeline` left out: that of the run. */
export type Relation = Goal & { pipeline?: number };

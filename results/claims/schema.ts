/**
 * What a claims file may say: what a paper claims of one system relative to another, as data that a run can be held
 * against. results/claims/shipped/*.yaml are examples.
 *
 * Only ratios are claimed. Another machine has other microseconds, and they say nothing of the paper.
 */
import { z } from 'zod';
import { measures } from '../summary/measure.ts';

export const CLAIMS_SCHEMA_VERSION = 'bypassbench.claims/1';

const text = z.string().min(1, 'must not be empty');
const count = z.int('must be a whole number').positive('must be greater than zero');
const ratio = z.number('must be a number').positive('must be greater than zero');
const published = z.union([ratio, z.tuple([ratio, ratio])]).optional();

/** An object whose author hears of an unknown key which ones there are. */
function strict<Shape extends z.ZodRawShape>(shape: Shape): z.ZodObject<Shape, z.core.$strict> {
  return z.strictObject(shape, {
    error: (issue) =>
      issue.code === 'unrecognized_keys'
        ? `unknown key ${issue.keys.map((key) => `'${key}'`).join(', ')}; allowed: ${Object.keys(shape).join(', ')}`
        : undefined,
  });
}

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
  /** Whose ratio is meant: `measure` of `system` over `measure` of `over`, which are names of systems of a run. */
  measure: z.enum(measures),
  system: text,
  over: text,
  /** Each of them is a claim of its own. `all`: whatever operations the run measured. */
  operations: z.union([
    z.literal('all'),
    z.array(z.enum(['get', 'set', 'mix'])).min(1, 'must name at least one operation'),
  ]),
  /** Of which points it speaks. Left out, of any number of clients, and of values of any size. */
  clients: strict({ at_least: count.optional(), at_most: count.optional() }).optional(),
  value_bytes: count.optional(),
  /** Requests in flight on each connection. */
  pipeline: count.default(1),
  /** The tolerance: what the ratio must not be above, or below, to bear the claim out. */
  at_most: ratio.optional(),
  at_least: ratio.optional(),
  /** The ratio as published, by operation: a number, or the two ends of a range. */
  published_ratio: strict({ get: published, set: published, mix: published }).optional(),
  /** What a reader must know: how the tolerance was chosen, what is uncertain about the source. */
  note: text.optional(),
}).refine((claim) => claim.at_most !== undefined || claim.at_least !== undefined, {
  error: 'has no bound: give at_most, at_least or both',
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

/** Claims files: those that are shipped, and what the author of a faulty one is told. */
import { basename } from 'node:path';
import { expect, test } from 'vitest';
import { ResultsError } from '../errors.ts';
import reference from '../run/reference/hotos19.json' with { type: 'json' };
import { parseClaims, readClaims, shippedClaims } from './document.ts';

const good = `schema: bypassbench.claims/1
paper: { title: T, authors: [A], venue: V }
claims:
  - id: one
    statement: One is faster.
    source: figure 1
    measure: latency_p50
    system: kv-kernel
    over: redis
    operations: [set, get]
    at_most: 0.8
`;

/** The message for the good file after one replacement. */
function complaint(from: string, to: string): string {
  expect(good).toContain(from);
  try {
    parseClaims('c.yaml', good.replace(from, to));
  } catch (error) {
    expect(error).toBeInstanceOf(ResultsError);
    expect((error as ResultsError).code).toBe('CLAIMS_INVALID');
    return (error as Error).message;
  }
  throw new Error('it was accepted');
}

test('the shipped files are valid', async () => {
  const files = await shippedClaims();
  expect(files.map((file) => basename(file))).toEqual(['hotos19.yaml', 'sosp21.yaml']);
  for (const file of files) expect((await readClaims(file)).claims.length).toBeGreaterThan(0);
});

test("the ratios published in HotOS '19 are those of the values in the figure, and keep their own bounds", async () => {
  const [hotos19] = await Promise.all((await shippedClaims()).map(readClaims));
  const [unmodified, ...claimed] = reference.figures[0].values;
  const published = hotos19.claims.filter(({ published_ratio }) => published_ratio !== undefined);
  expect(published).toHaveLength(claimed.length);
  for (const [index, { published_ratio, at_most }] of published.entries()) {
    for (const operation of ['set', 'get'] as const) {
      const ratio = claimed[index][operation] / unmodified[operation];
      expect(published_ratio![operation]).toBe(Number(ratio.toFixed(2)));
      expect(ratio).toBeLessThan(at_most!);
    }
  }
});

test('a claim is about one request in flight unless it says otherwise', () => {
  expect(parseClaims('c.yaml', good).claims[0]).toMatchObject({ id: 'one', at_most: 0.8, pipeline: 1 });
});

test.each([
  [
    'system: kv-kernel',
    'sytem: kv-kernel',
    /^the claims file has 2 problems:\n {2}c\.yaml:4:5: claims\[0\]\.system: must be the name of a system, or \{ role, backend, group \} with a role of: unmodified, libos_over_epoll, libos_over_kernel, bypass\n {2}c\.yaml:8:5: claims\[0\]: unknown key 'sytem'; allowed: id, statement, .*, note$/,
  ],
  ['at_most: 0.8', 'note: n', 'c.yaml:4:5: claims[0]: has no bound: give at_most, at_least or both'],
  ['at_most: 0.8', 'at_most: low', 'c.yaml:11:5: claims[0].at_most: must be a number'],
  ['at_most: 0.8', 'at_most: -1', 'c.yaml:11:5: claims[0].at_most: must be greater than zero'],
  [
    'latency_p50',
    'p50',
    'c.yaml:7:5: claims[0].measure: must be one of: latency_p50, latency_p99, throughput',
  ],
  [
    '[set, get]',
    '[PUT]',
    'c.yaml:10:18: claims[0].operations[0]: must be the name of an operation: lower-case letters, digits and dashes, starting with a letter',
  ],
  [
    'at_most: 0.8',
    'at_most: 1\n    published_ratio: { get: [1] }',
    'c.yaml:12:24: claims[0].published_ratio.get: must be a number greater than zero, or a list of two such numbers',
  ],
  [
    'id: one',
    'id: One!',
    'c.yaml:4:5: claims[0].id: must be lower-case letters, digits and dashes, starting with a letter or digit',
  ],
  ['schema: bypassbench.claims/1', 'schema: x/2', 'c.yaml:1:1: schema: must be one of: bypassbench.claims/1'],
  ['venue: V', 'venue: ""', 'c.yaml:2:34: paper.venue: must not be empty'],
  ['authors: [A]', 'authors: []', 'c.yaml:2:20: paper.authors: must name at least one author'],
])('%s as %s', (from, to, message) => {
  if (typeof message === 'string') expect(complaint(from, to)).toBe(message);
  else expect(complaint(from, to)).toMatch(message);
});

test('an id stands once in a file', () => {
  expect(complaint('at_most: 0.8\n', `at_most: 0.8\n${good.slice(good.indexOf('  - id'))}`)).toBe(
    "c.yaml:12:5: claims[1].id: 'one' is the id of a claim above: choose another",
  );
});

test('what is not YAML is told with its line', () => {
  expect(complaint('{ title: T', '{ title: T:')).toMatch(
    /^(the claims file has .*\n {2})?c\.yaml:2:\d+: not valid YAML: /,
  );
  expect(complaint('schema: bypassbench.claims/1', '- a\nschema: b')).toContain('c.yaml:2:');
});

test('an alias without its anchor, and what is no name of an operation', () => {
  expect(complaint('at_most: 0.8', 'at_most: *x')).toMatch(/^c\.yaml: not valid YAML: Unresolved alias/);
  expect(complaint('at_most: 0.8', 'at_most: 1\n    published_ratio: { PUT: 1 }')).toBe(
    'c.yaml:12:24: claims[0].published_ratio.PUT: must be the name of an operation: lower-case letters, digits and dashes, starting with a letter',
  );
});

test('a file without claims, and one that is not there', async () => {
  expect(() => parseClaims('c.yaml', '')).toThrow('c.yaml:1:1: must be a mapping (key: value)');
  await expect(readClaims('no/such.yaml')).rejects.toMatchObject({
    code: 'CLAIMS_UNREADABLE',
    message: expect.stringMatching(/^no\/such\.yaml cannot be read .*; name a claims file/),
  });
});

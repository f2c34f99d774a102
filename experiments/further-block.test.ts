import { expect, test } from 'vitest';
import type { PointAt } from '../results/formats/index.ts';
import { furtherBlock, type Measurable, type SoFar } from './further-block.ts';

const state = (name: string, median_ns: number) => ({
  name,
  low_ns: median_ns - 20,
  high_ns: median_ns + 20,
  median_ns,
  share: 0.5,
});

type Lacking = SoFar['coverage']['lacking'][number];

const slices = (subject: string, has: number, beside: string | null = 'redis'): Lacking => ({
  subject,
  at: {},
  operation: 'get',
  what: 'slices',
  has,
  wanted: 20,
  beside,
});

function measurable(seconds: Record<string, number>, at: PointAt = {}): Measurable[] {
  return Object.entries(seconds).map(([subject, seconds]) => ({ subject, at, seconds }));
}

const soFar: SoFar = {
  coverage: {
    states: [state('near', 110), state('far', 450)],
    chosen: 'near',
    sharing: null,
    lacking: [slices('kv-rdma', 17), slices('kv-kernel', 14)],
    unknown: null,
  },
  measurable: measurable({ redis: 20, 'kv-kernel': 30, 'kv-rdma': 10, 'kv-dpdk': 500, frames: 5 }),
  trial: 6,
  left_s: 120,
};
const withCoverage = (changes: Partial<SoFar['coverage']>): SoFar => ({
  ...soFar,
  coverage: { ...soFar.coverage, ...changes },
});
const lineOf = (...lacking: Lacking[]): string => furtherBlock(withCoverage({ lacking }))!.line;

test('a further block has those that lack something and what they are compared with, in the order of the run', () => {
  expect(furtherBlock(soFar)).toEqual({
    goesOn: true,
    places: ['redis', 'kv-kernel', 'kv-rdma'].map((subject) => ({ subject, at: {} })),
    line: 'near: kv-kernel GET 14 of 20 slices, kv-rdma GET 17 of 20 slices; trial 6 of redis, kv-kernel and kv-rdma, at most 2 min more',
  });
});

test.each<[string, Lacking[], string[]]>([
  ['what others are compared with lacks something itself', [slices('redis', 3, null)], ['redis']],
  [
    'a repetition does',
    [slices('kv-kernel', 20), slices('kv-rdma', 3, 'kv-kernel')],
    ['redis', 'kv-kernel', 'kv-rdma'],
  ],
  ['what it is compared with cannot be run', [slices('frames', 3, 'kv-sockets')], ['frames']],
])('also where %s', (_what, lacking, subjects) => {
  const { places } = furtherBlock(withCoverage({ lacking }))!;
  expect(places.map(({ subject }) => subject)).toEqual(subjects);
});

test('a block runs only where the whole of it fits into the time', () => {
  expect(furtherBlock({ ...soFar, left_s: 60 })?.goesOn).toBe(true);
  const lacking = [slices('kv-kernel', 14)];
  const { coverage } = withCoverage({ lacking });
  const found = 'near: kv-kernel GET 14 of 20 slices';
  expect(furtherBlock({ ...soFar, coverage, left_s: 49 })).toMatchObject({
    goesOn: false,
    line: `${found}; 50 s left, and trial 6 of redis and kv-kernel would take 50 s (distance.extend_s)`,
  });
  expect(furtherBlock({ ...soFar, coverage, left_s: -3 })).toMatchObject({
    goesOn: false,
    line: `${found}; no time left: trial 6 of redis and kv-kernel would take 50 s (distance.extend_s)`,
  });
});

test.each([
  ['nothing is lacking', withCoverage({ lacking: [] })],
  ['there is one state', withCoverage({ states: [state('only', 110)], chosen: null })],
  ['the distance is unknown', withCoverage({ states: [], unknown: 'no core of the server was named' })],
  ['only what fails is lacking', { ...soFar, measurable: measurable({ 'kv-dpdk': 10 }) }],
])('nothing is added where %s', (_what, given) => {
  expect(furtherBlock(given)).toBeNull();
});

test('says what is lacking besides slices, of whom first, and who else used the cores', () => {
  expect(lineOf({ ...slices('kv-rdma', 2), what: 'trials', wanted: 3 })).toMatch(
    /^near: kv-rdma GET 2 of 3 trials; /,
  );
  const many = [17, 3, 19, 1, 18].map((has) => slices('kv-rdma', has));
  expect(lineOf(...many)).toMatch(
    /^near: kv-rdma GET 1 of 20 slices, .* GET 3 of .* GET 17 of 20 slices, and 2 more; /,
  );
  expect(furtherBlock(withCoverage({ sharing: 'neither' }))!.line).toMatch(
    /^near, neither core shared with others: kv-kernel GET 14 of 20 slices/,
  );
  const all = soFar.measurable.map(({ subject }) => slices(subject, 1));
  expect(furtherBlock({ ...withCoverage({ lacking: all }), left_s: 900 })!.line).toContain(
    '; trial 6 of all,',
  );
});

test('of a sweep a further block has the points that lack something, beside the first system at the same ones', () => {
  const points = [1, 2, 4, 8].flatMap((clients) => measurable({ redis: 20, kv: 10 }, { clients }));
  const at = (clients: number): Lacking => ({ ...slices('kv', clients), at: { clients } });
  const few = furtherBlock({ ...withCoverage({ lacking: [at(2)] }), measurable: points })!;
  expect(few.places).toEqual(['redis', 'kv'].map((subject) => ({ subject, at: { clients: 2 } })));
  expect(few.line).toMatch(
    /^near: kv at clients=2 GET 2 of 20 slices; trial 6 of redis at clients=2 and kv at /,
  );
  const many = furtherBlock({ ...withCoverage({ lacking: [at(2), at(4)] }), measurable: points })!;
  expect(many.line).toContain('; trial 6 of 4 points of redis and kv, ');
});

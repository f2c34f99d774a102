/** The picture of a run over time: what it draws of which readings and slices, and when there is none. */
import { beforeAll, expect, test } from 'vitest';
import { type Drawn, drawn, report, texts } from '../../test-report.ts';
import { sliced } from '../../test-slices.ts';
import { manifest, type SyntheticRun, system } from '../../test-synthetic-run.ts';

interface Spec {
  datasets: {
    measurements: { measurement: number; subject: string; trial: number; operation: string }[];
    readings: { measurement: number; at_s: number; distance_ns: number; state: string }[];
    slices: { measurement: number; at_s: number; p50_us: number; state: string }[];
    subjects: { subject: string; system: string; label: string; colour: string }[];
  };
}

const [NEAR_NS, FAR_NS] = [110, 450];
/** Readings scatter by 4 %. */
const around = (ns: number, index: number): number => ns * (1 + 0.02 * ((index % 5) - 2));
/** So many slices near, one that is mixed, and then far. */
const NEAR_SLICES = 12;
const twoStates = Array.from({ length: 25 }, (_, index) =>
  around(index <= NEAR_SLICES ? NEAR_NS : FAR_NS, index),
);
const base_ns = new Map([
  ['redis', 10_000],
  ['kv-sockets', 9000],
  ['kv-kernel', 5000],
]);

/** Latencies that are 1.6 times as long from the farther readings on. */
const following =
  (readings_ns: (number | null)[]): SyntheticRun['measured'] =>
  ({ name }) => {
    const near_ns = base_ns.get(name) ?? 600;
    return sliced(readings_ns, { latencyOf: (reading_ns) => (reading_ns > 300 ? 1.6 : 1) * near_ns });
  };

/** Drawn once, and looked at by several tests. */
let ofTwoStates: Drawn<Spec>;
beforeAll(async () => {
  ofTwoStates = await drawn<Spec>('distance', { measured: following(twoStates) });
});

test('draws each reading in its state and the p50 of each slice, measurements one behind the other', async () => {
  const { spec, svg } = ofTwoStates;
  const { readings, slices } = spec.datasets;
  expect(readings).toHaveLength(25 * 2 * 3 * 5);
  expect(slices).toHaveLength(24 * 2 * 3 * 5);
  for (const { distance_ns, state } of readings) expect(state).toBe(distance_ns < 300 ? 'near' : 'far');
  const ofWindow = slices.slice(0, 24);
  expect(ofWindow.map(({ state }) => state)).toEqual([
    ...Array(NEAR_SLICES).fill('near'),
    'mixed',
    ...Array(24 - NEAR_SLICES - 1).fill('far'),
  ]);
  for (const { p50_us, state } of ofWindow) expect(p50_us).toBeCloseTo(state === 'far' ? 16 : 10, 0);
  const times = readings.map(({ at_s }) => at_s);
  expect(times).toEqual(times.toSorted((a, b) => a - b));
  // 24 slices of 75 ms, for each of 30 measurements.
  expect(times.at(-1)).toBeCloseTo(30 * 24 * 0.075, 1);
  const words = texts(svg);
  for (const word of [
    'near',
    'far',
    '110 ns, 52 %',
    '455 ns, 48 %',
    'SET',
    'GET',
    'trial 1',
    'trial 5',
    'Redis',
  ]) {
    expect(words).toContain(word);
  }
});

test('every point of the data is in the picture, in the colour of its state or system', async () => {
  const { spec, svg } = ofTwoStates;
  const { readings, slices, measurements, subjects } = spec.datasets;
  const dots = [...svg.matchAll(/<path transform="[^"]*" d="M[^"]*" fill="([^"]*)"/g)].map(
    ([, colour]) => colour,
  );
  const drawnIn = (colour: string): number => dots.filter((other) => other === colour).length;
  expect(drawnIn('#3d2c6b')).toBe(readings.filter(({ state }) => state === 'near').length);
  expect(drawnIn('#c2517a')).toBe(readings.filter(({ state }) => state === 'far').length);
  for (const { subject, colour } of subjects) {
    const of = measurements.filter((one) => one.subject === subject).map(({ measurement }) => measurement);
    expect(drawnIn(colour)).toBe(slices.filter(({ measurement }) => of.includes(measurement)).length);
  }
});

test('names of trials do not lie on each other where added blocks are short', async () => {
  const whole = manifest();
  const added_blocks = Array.from({ length: 14 }, () => [{ subject: 'kv-kernel', at: {} }]);
  const plan = { ...whole.plan, trials: 19, added_trials: 14, added_blocks };
  const { svg } = await drawn<Spec>('distance', {
    manifest: manifest({ plan }),
    measured: following(twoStates),
  });
  const names = [...svg.matchAll(/<text [^>]*transform="translate\(([\d.]+),[^>]*>(trial \d+)</g)];
  const at_px = names.map(([, px]) => Number(px));
  expect(names.map(([, , name]) => name)).toEqual(expect.arrayContaining(['trial 1', 'trial 5']));
  expect(names.length).toBeLessThan(19);
  // "trial 19" is some 45 pixels wide.
  for (const [index, px] of at_px.entries()) if (index > 0) expect(px - at_px[index - 1]).toBeGreaterThan(45);
});

test('floors are grey, and a system that repeats another one has its colour and fades with it', async () => {
  const { spec } = await drawn<Spec>('distance', {
    manifest: manifest({
      systems: [
        system('redis', { label: 'Redis' }),
        system('redis-again', { label: 'Redis, again', repeats: 'redis' }),
        system('kv-kernel'),
      ],
      floors: [{ name: 'frames', label: 'raw frames', systems: ['redis'], cores: [0, 1] }],
    }),
    measured: following(twoStates),
  });
  const looks = new Map(spec.datasets.subjects.map((row) => [row.subject, row]));
  expect(looks.get('redis-again')).toEqual({
    ...looks.get('redis'),
    subject: 'redis-again',
    label: 'Redis, again',
  });
  expect(looks.get('frames')).toMatchObject({ label: 'raw frames (floor)', colour: '#7a7a7a' });
  expect(looks.get('kv-kernel')!.colour).not.toBe(looks.get('redis')!.colour);
});

test('of one state there is the line and its number, and no more is said', async () => {
  const constant = Array.from({ length: 25 }, (_, index) => around(NEAR_NS, index));
  const { report, svg } = await drawn('distance', { measured: following(constant) });
  expect(texts(svg)).toContain('110 ns');
  expect(texts(svg)).not.toContain('near');
  expect(svg).not.toContain('Shaded');
  expect(await report.page()).toContain('A cache line took 110 ns there and back');
  expect(await report.chart('states')).toBeNull();
});

test('readings beside a server that was elsewhere are of no state', async () => {
  const measured = following(twoStates);
  const { report, spec } = await drawn<Spec>('distance', {
    measured: (...of) => {
      const { slices, ...rest } = measured(...of)!;
      return { ...rest, slices: { ...slices!, server_cores: [1, 1, ...Array(23).fill(0)] } };
    },
  });
  const { readings, slices } = spec.datasets;
  expect(readings.slice(0, 3).map(({ state }) => state)).toEqual(['elsewhere', 'elsewhere', 'near']);
  expect(slices.slice(0, 3).map(({ state }) => state)).toEqual(['unknown', 'unknown', 'near']);
  expect(await report.page()).toContain('60 readings failed');
});

test('of a long run the highest and the lowest points are kept, and do not make the scale', async () => {
  const readings_ns = Array.from({ length: 201 }, (_, index) => around(NEAR_NS, index));
  const { spec, svg } = await drawn<Spec>('distance', {
    measured: () => sliced(readings_ns, { latencyOf: (_, slice) => (slice === 100 ? 90_000 : 5000 + slice) }),
  });
  expect(spec.datasets.slices.filter(({ p50_us }) => p50_us > 80)).toHaveLength(30);
  expect(spec.datasets.slices.length).toBeLessThan(3000);
  const scales = JSON.stringify(spec).matchAll(/"domain":\[[\d.]+,([\d.]+)\],"nice":false,"clamp":true/g);
  expect(Math.min(...[...scales].map(([, high]) => Number(high)))).toBeLessThan(20);
  const words = texts(svg).join(' ');
  expect(words).toContain('Of neighbours the lowest and the highest');
  expect(words).toContain('What is above a scale is drawn at its edge.');
});

test('without slices there is neither picture nor section', async () => {
  const without = await report({});
  expect(await Promise.all([without.chart('distance'), without.chart('states')])).toEqual([null, null]);
  expect(await without.page()).not.toContain('Distance of the cores');
});

test('where no distance was measured there is neither', async () => {
  const measured = following(twoStates);
  const unknown = await report({
    measured: (...of) => {
      const { slices, ...rest } = measured(...of)!;
      return { ...rest, slices: { ...slices!, unknown: 'no core of the server was named' } };
    },
  });
  expect(await unknown.chart('distance')).toBeNull();
});

test('the report has it with the states, their shares, how long they last, and the one that is compared in', async () => {
  const html = await ofTwoStates.report.page();
  const from = html.indexOf('<h2>Distance of the cores</h2>');
  expect(from).toBeGreaterThan(0);
  const section = html.slice(from, html.indexOf('</details>', from));
  expect(section).toContain('id="chart-distance"');
  expect(section).toContain('id="chart-states"');
  expect(section).toMatch(/near \(106 to 114 ns, 52 % of them, 0\.9 s on end on average\)/);
  expect(section).toMatch(/far \(432 to 468 ns, 48 % of them, never left in \d+ s\)/);
  expect(section).toContain('Everything is compared in the state near');
});

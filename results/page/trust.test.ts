/** What a summary says of where time goes and how sure that is, from whole run folders, and how it is told. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readClaims, shippedClaims } from '../claims/document.ts';
import { evaluateClaims } from '../claims/evaluate.ts';
import type { Summary } from '../formats/index.ts';
import { readRun } from '../run/run-folder.ts';
import { readReport } from '../run-report.ts';
import { stateOf } from '../summary/doubt.ts';
import { summarize } from '../summary/summary.ts';
import { renderConclusion } from '../terminal/conclusion.ts';
import { withoutScripts } from '../test-report.ts';
import {
  manifest,
  run,
  type SyntheticRun,
  system,
  target,
  trialFolder,
  writeRun,
} from '../test-synthetic-run.ts';

const systems = [
  system('redis', { role: 'unmodified' }),
  system('kv-kernel', { role: 'libos_over_kernel' }),
  system('kv-kernel-again', { role: 'libos_over_kernel', repeats: 'kv-kernel' }),
];

function three(overrides: Parameters<typeof manifest>[0] = {}): ReturnType<typeof manifest> {
  const whole = manifest();
  return {
    ...whole,
    systems,
    plan: { ...whole.plan, trials: 3, measurements: [target('get')] },
    ...overrides,
  };
}

/** Latencies around a median in us, another for each trial. */
function around(us: number, trial: number): number[] {
  return Array.from({ length: 6000 }, (_, index) => us * 1000 + 50 * trial + index / 10);
}

const p50_us: Record<string, number> = { redis: 30, 'kv-kernel': 12, 'kv-kernel-again': 12.3 };
const measured: SyntheticRun['measured'] = ({ name }, _target, trial) => ({
  latencies_ns: around(p50_us[name] ?? 1, trial),
  ...(name === 'kv-kernel' && { stages: { client_libos_send: 0.25, server_application: 0.5 } }),
});

async function summaryOf(synthetic: Partial<SyntheticRun>): Promise<Summary> {
  return summarize(await readRun(await writeRun(run({ manifest: three(), measured, ...synthetic }))));
}

test('the stages of all trials are one breakdown, and what they leave is the rest', async () => {
  const { points } = await summaryOf({});
  const [redis, kernel] = points;
  expect(redis).toMatchObject({ breakdown: null, probe_overhead: null });
  const { p50, joined, incomplete } = kernel!.breakdown!;
  expect({ joined, incomplete }).toEqual({ joined: 18_000, incomplete: 3 });
  expect(p50!.latency_us).toBeCloseTo(12.4, 1);
  expect(p50!.stages_us.server_application! / p50!.latency_us).toBeCloseTo(0.5, 4);
  expect(p50!.stages_us.rest! / p50!.latency_us).toBeCloseTo(0.25, 4);
  // The measurement with stamps was as fast as the one without.
  expect(kernel!.probe_overhead!.ratio).toBeCloseTo(1, 2);
});

test('differences are against the first system, the noise against the repeated one, over pairs of trials', async () => {
  const { points, repeats } = await summaryOf({});
  expect(points.map(({ system: name }) => name)).toEqual(['redis', 'kv-kernel']);
  expect(points[0].versus_first).toBeNull();
  expect(points[1].versus_first).toMatchObject({ trials: 3 });
  expect(points[1].versus_first!.ratio).toBeCloseTo(12.4 / 30.4, 2);
  expect(repeats).toMatchObject([{ system: 'kv-kernel-again', repeats: 'kv-kernel' }]);
  expect(repeats[0].versus_itself!.ratio).toBeCloseTo(12.7 / 12.4, 2);
});

test('of several groups each difference names what it is against', async () => {
  const grouped = ['a', 'b'].flatMap((group) =>
    ['redis', 'kv-kernel'].map((name) => system(`${name}-${group}`, { group, label: `${name} of ${group}` })),
  );
  const dir = await writeRun(
    run({
      manifest: three({ systems: grouped }),
      measured: ({ name }, _target, trial) => ({
        latencies_ns: around(name.startsWith('redis') ? 30 : 12, trial),
      }),
    }),
  );
  const page = withoutScripts(await (await readReport(dir, { reference: false })).page());
  const rows = [...page.matchAll(/<tr>(.*?)<\/tr>/gs)].map(([, row]) =>
    [...row.matchAll(/<td[^>]*>(.*?)<\/td>/gs)].map(([, cell]) => cell.trim()),
  );
  const against = (label: string): string[] | undefined =>
    rows.find(([first, , change]) => first === label && change?.startsWith('−59'));
  expect(against('kv-kernel of a')).toContain('redis of a');
  expect(against('kv-kernel of b')).toContain('redis of b');
});

test('a floor bounds its system by its fastest trial', async () => {
  const floors = [{ name: 'frames', label: 'frames', systems: ['kv-kernel'], cores: [0] }];
  const { points } = await summaryOf({
    manifest: three({ floors }),
    measured: (subject, of, trial) =>
      subject.name === 'frames'
        ? { latencies_ns: around([11.5, 40, 40][trial - 1], trial) }
        : measured(subject, of, trial),
  });
  const reasons = [expect.stringContaining('its floor frames (11.')];
  expect(points[1].verdicts).toMatchObject({ p50: { state: 'suspect', reasons }, p99: { state: 'valid' } });
  expect(stateOf(points[0])).toBe('valid');
});

test("the generator's own floor bounds what was measured over its backend", async () => {
  const dir = await writeRun(run({ manifest: three(), measured }));
  const pauses = [
    {
      loop: 'closed',
      rate_ops: null,
      pause_us: 5000,
      period_us: 200_000,
      pauses: 5,
      requests: 1000,
      delayed_from_us: 1000,
      delayed: { seen: 5, expected: 5 },
      p999_us: { seen: 10, expected: 10 },
      max_us: { seen: 5000, expected: 5000 },
    },
  ];
  const delays = [
    {
      asked_us: 10,
      injected_us: 10.1,
      requests: 1000,
      p50_us: 21.6,
      measured_us: 10.2,
      error_us: 0.1,
      error_percent: 1,
    },
  ];
  const calibration = {
    schema: 'bypassbench.calibration/1',
    backend: 'kernel',
    value_bytes: 64,
    core: 1,
    server_core: 0,
    counter: { missing_flags: [], offset_ns: 1, bound_ns: 30 },
    duration_s: 1,
    floor_us: { p50: 11.4, p99: 20 },
    delays,
    pauses,
    versions: { node: '24' },
  };
  await writeFile(join(dir, 'calibration.json'), JSON.stringify(calibration));
  const found = await readRun(dir);
  expect(found.calibrations).toMatchObject([{ floor_us: { p50: 11.4 } }]);
  const { points } = summarize(found);
  expect(points[1].verdicts.p50.reasons).toEqual([
    expect.stringContaining("the load generator's own floor (11.4 us)"),
  ]);
  expect(stateOf(points[0])).toBe('valid');
});

test('a system that differs from itself by much is suspect, and its neighbour is not', async () => {
  const { points } = await summaryOf({
    measured: ({ name }, _target, trial) => ({
      latencies_ns: around(name === 'kv-kernel-again' ? [10, 14, 10][trial - 1] : p50_us[name], trial),
    }),
  });
  expect(stateOf(points[0])).toBe('valid');
  const { p50, p99, p999, throughput } = points[1].verdicts;
  expect([p50.state, throughput?.state, p99?.state, p999?.state]).toEqual([
    'suspect',
    'suspect',
    'valid',
    'valid',
  ]);
  expect(points[1].verdicts.p50.reasons).toEqual([
    expect.stringMatching(/^Measured twice in each block, it differs from itself/),
  ]);
});

test.each([
  ['closed', 'the server stopped answering', 'invalid'],
  ['open', 'the rate was more than the server can take', 'valid'],
])('requests that a loop, %s, never got an answer to make a point invalid', async (loop, why, throughput) => {
  const dir = await writeRun(run({ manifest: three(), measured }));
  const file = join(dir, trialFolder('redis', 1, 1), 'get-c1', 'result.json');
  const result = JSON.parse(await readFile(file, 'utf8'));
  await writeFile(file, JSON.stringify({ ...result, loop, unanswered: 12 }));
  const [{ verdicts }] = summarize(await readRun(dir)).points;
  const invalid = { state: 'invalid', reasons: [`Trial 1: 12 requests were never answered: ${why}.`] };
  expect(verdicts).toMatchObject({ p50: invalid, p99: invalid, p999: invalid, stages: null });
  expect(verdicts.throughput).toMatchObject({ state: throughput });
});

test('what interfered is added up over trials, and the tail is put down to it', async () => {
  const dir = await writeRun(run({ manifest: three(), measured }));
  const pauses = {
    schema: 'bypassbench.pauses/1',
    gc: [{ start_ns: 1.5e9, duration_ns: 2e6, kind: 'minor' }],
    gaps: [{ start_ns: 3e9, duration_ns: 1e6, involuntary_switches: 1 }],
    gaps_lost: 0,
    involuntary_switches: 4,
    window: { start_ns: 1e9, end_ns: 6e9 },
    slow_requests: {
      threshold_ns: 12_000,
      requests: [
        [1.5e9, 3e6],
        [3e9, 2e6],
        [4e9, 1e6],
      ],
      lost: 0,
    },
  };
  for (const [trial, order] of [
    [1, 2],
    [2, 5],
  ] as const) {
    const folder = join(dir, trialFolder('kv-kernel', trial, order));
    await writeFile(join(folder, 'get-c1', 'pauses.json'), JSON.stringify(pauses));
    const { window: _w, slow_requests: _s, ...ofServer } = pauses;
    await writeFile(join(folder, 'server.pauses.json'), JSON.stringify({ ...ofServer, gc: [], gaps: [] }));
  }
  const { points } = summarize(await readRun(dir));
  expect(points[1].tail).toMatchObject({
    requests: 6,
    expected: 12,
    server_seen: true,
    causes: { client_gc: 2, client_descheduled: 2, none_seen: 2 },
  });
  expect(points[0]).toMatchObject({ tail: null, interference: null });
});

test('the conclusion tells all of it, within the terminal', async () => {
  const summary = await summaryOf({});
  const findings = evaluateClaims(summary, await Promise.all((await shippedClaims()).map(readClaims)));
  const text = renderConclusion(summary, findings, { columns: 90, color: false, reference: true });
  expect(text).toContain('Where the time goes near the p50, in µs:');
  expect(text).toMatch(/kv-kernel +GET +12\.\d/);
  expect(text).toContain('kv-kernel against itself, GET: p50 +2.');
  expect(text).toMatch(/holds: kernel-interface, GET: p50 of kv-kernel is 0\.40\d/);
  for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(90);
  const without = renderConclusion(summary, findings, {
    columns: 90,
    color: false,
    reference: false,
  });
  expect(without).not.toContain('Claims');
});

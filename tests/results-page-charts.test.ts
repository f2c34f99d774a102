/** The charts of report.html in a browser: pointed at, touched, with systems faded, downloaded from. */
import { copyFile, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, BrowserContextOptions, Download, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import type { Summary } from '../results/formats/index.ts';
import { sliced } from '../results/test-slices.ts';
import {
  bars,
  type LoadedReport,
  launch,
  loadReport,
  openReport,
  ordinary,
  report,
  told,
  unfold,
} from './results-browser.ts';

let browser: Browser;
let dir: string;
let summary: Summary;
/** For tests that leave the page as it was. */
let shared: LoadedReport;

beforeAll(async () => {
  browser = await launch();
  dir = await mkdtemp(join(tmpdir(), 'bypassbench-page-'));
  summary = await report(dir, ordinary);
  shared = await loadReport(browser, dir);
  await unfold(shared.page);
});

afterAll(async () => {
  await shared?.close();
  await browser?.close();
  if (dir) await rm(dir, { recursive: true, force: true });
});

/** The shared page, with the pointer beside everything. */
async function sharedPage(): Promise<Page> {
  const { page } = shared;
  await page.mouse.move(2, 2);
  await page.locator('.tooltip').waitFor({ state: 'hidden' });
  return page;
}

const open = (folder = dir, options: BrowserContextOptions = {}): Promise<Page> =>
  openReport(browser, folder, options);

const live = (chart: string, selector: string): string => `#chart-${chart} .live ${selector}`;

/** What the tooltip has to say of the point (or floor) of `summary` with this place. */
function expected(point: Summary['points'][number] | Summary['floors'][number]): Record<string, string> {
  const { low: low_us, high: high_us } = point.p50_interval_us!;
  return {
    operation: point.operation.toUpperCase(),
    p50: `${point.latency_us!.p50.toFixed(3)} µs`,
    'interval of p50': `${low_us.toFixed(3)} to ${high_us.toFixed(3)} µs`,
    confidence: '93.8 %',
    samples: '15,000',
    trials: '5 of 5',
    'verdict on p50': point.verdicts.p50.state,
  };
}

describe('pointing', () => {
  test('at a bar tells its exact values, and away from it nothing', async () => {
    const page = await sharedPage();
    // Bars that are valid come first: Redis SET and GET, then those of kv-dpdk.
    await page.locator(bars).nth(1).hover();
    expect(await told(page)).toMatchObject({
      title: 'Redis',
      published: '32.200 µs',
      ...expected(summary.points[1]),
    });
    await page.mouse.move(2, 2);
    await page.locator('.tooltip').waitFor({ state: 'hidden' });
  });

  async function pointedAt(page: Page, mark: string): Promise<Record<string, string>> {
    await page.mouse.move(2, 2);
    await page.locator('.tooltip').waitFor({ state: 'hidden' });
    await page.locator(live('breakdown', mark)).first().hover();
    return told(page);
  }

  test('at a piece of the breakdown, or the number on it, tells its stage, its time and its share', async () => {
    const page = await sharedPage();
    expect(await pointedAt(page, 'path[aria-roledescription="bar"]')).toMatchObject({
      title: 'Redis',
      stage: 'client: libOS, sending',
      share: '2.0 %',
    });
    const { latency_us, stages_us } = summary.points[0].breakdown!.p50!;
    expect(await pointedAt(page, 'text[aria-label*="number: "]')).toMatchObject({
      stage: 'client: inside send',
      mean: `${stages_us.client_device_send!.toFixed(3)} µs`,
      share: '20.0 %',
    });
    expect(stages_us.client_device_send! / latency_us).toBeCloseTo(0.2);
  });

  test('at an invalid bar tells that it is', async () => {
    const page = await sharedPage();
    await page.locator(`${bars}[stroke-dasharray]`).first().hover();
    expect(await told(page)).toMatchObject({
      title: 'kvserver on libOS, kernel',
      ...expected(summary.points[2]),
      'verdict on p50': 'invalid',
    });
  });

  test('at a floor tells of the floor', async () => {
    const page = await sharedPage();
    const dashes = 'path[stroke="#882255"][aria-label$="operation: set"]';
    // The pointer may rest between two dashes: what is under them tells the same.
    await page.locator(live('figure', dashes)).hover({ force: true });
    expect(await told(page)).toMatchObject({
      title: 'raw DPDK frames (floor)',
      ...expected(summary.floors[0]),
    });
  });

  test('at a curve tells the quantile there', async () => {
    const page = await sharedPage();
    const places = live('distribution', 'g.mark-symbol path[opacity="0"]');
    await page.locator(places).first().hover({ force: true });
    const { quantile, 'latency there': latency, ...rest } = await told(page);
    expect(quantile).toMatch(/^[\d.]+ %$/);
    expect(latency).toMatch(/^[\d.]+ µs$/);
    expect(rest).toMatchObject({ trials: '5 of 5', 'interval of p50': expect.stringMatching(/ to /) });
  });

  test('at a reading of the distance, and at a slice of time, tells its value, its state and its time', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'bypassbench-page-'));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    const readings_ns = Array.from({ length: 13 }, (_, index) => (index < 7 ? 110 : 450));
    await report(folder, {
      measured: () => sliced(readings_ns, { latencyOf: (ns) => (ns > 300 ? 9000 : 5000) }),
    });
    const page = await open(folder);
    // Those next to it lie over its edge.
    await page.locator(live('distance', 'g.mark-symbol path[fill="#3d2c6b"]')).first().hover({ force: true });
    const { after, ...reading } = await told(page);
    expect(reading).toMatchObject({ distance: '110 ns', state: 'near', trial: '1' });
    expect(after).toMatch(/^0\.\d\d s$/);
    await page.locator(live('distance', 'g.mark-symbol path')).last().hover({ force: true });
    await expect.poll(async () => 'p50 of the slice' in (await told(page))).toBe(true);
    const { 'p50 of the slice': p50, ...rest } = await told(page);
    expect(Number.parseFloat(p50)).toBeCloseTo(9, 0);
    expect(rest).toMatchObject({ operation: 'GET', requests: '100', state: 'far', trial: '5' });
  });

  test('with a finger tells as well, until it touches something else', async () => {
    const page = await open(dir, { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true });
    await page.locator(bars).nth(0).tap();
    expect(await told(page)).toMatchObject({ title: 'Redis', ...expected(summary.points[0]) });
    await page.locator('h1').tap();
    await page.locator('.tooltip').waitFor({ state: 'hidden' });
  });
});

describe('systems', () => {
  /** Waits until so many of the marks are faded, and no more. */
  const faded = (page: Page, selector: string, marks: number): Promise<void> =>
    expect.poll(() => page.locator(`${selector}[opacity="0.1"]`).count(), { timeout: 10_000 }).toBe(marks);
  const redisBars = `${bars}[aria-label*="system: redis"]`;
  const otherBars = `${bars}:not([aria-label*="system: redis"])`;

  test('fade and come back with their buttons, and the others fade while one is pointed at', async () => {
    const page = await sharedPage();
    const redis = page.locator('#chart-figure .toggles button', { hasText: 'Redis' });
    await redis.click();
    await page.mouse.move(2, 2);
    expect(await redis.getAttribute('aria-pressed')).toBe('false');
    await faded(page, redisBars, 2);
    await faded(page, otherBars, 0);
    await redis.focus();
    await page.keyboard.press('Enter');
    await faded(page, redisBars, 0);
    await redis.hover();
    await faded(page, otherBars, 4);
    await page.mouse.move(2, 2);
    await faded(page, otherBars, 0);
  });

  test('fade by the entries of the legend in the chart, floors too', async () => {
    const page = await sharedPage();
    const button = page.locator('#chart-distribution .toggles button', { hasText: 'raw DPDK frames' });
    const lines = live('distribution', 'g.mark-line path');
    await faded(page, lines, 0);
    await page.locator(live('distribution', 'g.mark-text text')).getByText('raw DPDK frames').click();
    expect(await button.getAttribute('aria-pressed')).toBe('false');
    // One in each panel.
    await faded(page, lines, 2);
  });
});

describe('downloads', () => {
  async function download(page: Page, name: string): Promise<Buffer> {
    const [begun]: [Download, unknown] = await Promise.all([
      page.waitForEvent('download'),
      page.locator(`a[download="${name}"]`).click(),
    ]);
    expect(begun.suggestedFilename()).toBe(name);
    return readFile((await begun.path())!);
  }

  test('come from the page itself, where it was sent alone', async () => {
    const alone = await mkdtemp(join(tmpdir(), 'bypassbench-page-'));
    onTestFinished(() => rm(alone, { recursive: true, force: true }));
    await copyFile(join(dir, 'report.html'), join(alone, 'report.html'));
    const page = await open(alone);
    for (const chart of ['figure', 'distribution']) {
      const spec = await download(page, `${chart}.vl.json`);
      expect(spec).toEqual(await readFile(join(dir, `${chart}.vl.json`)));
      const { datasets } = JSON.parse(spec.toString());
      for (const [name, rows] of Object.entries<Record<string, unknown>[]>(datasets)) {
        const text = (await download(page, `${chart}-${name}.csv`)).toString();
        expect(readCsv(text)).toEqual(
          rows.map((row) =>
            Object.fromEntries(Object.entries(row).map(([key, value]) => [key, asText(value)])),
          ),
        );
      }
      expect((await download(page, `${chart}.svg`)).toString()).toMatch(/^<svg .*<\/svg>\s*$/s);
      const png = await download(page, `${chart}.png`);
      const [, width] = /<svg[^>]* width="(\d+)"/.exec(await readFile(join(dir, `${chart}.svg`), 'utf8'))!;
      expect(png.subarray(1, 4).toString()).toBe('PNG');
      // The browser's fonts are not those of the file.
      expect(Math.abs(png.readUInt32BE(16) - 2 * Number(width))).toBeLessThan(60);
    }
  });

  function asText(value: unknown): string {
    return typeof value === 'object' && value !== null ? JSON.stringify(value) : String(value ?? '');
  }

  /** RFC 4180 with a heading. */
  function readCsv(text: string): Record<string, string>[] {
    const lines: string[][] = [[]];
    for (const [, quoted, plain, end] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/g)) {
      lines.at(-1)!.push(quoted?.replaceAll('""', '"') ?? plain!);
      if (end !== ',') lines.push([]);
    }
    const [heading, ...rows] = lines.slice(0, -1);
    return rows.map((row) => Object.fromEntries(heading!.map((name, index) => [name, row[index]])));
  }
});

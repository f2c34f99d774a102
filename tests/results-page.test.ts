/** report.html in a browser, as its readers have it: narrow, dark, printed, without scripts, with hostile data. */
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inflateSync } from 'node:zlib';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { manifest, system } from '../results/test-synthetic-run.ts';
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
/** For tests that leave the page as it was, but for its width. */
let shared: LoadedReport;

beforeAll(async () => {
  browser = await launch();
  dir = await mkdtemp(join(tmpdir(), 'bypassbench-page-'));
  await report(dir, ordinary);
  shared = await loadReport(browser, dir, { viewport: { width: 360, height: 740 } });
  await unfold(shared.page);
});

afterAll(async () => {
  await shared?.close();
  await browser?.close();
  if (dir) await rm(dir, { recursive: true, force: true });
});

const open = (folder = dir, options: BrowserContextOptions = {}): Promise<Page> =>
  openReport(browser, folder, options);

describe('the page', () => {
  test('holds less than 1.5 MB', async () => {
    expect((await stat(join(dir, 'report.html'))).size).toBeLessThan(1.5e6);
  });

  test.each([360, 768, 1200])('does not scroll sideways at %i px', async (width) => {
    const { page } = shared;
    await page.setViewportSize({ width, height: 740 });
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(width);
    // What is wider than the page can be scrolled by itself.
    const wide = await page.evaluate(
      "[...document.querySelectorAll('.scroll')].filter((one) => one.getBoundingClientRect().right > innerWidth).length",
    );
    expect(wide).toBe(0);
  });

  test('stands still without JavaScript: the figure is there, and nothing that would not work', async () => {
    const page = await open(dir, { javaScriptEnabled: false });
    for (const chart of ['figure', 'distribution']) {
      expect(await page.locator(`#chart-${chart} .still svg`).isVisible()).toBe(true);
      expect(await page.locator(`#chart-${chart} .toggles`).isVisible()).toBe(false);
      for (const link of await page.locator(`#chart-${chart} .downloads a`).all()) {
        const href = (await link.getAttribute('href'))!;
        expect((await readFile(join(dir, href))).length).toBeGreaterThan(0);
      }
    }
  });

  test('shows one picture of each chart, on the screen the live one', async () => {
    const { page } = shared;
    for (const chart of await page.locator('figure.chart').all()) {
      expect(await chart.locator('.live svg').isVisible()).toBe(true);
      expect(await chart.locator('.still svg').isVisible()).toBe(false);
    }
  });

  test('answers on its first screen, and a link opens what it leads to, without JavaScript too', async () => {
    for (const javaScriptEnabled of [true, false]) {
      const viewport = { width: 1280, height: 900 };
      const { page, close } = await loadReport(browser, dir, { viewport, javaScriptEnabled });
      onTestFinished(close);
      for (const first of ['h1', '.question', '#answer', '#chart-figure .plot', '.belief', 'nav']) {
        const { y, height } = (await page.locator(first).boundingBox())!;
        expect(y + height).toBeLessThan(viewport.height);
      }
      expect(await page.locator('#numbers').isVisible()).toBe(false);
      await page.locator('nav a[href="#numbers"]').click();
      expect(await page.locator('#numbers table').isVisible()).toBe(true);
      expect(await page.locator('#validity').isVisible()).toBe(false);
      await page.locator('details:has(#numbers) > summary').click();
      await page.locator('nav a[href="#numbers"]').click();
      expect(await page.locator('#numbers table').isVisible()).toBe(true);
    }
  });

  test('cuts no name into one word a line, at 390 px', async () => {
    const { page } = shared;
    await page.setViewportSize({ width: 390, height: 844 });
    const lines = await page.evaluate(
      "Math.max(...[...document.querySelectorAll('#numbers td, #environment td:nth-child(2)')].map((cell) => cell.clientHeight))",
    );
    const line = await page.evaluate("document.querySelector('#numbers td.number').clientHeight");
    expect(lines).toBe(line);
    // The chart scrolls in its box, at a size that can be read.
    const { width } = (await page.locator('#chart-figure .live svg').boundingBox())!;
    expect(width).toBeGreaterThan(390);
  });

  test('is dark where that is wished, the figures on white', async () => {
    const { page } = shared;
    await page.emulateMedia({ colorScheme: 'dark' });
    const background = (selector: string): Promise<unknown> =>
      page.evaluate(`getComputedStyle(document.querySelector('${selector}')).backgroundColor`);
    expect(await background('body')).toBe('rgb(22, 24, 27)');
    expect(await background('.plot')).toBe('rgb(255, 255, 255)');
    await page.emulateMedia({ colorScheme: null });
  });

  test('prints on A4: the still figures whole, as wide as the paper at most, and nothing to press', async () => {
    const { page, close } = await loadReport(browser, dir);
    onTestFinished(close);
    await page.locator('#chart-figure .toggles button').first().click();
    await page.emulateMedia({ media: 'print' });
    // Nothing is folded on paper.
    expect(await page.locator('#validity').isVisible()).toBe(true);
    // 210 mm less the margins, in CSS pixels.
    const paper = Math.floor(((210 - 2 * 14) / 25.4) * 96);
    await page.setViewportSize({ width: paper, height: 1000 });
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(paper);
    for (const chart of await page.locator('figure.chart').all()) {
      expect(await chart.locator('.live').isVisible()).toBe(false);
      expect(await chart.locator('.toggles').isVisible()).toBe(false);
      const { width, height } = (await chart.locator('.still svg').boundingBox())!;
      expect(width).toBeLessThanOrEqual(paper);
      expect(height).toBeLessThan(((297 - 2 * 14) / 25.4) * 96);
    }
    const pdf = await page.pdf({ preferCSSPageSize: true });
    expect(pdf.subarray(0, 5).toString()).toBe('%PDF-');
    // The colour of the bars of SET, #0072b2, as PDF has it.
    expect(drawn(pdf)).toMatch(/\b0 \.447\d* \.698\d* rg/);
  });

  /** The drawing operators of a PDF. */
  function drawn(pdf: Buffer): string {
    const text = pdf.toString('latin1');
    return [...text.matchAll(/stream\r?\n/g)]
      .map(({ index, 0: word }) => {
        try {
          return inflateSync(pdf.subarray(index + word.length)).toString('latin1');
        } catch {
          return '';
        }
      })
      .join('\n');
  }
});

test('data cannot do anything, whatever it holds', async () => {
  const hostile = `</script><script>alert(1)</script><!--"'&<img src=x onerror=alert(1)>`;
  const folder = await mkdtemp(join(tmpdir(), 'bypassbench-page-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  await report(folder, {
    manifest: manifest({
      title: hostile,
      systems: [
        system('constructor', { label: hostile, device: hostile, transport_note: hostile }),
        system('toString', { label: 'constructor' }),
      ],
    }),
    measured: () => ({ latencies_ns: Array(3000).fill(1000), errors: 1, first_error: hostile }),
  });
  const page = await open(folder, { viewport: { width: 360, height: 740 } });
  expect(await page.locator('h1').textContent()).toBe(hostile);
  await page.locator(bars).first().hover();
  expect((await told(page)).title).toBe(hostile);
  expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(360);
  expect(await page.locator('img').count()).toBe(0);
});

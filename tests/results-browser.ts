/** report.html in Debian's Chromium, for tests: pages that have come alive, and what must not happen on any. */
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { expect, onTestFinished } from 'vitest';
import type { Summary } from '../results/formats/index.ts';
import { writeReport } from '../results/index.ts';
import { manifest, run, type SyntheticRun, system, writeRunInto } from '../results/test-synthetic-run.ts';

const p50_ns = new Map([
  ['redis', 32_000],
  ['kv-kernel', 9_100],
  ['kv-dpdk', 4_200],
]);
const floors = [{ name: 'dpdk-frames', label: 'raw DPDK frames', systems: ['kv-dpdk'], cores: [0, 1] }];
const unsplit = {
  client_libos_send: 0.02,
  client_device_send: 0.2,
  server_command: 0,
  server_and_kernel: 0.6,
  client_device_receive: 0.1,
  client_libos_receive: 0.03,
};
const split = {
  client_libos_send: 0.05,
  client_device_send: 0.15,
  request_between: 0.05,
  server_device_receive: 0.1,
  server_libos_receive: 0.05,
  server_application: 0.25,
  server_libos_send: 0.05,
  server_device_send: 0.1,
  reply_between: 0.02,
  client_device_receive: 0.1,
  client_libos_receive: 0.04,
};
/** Three systems, one of them invalid, all stamped, and a floor. */
export const ordinary: Partial<SyntheticRun> = {
  manifest: manifest({
    systems: [
      system('redis', { label: 'Redis' }),
      system('kv-kernel', { label: 'kvserver on libOS, kernel' }),
      system('kv-dpdk', { label: 'kvserver, "DPDK"', device: 'net_memif (shared memory)' }),
    ],
    floors,
  }),
  measured: ({ name }, _target, trial) => ({
    latencies_ns: Array.from(
      { length: 3000 },
      (_, index) => (p50_ns.get(name) ?? 1500) + 100 * trial + 3 * index,
    ),
    ...(name === 'redis' && { stages: unsplit, server_command_us: 2 }),
    ...(name.startsWith('kv') && { stages: split }),
  }),
  trial: ({ name }, trial) =>
    name === 'kv-kernel' && trial === 2 ? { status: 'failed', reason: 'hung' } : {},
};

export async function report(into: string, synthetic: Partial<SyntheticRun>): Promise<Summary> {
  await writeRunInto(into, run(synthetic));
  return (await writeReport(into, { reference: true })).summary;
}

/** Chromium's wrapper is found where the shell finds it. */
function onPath(command: string): string {
  const found = (process.env.PATH ?? '').split(delimiter).find((folder) => {
    try {
      accessSync(join(folder, command), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
  if (!found) throw new Error(`no ${command} on PATH: run node scripts/setup.mjs`);
  return join(found, command);
}

export function launch(): Promise<Browser> {
  // The browser's sandbox does not start for root.
  const args = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
  return chromium.launch({ executablePath: onPath('chromium'), args });
}

export interface LoadedReport {
  page: Page;
  /** Ends it, and looks at all that must not have happened on it. */
  close(): Promise<void>;
}

/** A page that has come alive, with all its sections opened, for the test that runs. */
export async function openReport(
  browser: Browser,
  folder: string,
  options: BrowserContextOptions = {},
): Promise<Page> {
  const { page, close } = await loadReport(browser, folder, options);
  onTestFinished(close);
  await unfold(page);
  return page;
}

/** Opens all sections. */
export async function unfold(page: Page): Promise<void> {
  await page.evaluate("for (const fold of document.querySelectorAll('details.section')) fold.open = true");
}

/** A page that has come alive, folded as its reader finds it, for several tests that leave it as it was. */
export async function loadReport(
  browser: Browser,
  folder: string,
  options: BrowserContextOptions = {},
): Promise<LoadedReport> {
  const context = await browser.newContext({ viewport: { width: 1200, height: 900 }, ...options });
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('console', (message) => complaints.push(message.text()));
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('dialog', (dialog) => complaints.push(dialog.message()));
  page.on('request', (request) => {
    if (!request.url().startsWith('blob:')) complaints.push(request.url());
  });
  await page.addInitScript(
    "document.addEventListener('securitypolicyviolation', (event) => console.error('policy', event.violatedDirective))",
  );
  await page.goto(`file://${folder}/report.html`);
  if (options.javaScriptEnabled !== false) {
    for (const chart of await page.locator('figure.chart').all()) {
      await chart.and(page.locator('.alive')).waitFor({ state: 'attached' });
    }
  }
  return {
    page,
    async close() {
      await context.close();
      expect(complaints).toEqual([`file://${folder}/report.html`]);
    },
  };
}

/** Those that are valid come first. */
export const bars = '#chart-figure .live path[aria-roledescription="bar"]';

/** The lines of the tooltip, by name. */
export async function told(page: Page): Promise<Record<string, string>> {
  const box = page.locator('.tooltip');
  await box.waitFor();
  const names = await box.locator('dt').allTextContents();
  const values = await box.locator('dd').allTextContents();
  return {
    title: (await box.locator('strong').textContent())!,
    ...Object.fromEntries(names.map((name, index) => [name, values[index]])),
  };
}

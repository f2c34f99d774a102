/** The calibration over the backends that loadgen-calibrate.test.ts leaves out. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { hasRing } from '../libos/uring/test-traits.ts';
import { hasLink } from '../libos/xdp/test-rights.ts';
import { calibrated } from './calibrated.ts';

const folder = mkdtempSync(join(tmpdir(), 'bypassbench-calibrate-'));
afterAll(() => rmSync(folder, { recursive: true }));

it.for(['uring', 'rdma', 'xdp'])('measures over %s', async (backend, { skip }) => {
  if (backend === 'xdp' && !hasLink) skip('no XDP sockets can be had here');
  if (backend === 'uring' && !hasRing()) skip('the kernel gives no ring');
  const found = await calibrated(backend, join(folder, backend));
  expect(found.backend).toBe(backend);
  for (const { injected_us, p50_us } of found.delays) expect(p50_us).toBeGreaterThan(injected_us);
});

import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { defaultOutFolder, OutFolder } from './out-folder.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'out-folder-test-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function fill(manifestSchema: string, title = 'first'): void {
  writeFileSync(path.join(folder, 'manifest.json'), JSON.stringify({ schema: manifestSchema, title }));
  mkdirSync(path.join(folder, 'trials', '001-redis-t1'), { recursive: true });
  writeFileSync(path.join(folder, 'report.html'), '');
  writeFileSync(path.join(folder, 'notes.txt'), 'mine');
}

async function opened<T>(use: (out: OutFolder) => Promise<T>): Promise<T> {
  const out = await OutFolder.open(folder);
  try {
    return await use(out);
  } finally {
    out.release();
  }
}

const titleIn = (...where: string[]) =>
  JSON.parse(readFileSync(path.join(folder, ...where, 'manifest.json'), 'utf8')).title;

test('what was made for a run that did not begin goes again, and what was there stays', async () => {
  const deep = path.join(folder, 'runs', 'mine');
  (await OutFolder.open(deep)).discard();
  expect(readdirSync(folder)).toEqual([]);
  mkdirSync(path.join(folder, 'runs'));
  (await OutFolder.open(deep)).discard();
  expect(readdirSync(folder)).toEqual(['runs']);
  mkdirSync(deep);
  (await OutFolder.open(deep)).discard();
  expect(existsSync(deep)).toBe(true);
});

test('is named after the experiment and the time', () => {
  expect(defaultOutFolder('redis-figure', new Date('2026-02-03T04:05:06.789Z'))).toBe(
    'runs/redis-figure-20260203T040506Z',
  );
});

test('is made, with the folders above it', async () => {
  const deep = path.join(folder, 'a', 'b');
  for (let time = 1; time <= 2; time++) (await OutFolder.open(deep)).release();
  expect(readdirSync(deep)).toEqual([]);
});

test('of an earlier run keeps it until the new one has measured something, and files of others for ever', async () => {
  fill('bypassbench.manifest/1');
  await opened(async (out) => {
    expect(titleIn()).toBe('first');
    await out.begin();
    expect(readdirSync(folder)).toEqual(['notes.txt', 'replaced']);
    expect(out.replaced).toBe(path.join(folder, 'replaced'));
    expect(readdirSync(path.join(folder, 'replaced')).sort()).toEqual([
      'manifest.json',
      'report.html',
      'trials',
    ]);
  });
  // The second run was killed before it wrote anything, the third measured nothing, the fourth does.
  await opened((out) => out.begin());
  fill('bypassbench.manifest/1', 'third');
  await opened(async (out) => {
    await out.begin();
    expect(titleIn('replaced')).toBe('first');
    expect(existsSync(path.join(folder, 'manifest.json'))).toBe(false);
    fill('bypassbench.manifest/1', 'fourth');
    await out.measured();
    expect(out.replaced).toBeNull();
  });
  expect(readdirSync(folder).sort()).toEqual(['manifest.json', 'notes.txt', 'report.html', 'trials']);
});

test('of a new run loses what a killed writer has left', async () => {
  fill('bypassbench.manifest/1');
  writeFileSync(path.join(folder, '.summary.json.123.part'), '{');
  await opened(async (out) => {
    await out.begin();
    await out.measured();
  });
  expect(readdirSync(folder)).toEqual(['notes.txt']);
});

test('is one run at a time, and that of a run that has ended is free', async () => {
  await opened(async () => {
    await expect(OutFolder.open(folder)).rejects.toMatchObject({
      code: 'OUT_IN_USE',
      message: `another run is writing to --out ${folder}: name another folder, or let that run end`,
    });
  });
  (await OutFolder.open(folder)).release();
});

test('with other files is refused and left as it is', async () => {
  fill('somebody.else/1');
  for (let time = 1; time <= 2; time++) {
    await expect(OutFolder.open(folder)).rejects.toMatchObject({
      code: 'OUT_NOT_A_RUN',
      message: expect.stringContaining('name a new or empty folder'),
    });
  }
  expect(readdirSync(folder)).toHaveLength(4);
});

test('cannot be a file', async () => {
  fill('bypassbench.manifest/1');
  await expect(OutFolder.open(path.join(folder, 'notes.txt'))).rejects.toMatchObject({
    code: 'OUT_NOT_A_RUN',
  });
});

import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { restoreSysctls, setSysctls } from './sysctl.ts';

const folder = mkdtempSync(path.join(os.tmpdir(), 'sysctl-test-'));
afterAll(() => rmSync(folder, { recursive: true }));

test('settings hold until they are set back, also by somebody who knows the folder alone', () => {
  const root = path.join(folder, 'sys');
  const runner = path.join(folder, 'runner');
  mkdirSync(path.join(root, 'net', 'core'), { recursive: true });
  mkdirSync(runner);
  const files = ['busy_poll', 'busy_read'].map((name) => path.join(root, 'net', 'core', name));
  for (const file of files) writeFileSync(file, '0\n');
  const values = () => files.map((file) => readFileSync(file, 'utf8').trim());

  expect(restoreSysctls(runner, root)).toEqual([]);
  setSysctls({ 'net.core.busy_poll': '50', 'net.core.busy_read': '0' }, runner, root);
  expect(values()).toEqual(['50', '0']);
  expect(restoreSysctls(runner, root)).toEqual(['net.core.busy_poll=0']);
  expect(values()).toEqual(['0', '0']);
  expect(readdirSync(runner)).toEqual([]);

  expect(() => setSysctls({ 'net.core.busy_poll': '50', 'net.core.none': '1' }, runner, root)).toThrow(
    /net\/core\/none/,
  );
  expect(values()).toEqual(['0', '0']);
});

test('what has gone meanwhile is named, and all else is set back', () => {
  const root = path.join(folder, 'other-sys');
  const runner = path.join(folder, 'other-runner');
  for (const made of [path.join(root, 'net', 'lan0'), runner]) mkdirSync(made, { recursive: true });
  const [gone, stays] = ['a', 'b'].map((name) => path.join(root, 'net', 'lan0', name)) as [string, string];
  for (const file of [gone, stays]) writeFileSync(file, '0\n');
  setSysctls({ 'net.lan0.a': '1', 'net.lan0.b': '1' }, runner, root);
  rmSync(gone);
  expect(() => restoreSysctls(runner, root)).toThrow(/^net\.lan0\.a cannot be set back to 0: /);
  expect(readFileSync(stays, 'utf8')).toBe('0');
  expect(restoreSysctls(runner, root)).toEqual([]);
});

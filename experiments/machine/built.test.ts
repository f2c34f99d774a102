/** What set-up built: found where it is, else what stands in its place, and why. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { builtProgram, redisBuildOf, whyNotBuilt } from './built.ts';

const made = {
  version: '7.0.15',
  source_package: 'redis',
  source_version: '5:7.0.15-1',
  architecture: 'amd64',
  allocator: 'jemalloc 5.2.1',
  compiler: 'gcc 12.2.0',
  optimization: '-O2',
  compiler_flags: ['-fPIC'],
  linker_flags: [],
  build_script: 'abc',
};
const unmodified = { start: ['built:redis-server', '--port', '1'], requires: [] };
const port = { start: ['bypassbench', 'serve'], requires: [{ built: 'redis-port' as const }] };
const packaged = { start: ['redis-server'], requires: [{ binary: 'redis-server', package: 'redis-server' }] };

let checkout: string;
let build: string;
beforeEach(async () => {
  checkout = await mkdtemp(path.join(os.tmpdir(), 'built-test-'));
  build = path.join(checkout, 'kvserver', 'redis', 'build');
  await mkdir(build, { recursive: true });
});
afterEach(() => rm(checkout, { recursive: true }));

test('a build is used where it is, and the manifest says what it was made from', async () => {
  for (const file of ['redis-server', 'redis-port.so']) await writeFile(path.join(build, file), '');
  await writeFile(path.join(build, 'redis.json'), JSON.stringify(made));
  expect(builtProgram('built:redis-server', checkout)).toBe(path.join(build, 'redis-server'));
  expect(builtProgram('redis-server', checkout)).toBe('redis-server');
  expect(whyNotBuilt('redis-port', checkout)).toBeNull();
  expect(redisBuildOf(unmodified, checkout)).toEqual(made);
  expect(redisBuildOf(port, checkout)).toEqual(made);
  expect(redisBuildOf(packaged, checkout)).toBeNull();
});

test('without a build the program is that on the PATH, and the port says why it is not there', async () => {
  await writeFile(path.join(build, 'missing.txt'), 'redis-server 8.0.2 is installed\n');
  expect(builtProgram('built:redis-server', checkout)).toBe('redis-server');
  expect(whyNotBuilt('redis-port', checkout)).toBe('redis-server 8.0.2 is installed');
  expect(redisBuildOf(unmodified, checkout)).toBeNull();
  expect(redisBuildOf(port, checkout)).toBeNull();
});

test('where set-up has not run, it is named', async () => {
  await rm(build, { recursive: true });
  expect(whyNotBuilt('redis-port', checkout)).toMatch(/run node scripts\/setup\.mjs/);
});

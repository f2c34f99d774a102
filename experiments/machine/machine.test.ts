import { execFileSync } from 'node:child_process';
import os from 'node:os';
import { expect, test } from 'vitest';
import { availableCores, machineFacts, softwareVersions, versionOf, withoutHome } from './machine.ts';

test('the cores are those that the scheduler may use', () => {
  expect(availableCores()).toHaveLength(os.availableParallelism());
  const first = String(availableCores()[0]);
  const pinned = execFileSync('taskset', ['-c', first, 'grep', 'Cpus_allowed_list', '/proc/self/status'], {
    encoding: 'utf8',
  });
  expect(pinned.trim().split(/\s+/)[1]).toBe(first);
});

test('the machine is described, with nothing that names its owner', async () => {
  const facts = await machineFacts();
  expect(facts).toMatchObject({ cores: os.cpus().length, memory_bytes: os.totalmem() });
  expect(facts.kernel).toBe(`Linux ${os.release()} ${os.machine()}`);
  expect(facts.hypervisor === null || facts.virtual).toBe(true);
  expect(JSON.stringify(facts)).not.toContain(os.homedir());
});

test('versions are those of what runs', async () => {
  const versions = await softwareVersions();
  expect(versions.node).toBe(process.versions.node);
  for (const name of ['bypassbench', 'koffi', 'hdr-histogram-js'])
    expect(versions[name]).toMatch(/^\d+\.\d+\.\d+/);
  expect(await versionOf(['redis-server', '--version'])).toMatch(/^Redis server v=/);
  expect(await versionOf(['no-such-server', '--version'])).toBeNull();
  expect(await versionOf(['false'])).toBeNull();
});

test('the home folder is taken out of a text', () => {
  expect(withoutHome(`${os.homedir()}/x and ${os.homedir()}/y`)).toBe('~/x and ~/y');
});

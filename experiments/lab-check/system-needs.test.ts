import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { HostFacts } from '../agent/protocol.ts';
import { readConfig } from '../config/config.ts';
import type { HostFindings } from './host-doctor.ts';
import { needLacks, needsOf, type SystemNeed } from './system-needs.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'needs-test-'));
});
afterAll(() => rm(folder, { recursive: true }));

const experiment = `experiment: x
title: X
trials: 1
workload: { operations: [get], keys: 10, value_bytes: 64, clients: 3, duration_s: 1 }
hosts:
  server0:
    server_cores: [2]
    networks: { lan: { address: 10.10.1.1/24, libos_address: 10.10.1.101/24, pci: '0000:41:00.0' } }
  client0:
    client_cores: [2]
    networks: { lan: { address: 10.10.1.2/24, libos_address: 10.10.1.102/24, pci: '0000:C1:00.0' } }
place: { server: server0, generators: [client0] }
systems:
  - { use: redis, device: lan, floor: [] }
  - use: redis
    name: other-client
    device: lan
    floor: []
    client: { program: redis-benchmark, idle: sleep }
    requires: [{ binary: redis-benchmark, package: redis-tools }, { binary: built:redis-server, package: redis-server }]
  - use: kvserver
    name: packets
    backend: dpdk
    device: lan
    provenance: real_device
    floor: []
    options: { device: pci, pci: '{pci}', ip: '{libos_address}/{prefix}', socket: null, role: null }
    server_options: { ip: null, socket: null, role: null }
    client: { options: { ip: null, socket: null, role: null } }
    start: bypassbench serve --frontend libos --backend dpdk {options} --bind {host} --port 6379 --core {core}
`;

async function needs(): Promise<SystemNeed[]> {
  const file = path.join(folder, 'x.yaml');
  await writeFile(file, experiment);
  return needsOf(await readConfig(file, [0, 1]));
}

describe('what systems need of hosts', () => {
  it('is each at its place: programs where they are started, devices of server and client', async () => {
    const found = await needs();
    const of = (system: string, host: string) =>
      found.find((one) => one.system === system && one.host === host);
    expect(of('redis', 'server0')?.programs.map(({ program }) => program)).toContain('built:redis-server');
    expect(of('redis', 'client0')).toMatchObject({ programs: [], device: null });
    expect(of('other-client', 'server0')?.programs).toEqual([
      { program: 'built:redis-server', package: 'redis-server' },
    ]);
    expect(of('other-client', 'client0')?.programs).toEqual([
      { program: 'redis-benchmark', package: 'redis-tools' },
    ]);
    expect(of('packets', 'server0')).toMatchObject({
      programs: [{ program: 'bypassbench' }],
      device: 'pci 0000:41:00.0',
    });
    expect(of('packets', 'client0')?.device).toBe('pci 0000:c1:00.0');
  });

  it('is told where it lacks, once for all systems that it is for', () => {
    const machine = { programs: ['bypassbench'], unbuilt: [{ product: 'redis-port', why: 'no source' }] };
    const doctor: HostFindings = [
      { what: 'memif', works: true, found: 'works', remedy: null },
      { what: 'af_xdp', works: false, found: 'no rights', remedy: 'be root' },
      { what: 'efa', works: null, found: 'not tried', remedy: null },
    ];
    const need = (system: string, given: Partial<SystemNeed>): SystemNeed => ({
      ...{ host: 'server0', system, programs: [{ program: 'bypassbench', package: null }] },
      ...{ products: [], device: null },
      ...given,
    });
    const lacks = needLacks(
      [
        need('a', {}),
        need('b', { device: 'memif' }),
        need('c', { device: 'efa' }),
        need('d', { device: 'af_xdp' }),
        need('e', { device: 'af_xdp' }),
        need('f', { device: 'pci 0000:41:00.0' }),
        need('g', { products: ['redis-port'] }),
        need('h', { products: ['posix-servers'] }),
        need('i', { programs: [{ program: 'built:redis-server', package: 'redis-server' }] }),
      ],
      machine as HostFacts,
      doctor,
    );
    expect(lacks).toEqual([
      'af_xdp does not work there: no rights; be root (for d, e)',
      'bypassbench doctor finds no pci 0000:41:00.0 there (for f)',
      'redis-port is not built there: no source (for g)',
      'redis-server is not on the PATH there: have redis-server installed (for i)',
    ]);
  });
});

/** Lab files with mistakes: whatever is written in one, it is taken or refused by an error that names the place. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { ExperimentError } from '../experiments/errors.ts';
import { readLab } from '../experiments/lab/lab.ts';
import { whole } from './whole-runs.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'lab-files-test-'));
});
afterAll(() => rm(folder, { recursive: true }));

const valid = `lab: two
hosts:
  server0:
    ssh: { host: node0, user: me, port: 2222, identity: ~/.ssh/id_lab, jump: gate }
    folder: ~/a b
    server_cores: [2, 3]
    client_cores: [4]
    networks:
      lan:
        address: 10.10.1.1/24
        libos_address: 10.10.1.101/24
        interface: ens1f1
        pci: "0000:03:00.1"
        rdma: { device: mlx5_0, gid_index: 3, provider: verbs }
    hugepages: { size: 1G, count: 2 }
    env: { A: 1, B: x }
    clock: ptp
  client0:
    ssh: node1
    networks:
      lan: { address: 10.10.1.2/24 }
  me:
    launcher: local
  cn1:
    launcher: srun
    srun: cn-101
place: { server: server0, generators: [client0] }
`;

describe('any text and any values', () => {
  const useful = async (text: string): Promise<void> => {
    const file = path.join(folder, 'lab.yaml');
    await writeFile(file, text);
    const error = await readLab(file).then(
      () => null,
      (thrown: Error) => thrown,
    );
    if (error === null) return;
    expect(error).toBeInstanceOf(ExperimentError);
    expect(error).toMatchObject({ code: 'LAB_INVALID', message: expect.stringContaining('lab.yaml:') });
    expect(error.message.replace(/'[^']*'/g, '')).not.toMatch(/\bundefined\b|\[object /);
  };

  test('are a lab or are refused with a place', async () => {
    const odd = fc.stringMatching(/^[a-z0-9:{}[\],&*!|>'"#%@~.\n -]{0,60}$/);
    await fc.assert(fc.asyncProperty(fc.oneof(odd, fc.string()), whole(useful)));
  });

  test('in the place of any value are taken or refused with a place', async () => {
    const lines = valid.split('\n');
    const value = fc.oneof(
      fc.constantFrom(
        '',
        '~',
        '.nan',
        '.inf',
        '-1',
        '1.5',
        '[]',
        '{}',
        '[1, 1]',
        '{ a: 1 }',
        '&a',
        '*a',
        '!!int x',
        '__proto__',
      ),
      fc.json({ maxDepth: 2 }).map((text) => stringify(JSON.parse(text), { collectionStyle: 'flow' }).trim()),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.nat({ max: lines.length - 2 }),
        value,
        whole(async (at, by) => {
          const changed = lines.with(
            at,
            lines[at].replace(/:.*/, () => `: ${by}`),
          );
          await useful(changed.join('\n'));
        }),
      ),
    );
  });
});

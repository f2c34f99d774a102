/** Experiments on the hosts of a lab file. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { availableCores } from '../experiments/machine/machine.ts';
import { MANIFEST_FILE } from '../results/formats/index.ts';
import { redis, system, type TestRun, testRuns, tinyWorkload } from './experiments-campaign.ts';

const create = testRuns();
const workload = { ...tinyWorkload, operations: ['get'] };

/** This machine, with an address of its own on its loopback, and one that is nobody's. */
function writeLab(run: TestRun, place: string): string {
  const [first, last = first] = [availableCores()[0], availableCores().at(-1)];
  const file = path.join(run.folder, 'lab.yaml');
  const text = `lab: test
hosts:
  me:
    launcher: local
    server_cores: [${first}]
    client_cores: [${last}]
    networks: { lan: { address: 127.0.0.2/8, interface: lo } }
    env: { OF_HOST: host, OF_BOTH: host }
  far:
    ssh: { host: secret.example.org, user: somebody }
    folder: /home/somebody/x
    server_cores: [0]
    client_cores: [0]
    networks: { lan: { address: 127.0.0.3/8 } }
place: ${place}
`;
  writeFileSync(file, text);
  return file;
}

it('on this machine a run has the addresses, interfaces and environment of its host', async () => {
  const env = { OF_BOTH: 'system', INTERFACE: '{interface}' };
  const print = 'echo $OF_HOST $OF_BOTH $INTERFACE "$0"; exec false';
  const told = system('told', ['sh', '-c', print, '{address}/{prefix}', '{port}'], { env });
  const run = create({ systems: [redis, told], workload });
  const lab = writeLab(run, '{ server: me, generators: [me], network: lan }');
  expect((await run.start('--lab', lab)).exitCode).toBe(1);
  const [measured, other] = ['redis', 'told'].map(
    (name) => run.trials().find(({ subject }) => subject === name)!,
  );
  expect(measured).toMatchObject({ reason: null, status: 'ok' });
  expect(measured.server_command).toContain('127.0.0.2');
  expect(other.reason).toMatch(/host system lo 127\.0\.0\.2\/8/);
  const manifest = readFileSync(path.join(run.out, MANIFEST_FILE), 'utf8');
  expect(JSON.parse(manifest)).toMatchObject({
    command: expect.arrayContaining(['--lab', 'lab.yaml']),
    config: { hosts: { me: { networks: { lan: { address: '127.0.0.2/8' } } } } },
  });
  expect(manifest).not.toMatch(/secret|somebody/);
});

it('another program on several generators is refused before anything is there of it', async () => {
  const run = create({ systems: [redis], workload });
  const lab = writeLab(run, '{ server: me, generators: [me, far] }');
  const { exitCode, stderr } = await run.start(
    '--lab',
    lab,
    '--set',
    'systems.redis.device=lo',
    '--set',
    'workload.clients=2',
    '--set',
    'systems.redis.client.program=redis-benchmark',
  );
  expect([exitCode, stderr]).toEqual([
    1,
    expect.stringMatching(
      /^bypassbench: redis: me, far are to generate its load with redis-benchmark, which does not wait/,
    ),
  ]);
  expect(existsSync(run.out)).toBe(false);
});

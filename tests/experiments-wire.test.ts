/** Experiments over a wire, and the wire by hand. Who may make no namespace is refused, with the remedy. */
import { execFileSync, spawnSync } from 'node:child_process';
import { readlinkSync } from 'node:fs';
import { describe, expect, it, onTestFinished } from 'vitest';
import { planInWords, planned } from '../experiments/all/plan.ts';
import { SERVER_ADDRESS, Wire } from '../experiments/wire/wire.ts';
import { bypassbench, redis, system, testRuns, tinyWorkload } from './experiments-campaign.ts';

const mayMake = spawnSync('unshare', ['--net', '--mount', 'true']).status === 0;
const create = testRuns();
const workload = { ...tinyWorkload, operations: ['get'] };

describe.runIf(mayMake)('with the right to make namespaces', () => {
  it('a run has its servers at the other end of a wire, and leaves nothing of it behind', async () => {
    // Whoever listens at the server's address is in a namespace where that is an address.
    const elsewhere = system('elsewhere', ['sh', '-c', 'readlink /proc/self/ns/net; exec false', '{port}']);
    // To clients that are not of its own host Redis answers only when it is told to.
    const { start } = redis as { start: string[] };
    const open = { ...redis, start: [...start, '--protected-mode', 'no'] };
    const run = create({ systems: [open, elsewhere], workload, wire: 'veth' });
    expect((await run.start()).exitCode).toBe(1);
    const [measured, other] = ['redis', 'elsewhere'].map(
      (name) => run.trials().find(({ subject }) => subject === name)!,
    );
    expect(measured).toMatchObject({ reason: null, status: 'ok' });
    expect(measured.server_command).toContain(SERVER_ADDRESS);
    expect(other.reason).toMatch(/net:\[\d+\]/);
    expect(other.reason).not.toContain(readlinkSync('/proc/self/ns/net'));
  });

  it("a thread is at the client's end until the wire is closed", () => {
    const network = (): string => readlinkSync('/proc/thread-self/ns/net');
    const home = network();
    const wire = new Wire();
    onTestFinished(() => expect(network()).toBe(home));
    try {
      const addresses = execFileSync('ip', ['-brief', 'address'], { encoding: 'utf8' });
      expect(addresses).toMatch(/^wire0\S* +\S+ +10\.77\.0\.2\/24/m);
      expect(execFileSync('ping', ['-c', '1', '-W', '2', SERVER_ADDRESS], { encoding: 'utf8' })).toContain(
        ' 0% packet loss',
      );
    } finally {
      wire.close();
    }
  });

  it('by hand it is made once, and taken down', () => {
    // Names of namespaces are files: here they are nobody else's.
    const script = `mount -t tmpfs tmpfs /run && "$0" wire up; "$0" wire up; ip netns | sort; "$0" wire down; "$0" wire down`;
    const { stdout, stderr } = spawnSync('unshare', ['--mount', 'sh', '-c', script, bypassbench], {
      encoding: 'utf8',
    });
    expect(stderr).toMatch(
      /^bypassbench: there is a network namespace bypassbench-server and bypassbench-client: 'bypassbench wire down'/,
    );
    expect(stdout.split('\n')).toEqual([
      'bypassbench-server has 10.77.0.1, bypassbench-client has 10.77.0.2, each on wire0',
      expect.stringMatching(/^bypassbench-client/),
      expect.stringMatching(/^bypassbench-server/),
      'removed bypassbench-server and bypassbench-client',
      'there is no wire',
      '',
    ]);
  });

  it('a root who may not is told so', () => {
    const run = create({ systems: [redis], workload, wire: 'veth' });
    const words = ['--bounding-set', '-sys_admin', bypassbench, 'run', run.config, '--out', run.out];
    const { status, stderr } = spawnSync('setpriv', words, { encoding: 'utf8' });
    expect([status, stderr]).toEqual([1, expect.stringMatching(refusal)]);
  });
});

const refusal = /^bypassbench: no wire can be made here \(unshare: EPERM\): run it as root/;

it.runIf(!mayMake)('is refused without that right, and all experiments leave it out', async () => {
  const run = create({ systems: [redis], workload, wire: 'veth' });
  const { exitCode, stderr } = await run.start();
  expect([exitCode, stderr]).toEqual([1, expect.stringMatching(refusal)]);
  const plan = await planned('wire', run.config, false);
  expect(planInWords([plan])).toMatch(/^wire +- +left out: no wire can be made here/);
});

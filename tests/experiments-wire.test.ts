/** Experiments over a wire, and the wire by hand. They need root; without it they are refused, with the remedy. */
import { execFile, execFileSync } from 'node:child_process';
import { existsSync, readlinkSync } from 'node:fs';
import { promisify } from 'node:util';
import { describe, expect, it, onTestFinished } from 'vitest';
import { planInWords, planned } from '../experiments/all/plan.ts';
import { SERVER_ADDRESS, Wire } from '../experiments/wire/wire.ts';
import { bypassbench } from './example-servers.ts';
import { redis, system, testRuns, tinyWorkload } from './experiments-campaign.ts';

const execute = promisify(execFile);
const mayMake = process.getuid?.() === 0;
const create = testRuns();
const workload = { ...tinyWorkload, operations: ['get'] };

describe.runIf(mayMake)('as root', () => {
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
    const addresses = (): string => execFileSync('ip', ['-brief', 'address'], { encoding: 'utf8' });
    const before = addresses();
    const wire = new Wire();
    expect(addresses()).toMatch(/^wire0\S* +\S+ +10\.77\.0\.2\/24/m);
    expect(execFileSync('ping', ['-c', '1', '-W', '2', SERVER_ADDRESS], { encoding: 'utf8' })).toContain(
      ' 0% packet loss',
    );
    wire.close();
    expect(addresses()).toBe(before);
  });

  it('by hand it is made once, and taken down', async () => {
    onTestFinished(() => void execFileSync(bypassbench, ['wire', 'down']));
    expect((await execute(bypassbench, ['wire', 'up'])).stdout).toMatch(
      /^bypassbench-server has 10\.77\.0\.1/,
    );
    const again = await execute(bypassbench, ['wire', 'up']).catch((error) => error);
    expect(again.stderr).toMatch(
      /there is a network namespace bypassbench-server and bypassbench-client: 'bypassbench wire down'/,
    );
    expect((await execute(bypassbench, ['wire', 'down'])).stdout).toMatch(/^removed bypassbench-server and/);
    expect(existsSync('/run/netns/bypassbench-server')).toBe(false);
    expect((await execute(bypassbench, ['wire', 'down'])).stdout).toBe('there is no wire\n');
  });
});

it.runIf(!mayMake)('is refused without root, and left out of all experiments', async () => {
  const run = create({ systems: [redis], workload, wire: 'veth' });
  const { exitCode, stderr } = await run.start();
  expect([exitCode, stderr]).toEqual([
    1,
    expect.stringMatching(/no wire can be made here \(.*EPERM.*\): run it as root/),
  ]);
  expect(planInWords([await planned('wire', run.config, false)])).toMatch(
    /^wire +- +left out: no wire can be made here/,
  );
});

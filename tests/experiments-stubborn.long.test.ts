/** A server that does not end, in a run that waits for it: its short form is experiments/machine/process.test.ts. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { system, testRuns } from './experiments-campaign.ts';

const create = testRuns();

test('a server that does not end on SIGTERM is killed after five seconds, and what it started with it', async () => {
  const stubborn = `trap '' TERM; sleep 600 & echo "started $! $$"; while :; do sleep 1; done`;
  const run = create({
    systems: [
      system('stubborn', ['sh', '-c', stubborn, '{port}'], {
        ready: { by: 'output', pattern: 'started', timeout_s: 20 },
      }),
    ],
  });
  await run.start();
  expect(run.trials()[0].reason).toMatch(
    /^the load generator exited with code 1 during set: .*cannot connect/,
  );
  const [folder] = run.trialFolders();
  expect(readFileSync(path.join(folder!, 'runner.log'), 'utf8')).toContain('still there 5 s after SIGTERM');
  const pids = readFileSync(path.join(folder!, 'server.stdout.log'), 'utf8').match(/\d+/g)!;
  expect(pids).toHaveLength(2);
  for (const pid of pids) expect(existsSync(`/proc/${pid}/exe`)).toBe(false);
});

/**
 * What Redis' engine takes for a GET of one connection, in microseconds, from the stages of a run:
 *
 *     stage      the server's part of the port over the kernel: from the request that was popped to the reply that is
 *                pushed, less the microsecond that the passage through the library OS may take
 *     command    what unmodified Redis counts as its command's own time (usec_per_call of INFO commandstats)
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { summaryFormat } from '../../results/formats/index.ts';
import { printNumber, words } from './print.ts';

const PASSAGE_US = 1;
const SYSTEMS = { stage: 'redis-kernel', command: 'redis' } as const;

const [what = ''] = words('stage|command');
if (what !== 'stage' && what !== 'command') throw new Error(`usage: stage|command`);
const folder = mkdtempSync(join(tmpdir(), 'bypassbench-engine-'));
try {
  const config = join(folder, 'engine.yaml');
  const out = join(folder, 'run');
  writeFileSync(config, experiment(SYSTEMS[what]));
  const { exitCode, stdout } = await execa('bin/bypassbench', ['run', config, '--out', out], {
    reject: false,
  });
  if (exitCode !== 0) throw new Error(`the run of ${SYSTEMS[what]} has no valid numbers:\n${stdout}`);
  const summary = summaryFormat.read(readFileSync(join(out, 'summary.json'), 'utf8'));
  const stages = summary.points.find(({ system }) => system === SYSTEMS[what])?.breakdown?.p50?.stages_us;
  const time_us = what === 'stage' ? stages?.server_application : stages?.server_command;
  if (time_us === undefined) throw new Error(`the run of ${SYSTEMS[what]} has no stages of GET`);
  printNumber(what === 'stage' ? time_us - PASSAGE_US : time_us, 'us');
} finally {
  rmSync(folder, { recursive: true });
}

function experiment(system: string): string {
  return `experiment: redis-engine-time
title: Stages of a GET
systems: [{ use: ${system}, floor: [] }]
trials: 1
distance: { extend_s: 0 }
stages: { every: 8, duration_s: 1.5 }
workload: { operations: [get], keys: 100000, value_bytes: 64, duration_s: 0.5 }
`;
}

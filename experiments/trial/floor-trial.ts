/** One trial of a floor: its program measures each operation, with no server beside it. */
import { type FloorValues, fillPlaceholders } from '../config/placeholders.ts';
import { type Meter, measure, type WorkloadOperation } from './measurement.ts';
import type { FloorTrial } from './plan.ts';
import { type EndedTrial, type TrialContext, TrialRun } from './trial-run.ts';

export function runFloorTrial(planned: FloorTrial, context: TrialContext): Promise<EndedTrial> {
  const { workload, subject } = planned;
  const { command, cores } = subject;
  const run = new TrialRun(planned, context);
  const values = {
    value_bytes: String(workload.value_bytes),
    warmup_s: String(workload.warmup_s),
    duration_s: String(workload.duration_s),
    cores: cores.join(','),
  };
  const filled = (rest: Pick<FloorValues, 'operation' | 'out'>): string[] =>
    command.map((word) => fillPlaceholders(word, { ...values, ...rest }));
  // One command line stands for those of all operations.
  run.command = filled({ operation: '{operation}', out: '{out}' });
  const checkout = context.checkouts.get(planned.subject.name);
  const meterOf = (operation: WorkloadOperation, out: string, temporary: string): Meter => {
    return {
      name: "the floor's program",
      log: 'floor',
      argv: filled({ operation, out }),
      checkout,
      cores,
      // What it leaves behind when it is killed goes with the trial's own folder.
      env: { TMPDIR: temporary },
      server: null,
    };
  };
  const work = async (): Promise<void> => {
    const host = context.local;
    const temporary = await run.createFolder(host);
    run.folder.log(`on cores ${cores}: ${JSON.stringify(run.command)}`);
    for (const operation of workload.operations) {
      await run.measure(operation, [{ host, cores, pid: null }], async (folder) => {
        const there = await run.mirror(host, folder);
        const meter = meterOf(operation, there, temporary);
        const { duration_s } = workload;
        const asked = { ...context, workload, operation, duration_s, folder, there, host, meter };
        return { result: await measure(asked), generators: null };
      });
    }
  };
  return run.run(work);
}

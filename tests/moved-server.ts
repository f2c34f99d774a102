/** Moves a server from core to core while a load reads its distance, at readings and not at times. */
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { execa } from 'execa';

const LOOK_EVERY_MS = 5;

/** Of a load generator that runs. */
interface Readings {
  /** Resolves once so many further readings were taken. */
  more(count: number): Promise<void>;
}

/** Resolves once the load generator `pid` has a helper for its readings. */
export async function readingsOf(pid: number): Promise<Readings> {
  let helper = helperOf(pid);
  while (helper === null) {
    await sleep(LOOK_EVERY_MS);
    helper = helperOf(pid);
  }
  const status = `/proc/${pid}/task/${helper}/status`;
  // It sleeps between readings (proc(5)).
  const taken = () => Number(/^voluntary_ctxt_switches:\s*(\d+)$/m.exec(readFileSync(status, 'utf8'))![1]);
  return {
    async more(count) {
      const enough = taken() + count;
      while (taken() < enough) await sleep(LOOK_EVERY_MS);
    },
  };
}

/** The thread that libos/native/distance.c calls so. */
function helperOf(pid: number): string | null {
  const threads = readdirSync(`/proc/${pid}/task`);
  const isHelper = (thread: string) =>
    readFileSync(`/proc/${pid}/task/${thread}/comm`, 'utf8') === 'distance\n';
  return threads.find(isHelper) ?? null;
}

export async function moveServer(pid: number, core: number): Promise<void> {
  await execa('taskset', ['--all-tasks', '--cpu-list', '--pid', `${core}`, `${pid}`]);
}

/** Starts the server of a system. */

import { fillPlaceholders, type SystemValues, startWithOptions } from '../config/placeholders.ts';
import type { System } from '../config/schema.ts';
import { type Checkout, commandPath } from '../machine/checkout.ts';
import type { RunningProcess, Supervisor } from '../machine/process.ts';

/** Where servers listen that are at no wire's end: nothing of a run leaves this machine. */
export const HOST = '127.0.0.1';

export interface ServerRequest {
  system: System;
  checkout: Checkout | undefined;
  /** Of its placeholders. */
  values: SystemValues;
  cwd: string;
  /** The network namespace that it is started in; undefined: this thread's. */
  network?: string;
  logs: { stdoutFile: string; stderrFile: string };
  supervisor: Supervisor;
}

export function startServer({
  system,
  checkout,
  values,
  cwd,
  network,
  logs,
  supervisor,
}: ServerRequest): RunningProcess {
  const fill = (text: string): string => fillPlaceholders(text, values);
  const [program = '', ...args] = startWithOptions(system).map(fill);
  return supervisor.start({
    argv: [commandPath(program, checkout), ...args],
    cores: system.server_cores,
    cwd,
    network,
    env: Object.fromEntries(Object.entries(system.env).map(([name, value]) => [name, fill(value)])),
    ...logs,
  });
}

/** Starts the server of a system. */

import type { HostValues } from '../config/host-placeholders.ts';
import { fillPlaceholders, type SystemValues, startWithOptions } from '../config/placeholders.ts';
import type { System } from '../config/schema.ts';
import type { Checkout } from '../machine/checkout.ts';
import type { TrialHost, TrialProcess } from '../machine/trial-host.ts';
import type { ServerLogs } from './readiness.ts';

/** Where servers listen that are at no wire's end: nothing of a run leaves this machine. */
export const HOST = '127.0.0.1';

export interface ServerRequest {
  system: System;
  checkout: Checkout | undefined;
  /** Of its placeholders. */
  values: SystemValues & HostValues;
  /** Environment variables of all that is started on its host; those of the system are above them. */
  hostEnv: Readonly<Record<string, string>>;
  cwd: string;
  /** The network namespace that it is started in; undefined: this thread's. */
  network?: string;
  logs: ServerLogs;
  host: TrialHost;
}

export function startServer({
  system,
  checkout,
  values,
  hostEnv,
  cwd,
  network,
  logs,
  host,
}: ServerRequest): Promise<TrialProcess> {
  const fill = (text: string): string => fillPlaceholders(text, values);
  const own = Object.entries(system.env).map(([name, value]) => [name, fill(value)]);
  return host.start({
    argv: startWithOptions(system).map(fill),
    checkout,
    cores: system.server_cores,
    cwd,
    network,
    env: { ...hostEnv, ...Object.fromEntries(own) },
    ...logs,
  });
}

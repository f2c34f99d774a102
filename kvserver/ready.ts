/** The line of JSON by which a server says that it is ready, and where: whoever started it waits for it. */
import type { Endpoint } from '../libos/index.ts';
import type { ServeOptions } from './options.ts';

export interface ServedEndpoint extends Endpoint {
  /** What the backend has come to where its options leave that open; null, or absent, where they do not. */
  device?: string | null;
}

/** `endpoint` null: the engine has ended already, and there is nothing to say. */
export function sayReady(
  endpoint: ServedEndpoint | null,
  { frontend, backend }: Pick<ServeOptions, 'frontend' | 'backend'>,
): void {
  if (endpoint === null) return;
  const { address, port, device } = endpoint;
  const said = device == null ? {} : { device };
  console.log(JSON.stringify({ ready: true, address, port, pid: process.pid, frontend, backend, ...said }));
}

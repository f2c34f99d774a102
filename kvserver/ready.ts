/** The line of JSON by which a server says that it is ready, and where: whoever started it waits for it. */
import type { ServeOptions } from './options.ts';

/** `endpoint` null: the engine has ended already, and there is nothing to say. */
export function sayReady(
  endpoint: { address: string; port: number } | null,
  { frontend, backend }: Pick<ServeOptions, 'frontend' | 'backend'>,
): void {
  if (endpoint === null) return;
  const { address, port } = endpoint;
  console.log(JSON.stringify({ ready: true, address, port, pid: process.pid, frontend, backend }));
}

/** A server over RDMA in a process of its own and a client in this one, each with what it is told or over shm. */
import { Agent } from '../libos/conformance/two-processes.ts';
import { World } from '../libos/conformance/world.ts';
import { createLibos } from '../libos/every-backend.ts';
import type { LibosOptions } from '../libos/index.ts';

export const shm: LibosOptions = { backend: 'rdma', checked: true };
export const SERVER = '127.0.0.2';
const CLIENT = '127.0.0.1';

const agents: Agent[] = [];

/** Another process that makes libOSes as it is told. */
export function startAgent(): Agent {
  const agent = new Agent();
  agents.push(agent);
  return agent;
}

/** Ends all of them; those that were killed already do not matter. */
export async function stopAgents(): Promise<void> {
  for (const agent of agents.splice(0)) await agent.stop().catch(() => {});
}

export function startPair(serverOptions = shm, clientOptions = shm) {
  const agent = startAgent();
  const server = agent.create(serverOptions);
  const client = createLibos(clientOptions);
  const world = new World({
    create: () => ({ server, client, serverAddress: SERVER, clientAddress: CLIENT }),
  });
  return { agent, server, client, world };
}

/** Two simulated hosts for the tests of hostile peers: the connection that is attacked, and an honest one beside it. */
import assert from 'node:assert/strict';
import { World } from '../conformance/world.ts';
import { type HostOptions, SimulatedNetwork } from './test-network.ts';

type Host = ReturnType<SimulatedNetwork['createHost']>;
type Pair = ReturnType<World['connect']>;

export const BUFFER_BYTES = 1000;

export interface Attacked {
  server: Host;
  client: Host;
  world: World;
  victim: Pair;
  honest: Pair;
  /** The server's, at which messages to the attacked connection arrive. */
  device: Host['device'];
  /** Of the last message there; the next one has the sequence number behind. */
  header: number[];
}

export function attackedHosts(
  network: SimulatedNetwork = new SimulatedNetwork({ maxDelayUs: 3 }),
  options: HostOptions = {},
): Attacked {
  const given = { bufferBytes: BUFFER_BYTES, receiveLimit: 64, maxWindow: 8, ...options };
  const server = network.createHost(given);
  const client = network.createHost(given);
  const world = new World({
    create: () => ({
      server: server.libos,
      client: client.libos,
      serverAddress: server.address,
      clientAddress: client.address,
    }),
  });
  const listener = world.listen();
  const victim = world.connect(listener);
  carries(world, victim, 'first');
  const device = server.devices.find((one) => network.lastHeaderTo.has(one))!;
  const header = [...network.lastHeaderTo.get(device)!];
  return { server, client, world, victim, honest: world.connect(listener), device, header };
}

/** The honest connection carries `messages` to the server. Throws where it does not. */
export function carriesOn({ world, honest }: Pick<Attacked, 'world' | 'honest'>, messages: number): void {
  for (let i = 0; i < messages; i++) carries(world, honest, `still here ${i}`);
}

function carries(world: World, { clientQd, serverQd }: Pair, text: string): void {
  world.pushFreeing(world.client, clientQd, text);
  assert.equal(world.popText(world.server, serverQd), text);
}

/** Which push gets the counter readings of which flush, over a simulated network. */
import { expect, it } from 'vitest';
import { World } from '../conformance/world.ts';
import { HANDED, HEADER_BYTES, ON, STAMP_BYTES, StampRing } from '../stamps/ring.ts';
import { StampWriter } from '../stamps/writer.ts';
import type { Channel } from './channel.ts';
import { SimulatedNetwork } from './test-network.ts';

const SLOT_MASK = 0xf_ffff;

it('does not take the flush of a push that has failed for that of the push which has its slot now', () => {
  const ring = StampRing.create(null, 64);
  const network = new SimulatedNetwork({ maxDelayUs: 3 });
  const options = { bufferBytes: 1000, receiveLimit: 64, maxWindow: 8 };
  const server = network.createHost(options);
  const client = network.createHost({ ...options, stamps: new StampWriter(ring) });
  const { libos } = client;
  const world = new World({
    create: () => ({
      server: server.libos,
      client: libos,
      serverAddress: server.address,
      clientAddress: client.address,
    }),
  });
  /** What the last push's stamp has from the device: four words. */
  const readings = () => {
    const snapshot = ring.snapshot().slice();
    return [...new Int32Array(snapshot.buffer, snapshot.length - STAMP_BYTES + 24, 4)];
  };
  const listener = world.listen();
  const [broken, stuck] = [world.connect(listener), world.connect(listener)];
  const [brokenLine, stuckLine] = client.rendezvous.lines;
  const push = (qd: number) => world.pushFreeing(libos, qd, 'data');
  // Nobody reads: there are no credits left, and what is pushed then waits.
  const { connection } = stuckLine.owner as Channel;
  while (connection.credits > 0) world.wait(libos, push(stuck.clientQd));

  libos.waitNext(0, 0);
  ring.stampEvery(1);
  // As the glue says in a window that is stamped.
  ring.words[ON] = 1;
  const sent = push(broken.clientQd);
  const queued = push(broken.clientQd);
  client.transport.broken(brokenLine);
  // This one finds the connection broken, and all three fail without a poll, and so without a flush.
  const refused = push(broken.clientQd);
  for (const token of [sent, refused, queued]) expect(libos.wait(token)?.error).toBe('CONNECTION_RESET');

  const waiting = push(stuck.clientQd);
  expect(waiting & SLOT_MASK).toBe(queued & SLOT_MASK);
  expect(readings()).toEqual([0, 0, 0, 0]);
  ring.words.fill(77, HANDED, HANDED + 4);
  libos.waitNext(0, 0);
  expect(readings()).toEqual([0, 0, 0, 0]);
  for (let i = 0; i < 5; i++) world.pop(server.libos, stuck.serverQd);
  expect(world.wait(libos, waiting).error).toBeNull();
  expect(readings()).toEqual([77, 77, 77, 77]);
  expect(ring.snapshot().length).toBe(HEADER_BYTES + 4 * STAMP_BYTES);
  world.shutdown();
});

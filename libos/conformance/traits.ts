/**
 * What the suite must know of a backend and its descriptor does not say, found by trying: where connections come from,
 * how much one takes while nobody pops, how long a datagram may be.
 */
import type { QToken, QueueDescriptor } from '../index.ts';
import { MOST_DATAGRAM_BYTES, type TestedBackend, World, type WorldMaker } from './world.ts';

export interface Traits extends Pick<TestedBackend, 'unreadBytes' | 'datagramBytes'> {
  clientAddress: string;
}

const CHUNK_BYTES = 64 * 1024;
const MOST_UNREAD_BYTES = 64 * 1024 * 1024;
/** A push that has not completed in this time and so many turns does not: the connection is full. */
const FULL_MS = 300;
const FULL_TURNS = 1000;
/** So long a datagram is waited for, so that buffers do not fill with them; it may be lost. */
const ARRIVAL_MS = 100;
/** Buffers of kernels grow with what goes through them: another connection may take more. */
const GROWTH = 2;

/** Throws what goes wrong. */
export function measureTraits(maker: WorldMaker, hasDatagrams: boolean): Traits {
  const world = new World(maker);
  try {
    const { serverQd, clientQd } = world.connect();
    const { address: clientAddress } = world.client.localEndpoint(clientQd);
    const unreadBytes = GROWTH * fill(world, clientQd);
    world.client.close(clientQd, 'reset');
    world.server.close(serverQd);
    return {
      clientAddress,
      unreadBytes,
      datagramBytes: hasDatagrams ? longestDatagram(world, clientAddress) : 0,
    };
  } finally {
    endQuietly(world);
  }
}

/** What it leaks is for the cases to say. */
function endQuietly(world: World): void {
  try {
    world.shutdown();
  } catch {
    // As above.
  }
}

/** Pushes until the connection takes no more. */
function fill(world: World, clientQd: QueueDescriptor): number {
  const chunk = new Uint8Array(CHUNK_BYTES);
  for (let bytes = 0; bytes < MOST_UNREAD_BYTES; bytes += CHUNK_BYTES) {
    if (!isTaken(world, world.pushFreeing(world.client, clientQd, chunk))) return bytes;
  }
  throw new Error(
    `a connection takes more than ${MOST_UNREAD_BYTES} bytes that nobody pops: bound it, so that pushes complete when the ` +
      'peer takes them',
  );
}

function isTaken({ server, client }: World, token: QToken): boolean {
  const begun = performance.now();
  for (let turns = 0; turns < FULL_TURNS || performance.now() - begun < FULL_MS; turns++) {
    const completion = client.wait(token, 0);
    if (completion !== null) {
      if (completion.error !== null) throw new Error(`push: ${completion.error}`);
      return true;
    }
    server.waitNext(0, 0);
  }
  return false;
}

/** By halving between one that is sent and one that is refused. */
function longestDatagram(world: World, clientAddress: string): number {
  const { server, client } = world;
  const to = server.socket('datagram');
  server.bind(to, { address: world.address, port: 0 });
  const from = client.socket('datagram');
  client.bind(from, { address: clientAddress, port: 0 });
  const endpoint = server.localEndpoint(to);
  let pop = server.pop(to);

  const drain = () => {
    const giveUp = performance.now() + ARRIVAL_MS;
    while (performance.now() < giveUp) {
      client.waitNext(0, 0);
      const completion = server.wait(pop, 0);
      if (completion === null) continue;
      if (completion.sga !== null) server.free(completion.sga);
      pop = server.pop(to);
      return;
    }
  };
  const isRefused = (bytes: number) => {
    const sga = world.buffer(client, new Uint8Array(bytes));
    const { error } = world.wait(client, client.pushTo(from, sga, endpoint));
    client.free(sga);
    if (error === 'MESSAGE_TOO_LONG') return true;
    if (error !== null) throw new Error(`pushTo of ${bytes} bytes: ${error}`);
    drain();
    return false;
  };

  if (isRefused(1)) throw new Error('pushTo of 1 byte: MESSAGE_TOO_LONG');
  if (!isRefused(MOST_DATAGRAM_BYTES)) return MOST_DATAGRAM_BYTES;
  let [sent, refused] = [1, MOST_DATAGRAM_BYTES];
  while (refused - sent > 1) {
    const middle = Math.floor((sent + refused) / 2);
    if (isRefused(middle)) refused = middle;
    else sent = middle;
  }
  return sent;
}

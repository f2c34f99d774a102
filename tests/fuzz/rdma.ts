/**
 * What an RDMA peer may send: hellos of any bytes, and messages and records with any header. A hello is read or
 * refused, never a crash; a connection ends or goes on, an honest one beside it works, all receives that were promised
 * are there, and no memory is lost.
 */
import fc from 'fast-check';
import { decodeHello, encodeHello } from '../../libos/rdma/hello.ts';
import { HEADER_WORDS, KIND_SHIFT, Kind, SEQUENCE } from '../../libos/rdma/message.ts';
import { attackedHosts, BUFFER_BYTES, carriesOn } from '../../libos/rdma/test-attack.ts';
import { honestHello } from '../../libos/rdma/test-hello.ts';
import { SimulatedNetwork } from '../../libos/rdma/test-network.ts';
import type { Target } from './target.ts';

interface Message {
  /** Words of the header that an honest message would have, and what is added to them, or put in their place. */
  words: readonly { index: number; adds: boolean; value: number }[];
  isCredit: boolean;
  claimedBytes: number;
  bytes: number;
  /** The next one in order, as far as that goes. */
  inOrder: boolean;
}

interface RdmaCase {
  seed: number;
  reorder: boolean;
  endpointPerPeer: boolean;
  /** The first bytes of a line: some of an honest hello changed, cut there. */
  hello: { bytes: readonly { at: number; value: number }[]; cut: number };
  messages: readonly Message[];
  records: readonly { kind: number; reason: number; data: number; credits: number; behind: number }[];
}

/** Turns of both sides in which everything that is on its way has arrived. */
const TURNS = 60;
const POOL_BYTES_MAX = 8 * 1024 * 1024;

const near = fc.oneof(fc.integer({ min: -20, max: 20 }), fc.integer());
const cases: fc.Arbitrary<RdmaCase> = fc.record({
  seed: fc.nat(),
  reorder: fc.boolean(),
  endpointPerPeer: fc.boolean(),
  hello: fc.record({
    bytes: fc.array(fc.record({ at: fc.nat({ max: 90 }), value: fc.nat({ max: 255 }) }), { maxLength: 4 }),
    cut: fc.nat({ max: 300 }),
  }),
  messages: fc.array(
    fc.record({
      words: fc.array(
        fc.record({ index: fc.nat({ max: HEADER_WORDS - 1 }), adds: fc.boolean(), value: near }),
        { maxLength: 2 },
      ),
      isCredit: fc.boolean(),
      claimedBytes: fc.oneof(fc.nat({ max: 20 }), fc.constantFrom(BUFFER_BYTES, BUFFER_BYTES + 1, 0xff_ffff)),
      bytes: fc.oneof(fc.nat({ max: 20 }), fc.constantFrom(BUFFER_BYTES, 5000)),
      inOrder: fc.boolean(),
    }),
    { maxLength: 12 },
  ),
  records: fc.array(
    fc.record({
      kind: fc.nat({ max: 4 }),
      reason: fc.nat({ max: 4 }),
      data: near,
      credits: near,
      behind: fc.nat({ max: 12 }),
    }),
    { maxLength: 3 },
  ),
});

export const rdma: Target<RdmaCase> = {
  holds:
    'RDMA peers that say anything: hellos are read or refused, messages end their own connection at most',
  cases,
  play(testCase) {
    checkHello(testCase.hello);
    attack(testCase);
  },
};

function checkHello({ bytes: changes, cut }: RdmaCase['hello']): void {
  const bytes = encodeHello(honestHello);
  for (const { at, value } of changes) bytes[at % bytes.length] = value;
  const given = bytes.subarray(0, cut);
  const read = decodeHello(given);
  if (read === null || typeof read === 'string') return;
  if (read.length > given.length)
    throw new Error(`a hello of ${read.length} bytes is read from ${given.length}`);
  const again = decodeHello(encodeHello(read.hello));
  if (again === null || typeof again === 'string') throw new Error(`a hello that was read is none: ${again}`);
}

function attack({ seed, reorder, endpointPerPeer, messages, records }: RdmaCase): void {
  const network = new SimulatedNetwork({ seed, maxDelayUs: 3, reorder });
  const attacked = attackedHosts(network, { endpointPerPeer });
  const { server, client, world, victim, device, header } = attacked;
  const turn = (): void => {
    for (let i = 0; i < TURNS; i++) {
      server.libos.waitNext(0, 0);
      client.libos.waitNext(0, 0);
    }
  };
  const [line] = client.rendezvous.lines;
  messages.forEach((message, index) => {
    for (const { behind, kind, reason, data, credits } of records) {
      if (behind === index) line?.send(kind, reason, data, credits);
    }
    if (message.inOrder) header[SEQUENCE] = (header[SEQUENCE] + 1) | 0;
    device.inject(headerOf(header, message), new Uint8Array(message.bytes));
    turn();
  });
  const last = server.libos.pop(victim.serverQd);
  turn();
  carriesOn(attacked, 5);
  if (device.posted < server.transport.engine.budget.promised && !endpointPerPeer) {
    throw new Error(`${device.posted} receives are posted, promised are more`);
  }
  for (const { transport } of [server, client]) {
    const { mappedBytes } = transport.pool;
    if (mappedBytes > POOL_BYTES_MAX) throw new Error(`${mappedBytes} bytes of the pool are in use`);
  }
  server.libos.close(victim.serverQd);
  const ended = server.libos.wait(last, 0);
  if (ended?.sga) server.libos.free(ended.sga);
  client.libos.close(victim.clientQd);
  world.shutdown();
}

function headerOf(honestHeader: readonly number[], { words, isCredit, claimedBytes }: Message): number[] {
  const header = [...honestHeader];
  header[4] = ((isCredit ? Kind.Credit : Kind.Data) << KIND_SHIFT) | (isCredit ? 0 : claimedBytes);
  for (const { index, adds, value } of words) header[index] = adds ? (header[index] + value) | 0 : value;
  return header;
}

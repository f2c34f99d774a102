/**
 * The conformance suite on one mutant: MUTANT by its name in the table, or none, on the base MUTANT_BASE.
 * MUTANT_SUITE: the file of another suite.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, vi } from 'vitest';
import type { LibosCore } from '../../core.ts';
import { createLibos } from '../../every-backend.ts';
import { defaultTcpOptions } from '../../inet/tcp/options.ts';
import { kernelTraits } from '../../kernel/test-traits.ts';
import { SimulatedNetwork } from '../../rdma/test-network.ts';
import { createPair, pairAddresses } from '../../sim/pair.ts';
import { uringTraits } from '../../uring/test-traits.ts';
import { pairsIn, xdpTraits } from '../../xdp/test-traits.ts';
import type * as testSuite from '../test-suite.ts';
import type { Addresses, TestedBackend, WorldOptions } from '../world.ts';
import { type Base, type Mutant, NONE, type Sockets } from './mutant.ts';
import { mutants } from './table.ts';

vi.mock('../../native/sockets.ts', async (original) => {
  const real = await original<Sockets>();
  const table = await import('./table.ts');
  return { ...real, ...table.mutants[process.env.MUTANT as string]?.sockets?.(real) };
});

const name = process.env.MUTANT as string;
const base = process.env.MUTANT_BASE as Base;
const mutant: Mutant = name === NONE ? { rule: '', bases: [base] } : mutants[name];
const suite = process.env.MUTANT_SUITE ?? join(import.meta.dirname, '../test-suite.ts');
const { conformanceSuite } = (await import(suite)) as typeof testSuite;

/** Of the links of xdp's worlds. */
const folder = mkdtempSync(join(tmpdir(), 'bypassbench-mutant-'));
afterAll(() => rmSync(folder, { recursive: true }));

type Sides = Addresses & { server: LibosCore; client: LibosCore };

const RDMA_BUFFER_BYTES = 16 * 1024;
const RDMA_WINDOW = 64;

/** Both sides over sockets of the kernel's. */
function onSockets(backend: 'kernel' | 'uring'): (worldOptions: WorldOptions) => Sides {
  const create = (worldOptions: WorldOptions) =>
    createLibos({ ...worldOptions, backend, checked: true }) as LibosCore;
  return (worldOptions) => ({
    server: create(worldOptions),
    client: create(worldOptions),
    serverAddress: '127.0.0.1',
  });
}

/** Both sides over a pair of devices, which are two interfaces, so that a process may have both. */
function onDevices(): (worldOptions: WorldOptions) => Sides {
  const sidesOf = pairsIn(folder, mutant.nagle ? { nagle: 'on' } : {});
  return (worldOptions) => {
    const { server, client, ...addresses } = sidesOf(worldOptions);
    return {
      server: createLibos(server) as LibosCore,
      client: createLibos(client) as LibosCore,
      ...addresses,
    };
  };
}

const bases: Record<Base, Omit<TestedBackend, 'create'> & { create(options: WorldOptions): Sides }> = {
  kernel: { ...kernelTraits, create: onSockets('kernel') },
  uring: { ...uringTraits, create: onSockets('uring') },
  xdp: { ...xdpTraits, create: onDevices() },
  inet: {
    unreadBytes: defaultTcpOptions.receiveWindowBytes,
    datagramBytes: 9000 - 28,
    acknowledges: 'libos',
    socketOptions: true,
    create({ connectTimeoutMs, ...options }) {
      const tcp = { connectTimeoutUs: connectTimeoutMs * 1000, nagle: mutant.nagle ?? false };
      const { a, b } = createPair({ ...options, checked: true, tcp, stepUs: 2, link: { mtu: 9000 } });
      return { server: a, client: b, serverAddress: pairAddresses[0], clientAddress: pairAddresses[1] };
    },
  },
  rdma: {
    unreadBytes: RDMA_WINDOW * RDMA_BUFFER_BYTES,
    datagramBytes: RDMA_BUFFER_BYTES,
    acknowledges: 'device',
    create({ connectTimeoutMs, ...worldOptions }) {
      const network = new SimulatedNetwork({ maxDelayUs: 4 });
      const options = {
        ...worldOptions,
        bufferBytes: RDMA_BUFFER_BYTES,
        receiveLimit: 1024,
        maxWindow: RDMA_WINDOW,
        connectTimeoutUs: connectTimeoutMs * 1000,
      };
      const [server, client] = [network.createHost(options), network.createHost(options)];
      return {
        server: server.libos,
        client: client.libos,
        serverAddress: server.address,
        clientAddress: client.address,
      };
    },
  },
};

mutant.patchAll?.();
conformanceSuite(`${name} on ${base}`, {
  ...bases[base],
  create(options) {
    const sides = bases[base].create(mutant.options?.(options) ?? options);
    mutant.patch?.(sides.server);
    mutant.patch?.(sides.client);
    return sides;
  },
});

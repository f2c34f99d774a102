/**
 * A wrong backend: one that breaks one rule of the contract (libos/transport.ts, docs/libos.md) and keeps the others.
 * The conformance suite must fail it: `npm run test:mutants` shows whether it does.
 */
import type { LibosCore } from '../../core.ts';
import type * as sockets from '../../native/sockets.ts';
import type { WorldOptions } from '../world.ts';

/**
 * What is made wrong: the backends kernel, uring and xdp, our stack on a simulated link (that of dpdk and xdp), the
 * engine of rdma on a simulated network.
 */
export type Base = 'kernel' | 'uring' | 'inet' | 'rdma' | 'xdp';

/** The name of the mutant that breaks nothing: the base as it is, which must pass. */
export const NONE = 'none';

export type Sockets = typeof sockets;

export interface Mutant {
  /** The rule that it breaks, as the contract says it. */
  rule: string;
  bases: readonly Base[];
  /** Patches one side, both of which are wrong. */
  patch?(libos: LibosCore): void;
  /** Patches what both share. */
  patchAll?(): void;
  /** Calls of libos/native/sockets.ts that the backends kernel and uring get instead of the real ones. */
  sockets?(real: Sockets): Partial<Sockets>;
  options?(options: WorldOptions): WorldOptions;
  /** Of the stack. */
  nagle?: boolean;
}

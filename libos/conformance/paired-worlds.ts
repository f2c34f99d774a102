/** Worlds over a backend of which there is the descriptor: its pairing says how two ends reach each other. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { BackendDescriptor } from '../backend-descriptor.ts';
import type { BackendOptions } from '../backend-options.ts';
import { createLibos } from '../every-backend.ts';
import { LibosError } from '../index.ts';
import type { ProcessCount } from './case-messages.ts';
import { open, openInOrder, type SideOpening } from './opening.ts';
import { type TwoSides, twoProcesses } from './two-processes.ts';
import type { TestedBackend, WorldOptions } from './world.ts';

export interface PairedWorlds extends Pick<TestedBackend, 'create' | 'freeze' | 'close' | 'acknowledges'> {
  descriptor: BackendDescriptor;
}

/**
 * `folder` is for what the two sides of a world share, `given` are options that both have. Throws INVALID_ARGUMENT
 * where there is no pair with these options.
 */
export function pairedWorlds(
  descriptor: BackendDescriptor,
  given: BackendOptions,
  folder: string,
  processes: ProcessCount,
  opening: SideOpening,
): PairedWorlds {
  let worlds = 0;
  const sides = (options: WorldOptions): TwoSides => {
    // Whatever one leaves behind, the next one does not find.
    const own = join(folder, String(worlds++));
    mkdirSync(own, { recursive: true });
    const { address, server, client, together } = endsOf(descriptor, given, own);
    const both = { ...options, backend: descriptor.name, checked: true } as const;
    return {
      serverAddress: address,
      together,
      server: { ...both, backendOptions: server },
      client: { ...both, backendOptions: client },
    };
  };
  const { acknowledges = descriptor.acknowledges } = endsOf(descriptor, given, folder);
  const made = processes === 2 ? twoProcesses(sides, opening) : { create: inOneProcess(sides, opening) };
  return { descriptor, acknowledges, ...made };
}

/** Why the two sides cannot live in so many processes; null: they can. */
export function whyNotIn(
  processes: ProcessCount,
  { capabilities, pairing }: BackendDescriptor,
  given: BackendOptions,
): string | null {
  if (processes === 2) return null;
  if (!capabilities.threads) return 'a process has one of it at most (capabilities.threads)';
  return pairing?.apart?.(given) ?? null;
}

function inOneProcess(
  sides: (options: WorldOptions) => TwoSides,
  opening: SideOpening,
): TestedBackend['create'] {
  return (options) => {
    const { server, client, ...addresses } = sides(options);
    const openServer = () => open(opening, 'server', () => createLibos(server));
    const openClient = () => open(opening, 'client', () => createLibos(client));
    return { ...openInOrder(openServer, openClient), ...addresses };
  };
}

function endsOf({ name, pairing }: BackendDescriptor, given: BackendOptions, folder: string) {
  if (pairing === null) {
    const detail =
      `the descriptor of ${name} has no pairing, which says how two ends on one machine reach each other: the suite needs ` +
      'two ends';
    throw new LibosError('INVALID_ARGUMENT', 'conform', -1, detail);
  }
  const pair = pairing.ends(folder, given);
  if (typeof pair === 'string') throw new LibosError('INVALID_ARGUMENT', 'conform', -1, pair);
  return pair;
}

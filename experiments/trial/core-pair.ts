/** The two cores whose distance is measured, where there are two of them. */
import { isHere, isOneHost } from '../config/placement.ts';
import type { Floor, System } from '../config/schema.ts';
import type { Placement } from '../lab/where.ts';
import type { Checkout } from '../machine/checkout.ts';
import { availableCores } from '../machine/machine.ts';
import type { Cores } from '../machine/pair-survey.ts';

/** Of `bypassbench load`. */
const neededOptions = ['--server-core', '--server-pid'];

/** Of the load generator, one for each of its threads. */
export function clientCoresOf({ client }: { client: { core: number; more_cores?: number[] } }): number[] {
  return [client.core, ...(client.more_cores ?? [])];
}

/**
 * The cores of a system, or half a sentence that says why their distance is not measured; null where they are of two
 * machines and have none.
 */
export function corePairOf(
  {
    server_cores,
    client,
  }: Pick<System, 'server_cores'> & { client: { core: number; more_cores?: number[] } },
  checkout: Pick<Checkout, 'loadOptions'> | undefined,
  placement: Placement,
): Cores | string | null {
  if (!isOneHost(placement)) return null;
  if (!isHere(placement)) return 'it runs on another host';
  const [server, ...others] = server_cores;
  if (server === undefined || others.length > 0) return 'the server has several cores';
  if (client.more_cores) return 'the load generator has several cores';
  if (server === client.core) {
    return availableCores().length === 1 ? 'there is one core only' : 'server and client share a core';
  }
  if (checkout && !neededOptions.every((option) => checkout.loadOptions.has(option))) {
    return 'the load generator of its checkout does not measure it';
  }
  return { client: client.core, server };
}

/** The cores of a floor in the order of `bypassbench floor --cores`; null where it has not two. */
export function floorPairOf({ cores }: Pick<Floor, 'cores'>): Cores | null {
  const [server, client, ...others] = cores;
  if (server === undefined || client === undefined || others.length > 0) return null;
  return server === client ? null : { client, server };
}

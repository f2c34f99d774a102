/** Opening the two sides of a world: how long each may take, what is said when it takes longer, and who hears of it. */

import type { Libos } from '../index.ts';

export type WorldSide = 'server' | 'client';

/** A NIC takes seconds until its link is up, and longer where much memory is set aside first. */
export const OPEN_TIMEOUT_S = 20;

/** What a side is waited for. */
export type Awaited = 'its process to start' | 'its device to open';

export interface SideOpening {
  /** For each side. */
  timeoutMs: number;
  /** A side is waited for from now on. */
  opens(side: WorldSide): void;
  opened(): void;
}

/** Where nobody asks. */
export const unheardOpening: SideOpening = { timeoutMs: OPEN_TIMEOUT_S * 1000, opens() {}, opened() {} };

export function whyNotOpen(side: WorldSide, timeoutMs: number, awaited: Awaited): string {
  return `the ${side}'s side waited longer than ${timeoutMs / 1000} s (--open-timeout-s) for ${awaited}`;
}

/** What `make` makes: the side's libOS. */
export function open<Made>(opening: SideOpening, side: WorldSide, make: () => Made): Made {
  opening.opens(side);
  const made = make();
  opening.opened();
  return made;
}

type OpenSide = () => Libos;

/** The server's side first. Where one cannot be had, the other one is not left open. */
export function openInOrder(openServer: OpenSide, openClient: OpenSide): Record<WorldSide, Libos> {
  const server = openServer();
  return { server, client: orShutDown(server, openClient) };
}

/** Both at once, where another process opens the server's side already, which `openServer` waits for. */
export function openTogether(openServer: OpenSide, openClient: OpenSide): Record<WorldSide, Libos> {
  let client: Libos;
  try {
    client = openClient();
  } catch (error) {
    try {
      openServer().shutdown();
    } catch {
      // That the server's side cannot be had either is no reason for what came first.
    }
    throw error;
  }
  return { server: orShutDown(client, openServer), client };
}

function orShutDown(other: Libos, openSide: OpenSide): Libos {
  try {
    return openSide();
  } catch (error) {
    other.shutdown();
    throw error;
  }
}

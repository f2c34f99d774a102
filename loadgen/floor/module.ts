/**
 * The floor of a round trip over a backend from outside: two processes of the program that its descriptor names, each
 * polling on its own core, exchange messages as long as the workload's request and its reply.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Backend, type BackendOptions, backendNamed, type FloorExchange } from '../../libos/index.ts';
import { LoadError } from '../errors.ts';
import { outcomeOfCounts } from './counts.ts';
import { type FloorMessages, messageBytes } from './messages.ts';
import type { FloorOutcome } from './outcome.ts';
import { runPair } from './pair.ts';
import { type FloorWindow, windowArguments } from './window.ts';

export interface ModuleFloorOptions extends FloorMessages, FloorWindow {
  backend: Backend;
  backendOptions: BackendOptions;
}

/** Null when `stop` resolved first. Throws FLOOR_FAILED, INVALID_OPTION where the backend has none, LibosError. */
export async function measureModuleFloor(
  options: ModuleFloorOptions,
  stop: Promise<void>,
): Promise<FloorOutcome | null> {
  const { backend, backendOptions, cores, operation } = options;
  const floor = floorOf(backend);
  const program = floor.program();
  const [requestBytes, replyBytes] = messageBytes(options);
  const folder = mkdtempSync(join(tmpdir(), 'bypassbench-floor-'));
  const exchange: FloorExchange = { requestBytes, replyBytes, folder, options: backendOptions };
  try {
    const pair = {
      program,
      env: process.env,
      server: [cores[0], ...floor.server(exchange)],
      client: (said: string) => [cores[1], ...floor.client(exchange, said), ...windowArguments(options)],
    };
    const counts = await runPair(pair, stop);
    return counts === null ? null : outcomeOfCounts(operation, cores, counts);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What its exchange goes over. Throws INVALID_OPTION where the backend has no floor. */
export function floorTarget(backend: Backend): string {
  return floorOf(backend).target;
}

function floorOf(backend: Backend): NonNullable<ReturnType<typeof backendNamed>['floor']> {
  const { floor } = backendNamed(backend);
  if (floor !== undefined) return floor;
  throw new LoadError('INVALID_OPTION', `the descriptor of ${backend} has no floor: leave its floor out`);
}
